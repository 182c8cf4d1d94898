import { checkJsonBounds } from "../../../domain/json-bounds.ts";

/** Of one message of a source. */
export const MAX_MESSAGE_BYTES = 2 * 1024 * 1024;
const BOUNDS = { maxDepth: 64, maxValues: 20_000 };
/** Where the id of a message may be found, from its beginning and its end. */
const EDGE_CHARACTERS = 200;
const ID = /"id"\s*:\s*(\d{1,15}|"[\w.:-]{1,100}")/u;
/** Of JSON-RPC, for errors of implementations. */
const SERVER_ERROR = -32_000;

/** The words for a message that is not read. */
export const TOO_LONG = `The answer is longer than ${MAX_MESSAGE_BYTES / 1024 / 1024} MB, which is not read.`;
const NOT_READ = "The answer is nested too deeply, or has too many values, and is not read.";

/** What is wrong with the structure of a message; null: it may be parsed. */
export function problemIn(text: string): string | null {
  try {
    checkJsonBounds(text, BOUNDS);
    return null;
  } catch {
    return NOT_READ;
  }
}

/** The id of a message that is not parsed, as it stands there; null: it cannot be found. */
export const idIn = (text: string): string | null =>
  ID.exec(text.slice(-EDGE_CHARACTERS))?.[1] ??
  ID.exec(text.slice(0, EDGE_CHARACTERS))?.[1] ??
  null;

/** The message that takes the place of one that is not read. @param id as JSON */
export const refusal = (id: string, words: string): string =>
  `{"jsonrpc":"2.0","id":${id},"error":{"code":${SERVER_ERROR},"message":${JSON.stringify(words)}}}`;
