import { AppError } from "./errors.ts";

/** The maximum length of a message in characters (Unicode code points). */
const MAX_MESSAGE_CHARACTERS = 100_000;

/** A model may write more than a person may send, and clients may send its replies back to us. */
export const MAX_REPLY_CHARACTERS = 1_000_000;

export const MAX_NAME_CHARACTERS = 256;

/**
 * Refuses text that a store cannot return exactly: NUL and lone surrogates.
 * @throws AppError invalid_request, naming the field
 */
export function checkStorable(value: string, field: string): void {
  if (value.includes("\0"))
    throw new AppError("invalid_request", `${field} must not contain the NUL character (U+0000)`, {
      field,
    });
  if (!value.isWellFormed())
    throw new AppError(
      "invalid_request",
      `${field} must be valid Unicode: it contains half of a surrogate pair`,
      { field },
    );
}

/** Every run of white space as one space. */
export const onOneLine = (text: string): string => text.replace(/\s+/gu, " ").trim();

/** The text of a stranger without the characters that control a terminal or the direction of text. */
export const cleaned = (text: string): string =>
  text.replace(/(?![\n\t])\p{Cc}|[\u{202A}-\u{202E}\u{2066}-\u{2069}]/gu, "").toWellFormed();

/**
 * Refuses a message that is empty, blank, too long or not storable.
 * @throws AppError invalid_request, naming the field
 */
export function checkMessageText(
  value: string,
  field: string,
  mostCharacters = MAX_MESSAGE_CHARACTERS,
): void {
  checkStorable(value, field);
  if (!/\S/u.test(value))
    throw new AppError("invalid_request", `${field} must not be empty or blank`, { field });
  checkText(value, field, mostCharacters);
}

/**
 * The same where a message may be empty.
 * @throws AppError invalid_request, naming the field
 */
export function checkText(
  value: string,
  field: string,
  mostCharacters = MAX_MESSAGE_CHARACTERS,
): void {
  checkStorable(value, field);
  if (value.length > mostCharacters && countCharacters(value) > mostCharacters)
    throw new AppError(
      "invalid_request",
      `${field} is too long: at most ${mostCharacters.toLocaleString("en")} characters`,
      { field },
    );
}

/**
 * Refuses an id or a name that is empty, blank, too long or contains control characters.
 * @throws AppError invalid_request, naming the field
 */
export function checkName(value: string, field: string): void {
  checkStorable(value, field);
  if (!/\S/u.test(value))
    throw new AppError("invalid_request", `${field} must not be empty`, { field });
  if (value.length > MAX_NAME_CHARACTERS)
    throw new AppError(
      "invalid_request",
      `${field} is too long: at most ${MAX_NAME_CHARACTERS} characters`,
      { field },
    );
  if (/\p{Cc}/u.test(value))
    throw new AppError("invalid_request", `${field} must not contain control characters`, {
      field,
    });
}

function countCharacters(value: string): number {
  let count = 0;
  for (const _ of value) count++;
  return count;
}
