import { checkStorable } from "../../domain/text.ts";
import { type Fields, outOfBounds, wrongType } from "./fields.ts";

/** What a client attaches to a thing; means nothing to the server. */
export type Metadata = Readonly<Record<string, string>>;

const MAX_PAIRS = 16;
const MAX_KEY_CHARACTERS = 64;
const MAX_VALUE_CHARACTERS = 512;

/** The metadata in that field; undefined where it is absent. @throws OpenAiError, AppError invalid_request */
export function metadataIn(fields: Fields, name = "metadata"): Metadata | undefined {
  const found = fields.json(name);
  if (found === undefined) return undefined;
  const path = fields.at(name);
  const pairs = Object.entries(found);
  if (pairs.length > MAX_PAIRS) throw outOfBounds(path, "object", "above", MAX_PAIRS, pairs.length);
  for (const [key, value] of pairs) {
    const place = `${path}.${key.slice(0, MAX_KEY_CHARACTERS)}`;
    if (key.length > MAX_KEY_CHARACTERS)
      throw outOfBounds(path, "string", "above", MAX_KEY_CHARACTERS, key.length);
    if (typeof value !== "string") throw wrongType(place, "a string", value);
    if (value.length > MAX_VALUE_CHARACTERS)
      throw outOfBounds(place, "string", "above", MAX_VALUE_CHARACTERS, value.length);
    checkStorable(key, path);
    checkStorable(value, place);
  }
  return found as Metadata;
}
