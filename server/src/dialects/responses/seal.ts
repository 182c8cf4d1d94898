// What a client gives back as it got it: thoughts and summaries, in a form that says nothing to whoever does not open it.
import { checkStorable } from "../../domain/text.ts";
import { invalid } from "../openai/fields.ts";

const MARK = "colloquy1.";

/** The text as `encrypted_content`. It keeps no secret: its client was told the text, or may ask for it. */
export const seal = (text: string): string =>
  MARK + Buffer.from(text, "utf8").toString("base64url");

/** @param field where the sealed text stands @throws AppError invalid_request for what this server has not sealed */
export function unseal(sealed: string, field: string): string {
  if (!sealed.startsWith(MARK))
    throw invalid(
      field,
      `${field} was not made by this server, which cannot read it. Leave the item out`,
    );
  const text = Buffer.from(sealed.slice(MARK.length), "base64url").toString("utf8");
  checkStorable(text, field);
  return text;
}
