/** A character of narrow writing counts one, others count as much as a word has. */
const MAX_WIDTH = 16;
const WIDE = 8;
/** Chinese, Japanese, Korean, emoji and what else is at least as wide. */
const FIRST_WIDE_CODE_UNIT = 0x2e80;

/**
 * Where the piece ends that begins at that place of a text: after a word with the blank behind it, or where it is as
 * long as a piece may be. It depends on nothing but the text from there to there, so that a text is cut in the same
 * places whether it comes at once or letter by letter. Null: that is not certain yet.
 */
export function endOfPiece(text: string, from: number): number | null {
  let width = 0;
  let hasWord = false;
  for (let at = from; at < text.length; at++) {
    const codeUnit = text.charCodeAt(at);
    if (!isBlank(codeUnit)) hasWord = true;
    else if (hasWord) return at + 1;
    width += codeUnit >= FIRST_WIDE_CODE_UNIT ? WIDE : 1;
    // The halves of a pair stay together.
    if (width >= MAX_WIDTH && !isFirstHalf(codeUnit)) return at + 1;
  }
  return null;
}

const isBlank = (codeUnit: number): boolean => codeUnit <= 0x20 || codeUnit === 0xa0;
const isFirstHalf = (codeUnit: number): boolean => codeUnit >= 0xd800 && codeUnit < 0xdc00;
