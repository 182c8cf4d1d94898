import { withoutMarkdown } from "../../../domain/markdown-signs.ts";
import { isPrefix, type Word, wordsOf } from "./search-words.ts";

const MATCH_BEGINS = "\u{e000}";
const MATCH_ENDS = "\u{e001}";
const CHARACTERS_BEFORE = 60;
const CHARACTERS = 200;
/** A first match that is longer than that is shown in part. */
const MAX_CHARACTERS = 400;
/** What is looked at between two steps: some tenths of a millisecond. */
const WORDS_A_STEP = 500;

/**
 * The text around the first match, with every match in it marked; the last phrase may end within a
 * word. It yields after every so many words: whoever drives it can do something else meanwhile.
 * @param isOver asked at each step; from then on nothing more is looked for
 */
export function* snippetSteps(
  content: string,
  phrases: readonly string[][],
  isOver: () => boolean = () => false,
): Generator<void, string> {
  const text = content.replace(/[\u{e000}\u{e001}]/gu, "");
  let from = 0;
  let to = Math.min(text.length, CHARACTERS);
  let isFound = false;
  const mayBeBegun = isPrefix(phrases);
  const longest = Math.max(...phrases.map((phrase) => phrase.length));
  const marks: Word[] = [];
  const recent: Word[] = [];
  let count = 0;
  for (const word of wordsOf(text)) {
    if (word.start >= to && isFound) break;
    count++;
    if (count % WORDS_A_STEP === 0) {
      if (isOver()) break;
      yield;
    }
    recent.push(word);
    if (recent.length > longest) recent.shift();
    for (const [place, phrase] of phrases.entries()) {
      const first = endingAtLast(recent, phrase, mayBeBegun && place === phrases.length - 1);
      if (!first) continue;
      marks.push({ ...word, start: first.start });
      if (isFound) continue;
      isFound = true;
      from = startNear(text, first.start - CHARACTERS_BEFORE);
      const wanted = Math.max(from + CHARACTERS, word.end);
      to = Math.min(text.length, wanted, from + MAX_CHARACTERS);
    }
  }
  const shown = marked(text, from, endNear(text, to), marks);
  return `${from > 0 ? "…" : ""}${shown}${to < text.length ? "…" : ""}`;
}

/** The same at once, where nobody waits for the thread. */
export function snippetOf(
  content: string,
  phrases: readonly string[][],
  isOver?: () => boolean,
): string {
  const steps = snippetSteps(content, phrases, isOver);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The first word of the phrase, if the words so far end with it. */
function endingAtLast(
  words: readonly Word[],
  phrase: readonly string[],
  mayBeBegun: boolean,
): Word | undefined {
  const start = words.length - phrase.length;
  const isMatch = phrase.every((part, place) => {
    const word = words[start + place]?.folded;
    const isLast = place === phrase.length - 1;
    return mayBeBegun && isLast ? word?.startsWith(part) : word === part;
  });
  return isMatch ? words[start] : undefined;
}

function marked(text: string, from: number, to: number, marks: readonly Word[]): string {
  let written = "";
  let at = from;
  for (const { start, end } of marks.toSorted((one, other) => one.start - other.start)) {
    if (start < at || start >= to) continue;
    const last = Math.min(end, to);
    written += `${text.slice(at, start)}${MATCH_BEGINS}${text.slice(start, last)}${MATCH_ENDS}`;
    at = last;
  }
  const piece = written + text.slice(at, to);
  return withoutMarkdown(piece).replace(/\s+/gu, " ").trim();
}

/** After a space, where there is one, and never within a character. */
function startNear(text: string, wanted: number): number {
  if (wanted <= 0) return 0;
  const space = text.slice(wanted, wanted + CHARACTERS_BEFORE / 2).search(/\s/u);
  if (space >= 0) return wanted + space + 1;
  return isInsideCharacter(text, wanted) ? wanted + 1 : wanted;
}

const endNear = (text: string, wanted: number): number =>
  isInsideCharacter(text, wanted) ? wanted - 1 : wanted;

const isInsideCharacter = (text: string, place: number): boolean =>
  /[\udc00-\udfff]/.test(text.charAt(place));
