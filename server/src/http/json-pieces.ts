import { isUtf8 } from "node:buffer";
import { AppError } from "../domain/errors.ts";
import { type JsonBounds, tooDeep, tooManyValues } from "../domain/json-bounds.ts";
import { nextTurn } from "../domain/turns-of-the-loop.ts";

/** The number of bytes that are parsed without a pause. */
const MAX_PIECE_BYTES = 128 * 1024;
/** A longer text, such as a picture in base64, is parsed by itself, in pieces. */
const LONG_TEXT_BYTES = 1024 * 1024;

const QUOTE = 34;
const COMMA = 44;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const COLON = 58;
const LETTER_U = 117;
/** Tab, line feed, carriage return, space. */
const BLANKS: ReadonlySet<number> = new Set([9, 10, 13, 32]);

/** A list or an object whose end is not parsed yet. */
type Open = {
  readonly isList: boolean;
  readonly start: number;
  /** The place where the unparsed bytes begin: after the comma of the last group that was parsed. */
  groupStart: number;
  /** The place where the current element begins. */
  elementStart: number;
  /** The part that is parsed so far; null: none. */
  value: unknown[] | Record<string, unknown> | null;
  /** The value of the current element, if it was parsed before its end was seen. */
  child: { readonly start: number; readonly end: number; readonly value: unknown } | null;
};

const notJson = () => new AppError("invalid_request", "The body is not valid JSON");

/** Checks that the bytes are UTF-8, piece by piece. @throws AppError invalid_request */
export async function checkUtf8InPieces(bytes: Buffer): Promise<void> {
  for (let from = 0; from < bytes.length; ) {
    let to = Math.min(from + 16 * MAX_PIECE_BYTES, bytes.length);
    // A piece must not end within a character, whose later bytes all begin with the bits 10.
    for (let back = 0; back < 3 && ((bytes[to] ?? 0) & 0xc0) === 0x80; back++) to--;
    if (!isUtf8(bytes.subarray(from, to)))
      throw new AppError("invalid_request", "The body is not valid UTF-8");
    from = to;
    await nextTurn();
  }
}

/**
 * Parses JSON as `parse` would, by groups of elements, with a pause after each group, so that other
 * requests do not wait for the whole body. A body beyond the
 * bounds is refused as soon as that is seen. @param bytes valid UTF-8
 * @throws AppError invalid_request, and what `parse` throws
 */
export async function parseInPieces(
  bytes: Buffer,
  parse: (text: string) => unknown,
  bounds: JsonBounds,
): Promise<unknown> {
  const textOf = (from: number, to: number) => bytes.toString("utf8", from, to);
  const isBlank = (from: number, to: number) => {
    for (let index = from; index < to; index++) if (!BLANKS.has(bytes[index] ?? 0)) return false;
    return true;
  };

  /** Takes whole elements, with the commas between them. */
  const addGroup = (open: Open, from: number, to: number): void => {
    if (open.isList) {
      const elements = parse(`[${textOf(from, to)}]`) as unknown[];
      if (elements.length === 0) throw notJson();
      open.value ??= [];
      for (const element of elements) (open.value as unknown[]).push(element);
    } else {
      const fields = parse(`{${textOf(from, to)}}`) as Record<string, unknown>;
      if (Object.keys(fields).length === 0) throw notJson();
      open.value = Object.assign(open.value ?? {}, fields);
    }
  };
  /** Takes the element that was parsed already, and the elements before it. */
  const addChild = (open: Open, child: NonNullable<Open["child"]>, to: number): void => {
    if (open.groupStart < open.elementStart) addGroup(open, open.groupStart, open.elementStart - 1);
    if (!isBlank(child.end, to)) throw notJson();
    if (open.isList) {
      if (!isBlank(open.elementStart, child.start)) throw notJson();
      open.value ??= [];
      (open.value as unknown[]).push(child.value);
      return;
    }
    const name = textOf(open.elementStart, child.start);
    const inner = child.value as object;
    // The parser refuses an object by its key and its content; these stand for both.
    const hint = Object.hasOwn(inner, "prototype") ? '{"prototype":null}' : "null";
    const [key] = Object.keys(parse(`{${name}${hint}}`) as object);
    if (key === undefined) throw notJson();
    open.value = Object.assign(open.value ?? {}, { [key]: child.value });
  };
  /** The list or object, which ends at `end`. */
  const close = (open: Open, end: number): unknown => {
    if (open.child) addChild(open, open.child, end);
    else if (open.value || !isBlank(open.groupStart, end)) addGroup(open, open.groupStart, end);
    return open.value ?? (open.isList ? [] : {});
  };
  const begin = (start: number, isList: boolean): Open => ({
    isList,
    start,
    groupStart: start + 1,
    elementStart: start + 1,
    value: null,
    child: null,
  });

  // The whole as the one element of a list; a byte order mark before it is no part of it.
  const hasMark = bytes.length >= 3 && bytes.readUIntBE(0, 3) === 0xefbbbf;
  const first = hasMark ? 3 : 0;
  const root = begin(first - 1, true);
  const opened: Open[] = [root];
  let values = 1;
  let lastPause = first;
  for (let index = first; index < bytes.length; index++) {
    const byte = bytes[index];
    const open = opened.at(-1) as Open;
    let isParsed = false;
    if (byte === COMMA || byte === COLON || byte === OPEN_LIST || byte === OPEN_OBJECT) values++;
    if (values > bounds.maxValues) throw tooManyValues(bounds);
    if (byte === QUOTE) {
      let end = endOfText(bytes, index + 1);
      for (; end < 0; end = endOfText(bytes, -end)) await nextTurn();
      if (end - index > LONG_TEXT_BYTES) {
        if (open.child) throw notJson();
        const value = await longText(bytes, index + 1, end, parse);
        open.child = { start: index, end: end + 1, value };
        isParsed = true;
      }
      index = end;
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      opened.push(begin(index, byte === OPEN_LIST));
      if (opened.length - 1 > bounds.maxDepth) throw tooDeep(bounds);
    } else if (byte === COMMA) {
      if (open.child) {
        addChild(open, open.child, index);
        open.child = null;
        open.groupStart = index + 1;
        isParsed = true;
      } else if (index - open.groupStart >= MAX_PIECE_BYTES) {
        addGroup(open, open.groupStart, index);
        open.groupStart = index + 1;
        isParsed = true;
      }
      open.elementStart = index + 1;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      const around = opened.at(-2);
      if (!around) throw notJson();
      opened.pop();
      if (!open.value && !open.child && index - open.start < MAX_PIECE_BYTES) continue;
      if (open.isList !== (byte === CLOSE_LIST) || around.child) throw notJson();
      around.child = { start: open.start, end: index + 1, value: close(open, index) };
      isParsed = true;
    }
    if (isParsed || index - lastPause > MAX_PIECE_BYTES) {
      lastPause = index;
      await nextTurn();
    }
  }
  if (opened.length > 1) throw notJson();
  const found = close(root, bytes.length) as unknown[];
  if (found.length !== 1) throw notJson();
  return found[0];
}

/**
 * The place of the quote that ends the text which goes on at `start`; the end of all where none does. Below 0: not in the
 * next piece, and it is to be looked for from that place on.
 */
function endOfText(bytes: Buffer, start: number): number {
  let index = start;
  const stop = Math.min(start + MAX_PIECE_BYTES, bytes.length);
  while (index < stop && bytes[index] !== QUOTE) index += bytes[index] === BACKSLASH ? 2 : 1;
  if (index >= bytes.length) return bytes.length;
  return index < stop ? index : -index;
}

/** The text between those places, parsed in pieces that end neither within a character nor within an escape. */
async function longText(
  bytes: Buffer,
  start: number,
  end: number,
  parse: (text: string) => unknown,
): Promise<string> {
  let text = "";
  for (let from = start; from < end; ) {
    const piece = bytes.subarray(from, Math.min(from + MAX_PIECE_BYTES, end));
    let length = 0;
    while (length < piece.length) {
      const backslash = piece.indexOf(BACKSLASH, length);
      if (backslash < 0) length = piece.length;
      else length = backslash + (bytes[from + backslash + 1] === LETTER_U ? 6 : 2);
    }
    let to = Math.min(from + length, end);
    while (to < end && ((bytes[to] ?? 0) & 0xc0) === 0x80) to++;
    text += parse(`"${bytes.toString("utf8", from, to)}"`) as string;
    from = to;
    await nextTurn();
  }
  return text;
}
