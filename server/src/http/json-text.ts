import { AppError } from "../domain/errors.ts";
import { checkJsonBounds, type JsonBounds } from "../domain/json-bounds.ts";
import { parseInPieces } from "./json-pieces.ts";

/** A longer text is parsed in pieces, and others are served between them. */
const LARGE_CHARACTERS = 256 * 1024;

/**
 * The value of a message that came as text. A text beyond the bounds is refused before anything is made of it.
 * @throws AppError invalid_request
 */
export async function parseJsonText(text: string, bounds: JsonBounds): Promise<unknown> {
  if (text.length > LARGE_CHARACTERS)
    return parseInPieces(Buffer.from(text, "utf8"), parse, bounds);
  checkJsonBounds(text, bounds);
  return parse(text);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new AppError("invalid_request", "The message is not valid JSON");
  }
}
