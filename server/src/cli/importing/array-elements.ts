import { counted } from "../wording.ts";
import { type Piece, pieceCollector } from "./pieces.ts";
import { ImportProblem } from "./problem.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const HIGHEST_BLANK = 0x20;

/**
 * The elements of a JSON array that fills a whole file, as unparsed text. At most one element is in memory besides the
 * chunk. In UTF-8 no byte of a multi-byte character looks like punctuation.
 * @throws ImportProblem when the array does not end, or something follows it
 */
export async function* elementsOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Piece> {
  const element = pieceCollector();
  let depth = 0;
  let isInString = false;
  let isEscaped = false;
  let isBegun = false;
  let count = 0;

  for await (const chunk of chunks) {
    let start = 0;
    for (let place = 0; place < chunk.length; place++) {
      const byte = chunk[place] ?? 0;
      if (isInString) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) isInString = false;
        continue;
      }
      if (depth === 0) {
        if (byte <= HIGHEST_BLANK) continue;
        if (isBegun || byte !== OPENING_BRACKET)
          throw new ImportProblem(
            `It is not one JSON array: something else follows after ${counted(count, "element")}.`,
          );
        isBegun = true;
        depth = 1;
        start = place + 1;
      } else if (byte === QUOTE) isInString = true;
      else if (byte === OPENING_BRACKET || byte === OPENING_BRACE) depth++;
      else if (byte === CLOSING_BRACKET || byte === CLOSING_BRACE) {
        depth--;
        if (depth > 0) continue;
        if (byte === CLOSING_BRACE)
          throw new ImportProblem(
            `It is not JSON: a '}' stands where nothing is open, after ${counted(count, "element")}.`,
          );
        element.add(chunk.subarray(start, place));
        const last = element.finish();
        if (count > 0 || last.text === null || /\S/.test(last.text)) yield last;
      } else if (byte === COMMA && depth === 1) {
        element.add(chunk.subarray(start, place));
        yield element.finish();
        count++;
        start = place + 1;
      }
    }
    if (depth > 0) element.add(chunk.subarray(start));
  }
  if (depth > 0)
    throw new ImportProblem(
      `It ends in the middle, after ${counted(count, "whole element")}: the file was cut off.`,
    );
}
