import type { Tool } from "@modelcontextprotocol/client";
import type { JsonObject } from "../../../domain/json.ts";
import { cleaned } from "../../../domain/text.ts";
import type { ToolDefinition } from "../../../ports/tool-sources.ts";

/** Of one source. */
const MAX_TOOLS = 128;
const MAX_NAME_CHARACTERS = 256;
const MAX_DESCRIPTION_CHARACTERS = 4_000;
const MAX_SCHEMA_CHARACTERS = 32_768;

/**
 * The tools of a listing, within the bounds and of different names.
 * @returns what is left out, in words; null: nothing is
 */
export function definitionsIn(tools: readonly Tool[]): {
  readonly definitions: readonly ToolDefinition[];
  readonly problem: string | null;
} {
  const definitions = new Map<string, ToolDefinition>();
  const problems: string[] = [];
  for (const tool of tools) {
    const problem = problemOf(tool, definitions);
    if (problem === null) definitions.set(tool.name, definitionOf(tool));
    else problems.push(problem);
  }
  const [first] = problems;
  const others = problems.length - 1;
  return {
    definitions: [...definitions.values()],
    problem: first ? `${first}${others > 0 ? `, and ${others} more are left out` : ""}` : null,
  };
}

function problemOf({ name, inputSchema }: Tool, known: ReadonlyMap<string, unknown>) {
  const shown = JSON.stringify(cleaned(name).slice(0, 64));
  if (known.size >= MAX_TOOLS) return `it has more than ${MAX_TOOLS} tools: ${shown} is left out`;
  if (name.trim() === "" || name.length > MAX_NAME_CHARACTERS)
    return `a tool is left out, because its name is empty or too long: ${shown}`;
  if (known.has(name)) return `it lists the tool ${shown} twice, the second is left out`;
  if (JSON.stringify(inputSchema).length > MAX_SCHEMA_CHARACTERS)
    return `the tool ${shown} is left out, because the schema of its arguments is too long`;
  return null;
}

const definitionOf = ({ name, description = "", inputSchema, annotations }: Tool) => ({
  name,
  description: cleaned(description).slice(0, MAX_DESCRIPTION_CHARACTERS).toWellFormed(),
  parameters: JSON.parse(JSON.stringify(inputSchema)) as JsonObject,
  isSaidToRead: annotations?.readOnlyHint === true,
});
