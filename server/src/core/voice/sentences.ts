/** A piece of a reply to be spoken at once, and where it stands in the reply (UTF-16 code units). */
export type Sentence = {
  readonly text: string;
  readonly from: number;
  readonly to: number;
  /** It is no part of the reply, but says that the reply waits for a decision. */
  readonly isNotice?: true;
};

/** Cuts a reply that comes piece by piece into sentences, which together are the whole reply. */
export type SentenceSplitter = {
  /** The sentences that are complete now. */
  push(text: string): Sentence[];
  /** The rest, once nothing more comes. */
  flush(): Sentence[];
};

/** Longer ones are cut at the last good place, so that one sentence cannot hold up all speech. */
const MAX_CHARACTERS = 300;
/** A shorter one is spoken together with the next. */
const MIN_CHARACTERS = 12;

/** The end of a sentence: marks, closing quotes, then a blank; or a line's end; or a mark that needs no blank. */
const END = /[.!?…]+["'”’)\]]*\s+|\n+\s*|[。！？]+["”’）」]*\s*/gu;
const ABBREVIATION =
  /(?:^|[\s(])(?:mr|mrs|ms|dr|prof|st|mt|sr|jr|vs|etc|e\.g|i\.e|no|fig|approx|dept|est|inc|ltd|co|corp|a\.m|p\.m|u\.s|\p{Lu})\.\s+$/iu;
const LIST_NUMBER = /(?:^|\n)\s*\d{1,3}\.\s+$/u;

export function createSentenceSplitter(): SentenceSplitter {
  let rest = "";
  let from = 0;

  const take = (length: number): Sentence => {
    const sentence = { text: rest.slice(0, length), from, to: from + length };
    rest = rest.slice(length);
    from += length;
    return sentence;
  };
  const whole = (): Sentence[] => {
    const sentences: Sentence[] = [];
    for (;;) {
      const length = sentenceLength(rest);
      if (length === null) return sentences;
      sentences.push(take(length));
    }
  };
  return {
    push(text) {
      rest += text;
      return whole();
    },
    flush() {
      const sentences = whole();
      return rest === "" ? sentences : [...sentences, take(rest.length)];
    },
  };
}

/** How much of the text is one sentence; null if none is whole yet. */
function sentenceLength(text: string): number | null {
  for (const { index, 0: mark } of text.matchAll(END)) {
    const end = index + mark.length;
    const before = text.slice(0, end);
    if (end > MAX_CHARACTERS) break;
    // At the very end more white space, or another mark, may follow.
    if (before.trim().length < MIN_CHARACTERS) continue;
    if (mark.startsWith(".") && (ABBREVIATION.test(before) || LIST_NUMBER.test(before))) continue;
    return end;
  }
  if (text.length <= MAX_CHARACTERS) return null;
  const start = text.slice(0, MAX_CHARACTERS);
  const places = [/[,;:–—]\s(?=[^,;:–—]*$)/u, /\s(?=\S*$)/u];
  for (const place of places) {
    const found = place.exec(start);
    if (found && found.index >= MIN_CHARACTERS) return found.index + found[0].length;
  }
  // A long text without a blank: not through a surrogate pair.
  return /[\uD800-\uDBFF]$/.test(start) ? MAX_CHARACTERS - 1 : MAX_CHARACTERS;
}
