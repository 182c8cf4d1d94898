/** Where words of these scripts meet, there is no space. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

const isApart = (before: string, after: string): boolean =>
  before === "" ||
  after === "" ||
  /[\s([{"“„«¿¡]$/u.test(before) ||
  /^[\s.,;:!?)\]}"”»、。，؟،؛]/u.test(after) ||
  UNSPACED.test(before) ||
  UNSPACED.test(after);

/**
 * Puts words into a text, apart from what stands around them, of which nothing is replaced.
 * @param at the place in the text, in UTF-16 code units
 * @returns the text, and the place behind the words
 */
export function wordsInto(text: string, words: string, at: number): { text: string; end: number } {
  const before = text.slice(0, at);
  const after = text.slice(at);
  const gapBefore = isApart(before.slice(-1), words.slice(0, 1)) ? "" : " ";
  const gapAfter = isApart(words.slice(-1), after.slice(0, 1)) ? "" : " ";
  const head = before + gapBefore + words;
  return { text: head + gapAfter + after, end: head.length };
}
