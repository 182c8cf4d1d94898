import type { ToolDefinition } from "../../ports/tool-sources.ts";
import { sha256Of } from "./sha256.ts";

/** A list of definitions stays the same until it changes, so that no tool is hashed at every look. */
const known = new WeakMap<ToolDefinition, Promise<string>>();

/** The SHA-256 of all that the source says of its tool: it differs as soon as any of that does. */
export function fingerprintOf(definition: ToolDefinition): Promise<string> {
  const found = known.get(definition);
  if (found) return found;
  const { name, description, parameters, isSaidToRead } = definition;
  const made = sha256Of(JSON.stringify([name, description, parameters, isSaidToRead]));
  known.set(definition, made);
  return made;
}
