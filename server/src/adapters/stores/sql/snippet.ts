import { isPrefix, type Word, wordsOf } from "./search-words.ts";

const MATCH_BEGINS = "\u{e000}";
const MATCH_ENDS = "\u{e001}";
const CHARACTERS_BEFORE = 60;
const CHARACTERS = 200;

/** The text around the first match, with every match in it marked; the last phrase may end within a word. */
export function snippetOf(content: string, phrases: readonly string[][]): string {
  const text = content.replace(/[\u{e000}\u{e001}]/gu, "");
  let from = 0;
  let to = Math.min(text.length, CHARACTERS);
  let isFound = false;
  const mayBeBegun = isPrefix(phrases);
  const marks: Word[] = [];
  const words: Word[] = [];
  for (const word of wordsOf(text)) {
    if (word.start >= to && isFound) break;
    words.push(word);
    for (const [place, phrase] of phrases.entries()) {
      const first = endingAtLast(words, phrase, mayBeBegun && place === phrases.length - 1);
      if (!first) continue;
      marks.push({ ...word, start: first.start });
      if (isFound) continue;
      isFound = true;
      from = startNear(text, first.start - CHARACTERS_BEFORE);
      to = Math.min(text.length, Math.max(from + CHARACTERS, word.end));
    }
  }
  return `${from > 0 ? "…" : ""}${marked(text, from, endNear(text, to), marks)}${to < text.length ? "…" : ""}`;
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
    if (start < at || end > to) continue;
    written += `${text.slice(at, start)}${MATCH_BEGINS}${text.slice(start, end)}${MATCH_ENDS}`;
    at = end;
  }
  return (written + text.slice(at, to)).replace(/\s+/gu, " ").trim();
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
