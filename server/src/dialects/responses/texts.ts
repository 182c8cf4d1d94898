import { checkStorable } from "../../domain/text.ts";
import { type Fields, required } from "../openai/fields.ts";

/** A text that can be stored; undefined where it is absent. @throws AppError invalid_request */
export function text(fields: Fields, name: string, max?: number): string | undefined {
  const found = fields.string(name, max === undefined ? {} : { max });
  if (found !== undefined) checkStorable(found, fields.at(name));
  return found;
}

/** @throws AppError invalid_request */
export const requiredText = (fields: Fields, name: string, max?: number): string =>
  required(text(fields, name, max), fields.at(name));
