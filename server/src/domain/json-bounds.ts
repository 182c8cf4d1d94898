import { AppError } from "./errors.ts";

/** The limits of a JSON text. */
export type JsonBounds = {
  /** The maximum depth of nested lists and objects. */
  readonly maxDepth: number;
  /** The approximate maximum number of values and field names, counted by brackets, commas and colons. */
  readonly maxValues: number;
};

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/**
 * Checks the size of the structure that parsing the text would create, in one pass that creates nothing. Whether the
 * text is valid JSON is left to the parser. @throws AppError invalid_request
 */
export function checkJsonBounds(text: string, bounds: JsonBounds): void {
  const { maxDepth, maxValues } = bounds;
  let depth = 0;
  let values = 1;
  for (let index = 0; index < text.length; index++) {
    const character = text.charCodeAt(index);
    if (character === QUOTE) {
      index = endOfText(text, index);
    } else if (character === COMMA || character === COLON) {
      values++;
    } else if (character === OPEN_LIST || character === OPEN_OBJECT) {
      values++;
      if (++depth > maxDepth) throw tooDeep(bounds);
    } else if (character === CLOSE_LIST || character === CLOSE_OBJECT) {
      depth--;
    }
    if (values > maxValues) throw tooManyValues(bounds);
  }
}

export const tooDeep = ({ maxDepth }: JsonBounds) =>
  new AppError(
    "invalid_request",
    `The JSON is nested too deeply: at most ${maxDepth} lists and objects may be within each other`,
  );

export const tooManyValues = ({ maxValues }: JsonBounds) =>
  new AppError(
    "invalid_request",
    `The JSON has too many values: at most ${maxValues.toLocaleString("en")} are taken`,
  );

/** The index of the quote that closes the string at `start`; the end of the text if there is none. */
function endOfText(text: string, start: number): number {
  let end = start;
  for (;;) {
    end = text.indexOf('"', end + 1);
    if (end < 0) return text.length;
    let first = end;
    while (first > start + 1 && text.charCodeAt(first - 1) === BACKSLASH) first--;
    if ((end - first) % 2 === 0) return end;
  }
}
