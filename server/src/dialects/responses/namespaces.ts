// Tools in a namespace, which models know by one name of both.
import { type Fields, invalid } from "../openai/fields.ts";
import { text } from "./texts.ts";

/** Providers take letters, digits, dashes and underscores in the name of a tool. */
const SEPARATOR = "-__-";
const MAX_NAMESPACE_CHARACTERS = 128;

/** What an item or an event says of the tool of that name. */
export type ToolName = { readonly name: string; readonly namespace?: string };

export function toolNameOf(whole: string): ToolName {
  const at = whole.indexOf(SEPARATOR);
  return at <= 0
    ? { name: whole }
    : { name: whole.slice(at + SEPARATOR.length), namespace: whole.slice(0, at) };
}

/** @param field where the name stands @throws AppError invalid_request where the two could not be told apart again */
export function nameInNamespace(namespace: string, name: string, field: string): string {
  const whole = `${namespace}${SEPARATOR}${name}`;
  if (toolNameOf(whole).namespace !== namespace)
    throw invalid(
      field,
      `${field} and its namespace may not have '${SEPARATOR}' between them or in them`,
    );
  return whole;
}

/** The name in `name`, within the namespace that stands beside it, if one does. */
export function namedIn(fields: Fields, name: string): string {
  const namespace = text(fields, "namespace", MAX_NAMESPACE_CHARACTERS) ?? "";
  return namespace === "" ? name : nameInNamespace(namespace, name, fields.at("name"));
}
