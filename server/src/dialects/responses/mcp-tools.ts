// Tools of the server's sources, as a request of the Responses API asks for them: {type: "mcp", server_label, …}.
import type { ChosenTools, Tools } from "../../core/tools/tools.ts";
import type { JsonObject } from "../../domain/json.ts";
import { notHere } from "../openai/errors.ts";
import { type Fields, fieldsOf, invalid, wrongType } from "../openai/fields.ts";
import { requiredText } from "./texts.ts";

type ServerTool = NonNullable<ReturnType<Tools["find"]>>;

/** Some tools of a source; null: whatever they are called, and whether they read or not. */
type ToolFilter = { readonly names: readonly string[] | null; readonly reads: boolean | null };

/** One source that a request asks for. */
export type AskedSource = {
  readonly path: string;
  readonly label: string;
  readonly allowed: ToolFilter;
  /** Whether a tool is used only after the request's client was asked, each time; otherwise the server's own rules count. */
  needsApproval(tool: ServerTool): boolean;
};

/** What a response lists of a source. */
export type ListedSource = { readonly label: string; readonly tools: readonly JsonObject[] };

/** The tools of sources that a response may use. */
export type SourceTools = {
  readonly chosen: ChosenTools;
  readonly listed: readonly ListedSource[];
};

const MAX_LABEL_CHARACTERS = 64;
const MAX_NAMES = 128;
const MAX_NAME_CHARACTERS = 256;
/** Of what is listed, which is kept with the response. */
const MAX_LISTED_BYTES = 20 * 1024;
const EVERYTHING: ToolFilter = { names: null, reads: null };
/** What names or opens another server, which only the operator may. */
const OF_OTHER_SERVERS = ["server_url", "connector_id", "authorization", "headers"] as const;

/** @throws AppError invalid_request */
export function readSource(tool: Fields): { readonly asked: AskedSource; echoed: JsonObject } {
  for (const name of OF_OTHER_SERVERS)
    if (tool.has(name))
      throw notHere(
        tool.at(name),
        `${tool.at(name)} is for a server of your own, and this server connects to those of its operator alone. Leave it out, and name one of the operator's sources in server_label`,
      );
  const label = requiredText(tool, "server_label", MAX_LABEL_CHARACTERS);
  const allowed = filterIn(tool, "allowed_tools") ?? EVERYTHING;
  const given = tool.any("require_approval");
  const mode = typeof given === "string" ? tool.oneOf("require_approval", MODES) : undefined;
  const rules = given === undefined || mode ? undefined : tool.object("require_approval");
  const always = rules && filterIn(rules, "always");
  const never = rules && filterIn(rules, "never");
  return {
    asked: {
      path: tool.at("server_label"),
      label,
      allowed,
      needsApproval(one) {
        if (!always && !never) return mode !== "never";
        return (
          (always !== undefined && isIn(always, one)) || (never !== undefined && !isIn(never, one))
        );
      },
    },
    echoed: {
      type: "mcp",
      server_label: label,
      allowed_tools: (tool.any("allowed_tools") ?? null) as JsonObject | null,
      require_approval: (given ?? "always") as JsonObject | string,
    },
  };
}

const MODES = ["always", "never"] as const;

function filterIn(fields: Fields, name: string): ToolFilter | undefined {
  const given = fields.any(name);
  if (given === undefined) return undefined;
  const from = Array.isArray(given) ? fields : fieldsOf(given, fields.at(name));
  const names = from.list(Array.isArray(given) ? name : "tool_names", { max: MAX_NAMES });
  return {
    names: names ? names.map(({ value, path }) => nameIn(value, path)) : null,
    reads: Array.isArray(given) ? null : (from.boolean("read_only") ?? null),
  };
}

function nameIn(value: unknown, path: string): string {
  if (typeof value === "string" && value.length <= MAX_NAME_CHARACTERS) return value;
  throw wrongType(path, "the name of a tool", value);
}

/** The tools that the sources have now. @throws AppError invalid_request */
export function toolsOfSources(
  tools: Tools | null,
  sources: readonly AskedSource[],
): SourceTools | null {
  if (sources.length === 0) return null;
  const all = (tools?.offers(true) ?? [])
    .flatMap(({ name }) => tools?.find(name) ?? [])
    // Models are told nothing of a person's memory where the request says what they are told.
    .filter(({ needs }) => needs !== "memory");
  const names: string[] = [];
  const asking: string[] = [];
  const listed = sources.map(({ label, path, allowed, needsApproval }) => {
    const own = all.filter(({ source }) => source === label);
    if (own.length === 0)
      throw invalid(
        path,
        `${path} names no source of tools of this server. Ask its operator which there are`,
      );
    const used = own.filter((tool) => isIn(allowed, tool));
    for (const tool of used) {
      names.push(tool.name);
      if (needsApproval(tool)) asking.push(tool.name);
    }
    return { label, tools: used.map((tool) => listedTool(tool)) };
  });
  return { chosen: { names, asking }, listed: shortened(listed) };
}

const isIn = ({ names, reads }: ToolFilter, tool: ServerTool): boolean =>
  (names === null || names.includes(tool.name) || names.includes(shortName(tool))) &&
  (reads === null || reads === (tool.effect === "reads"));

/** The name without the label that it begins with where models are offered it. */
export const shortName = ({ source, name }: { readonly source: string; readonly name: string }) =>
  name.startsWith(`${source}__`) ? name.slice(source.length + 2) : name;

const listedTool = (tool: ServerTool): JsonObject => ({
  name: shortName(tool),
  description: tool.description,
  input_schema: tool.parameters,
  annotations: { read_only: tool.effect === "reads" },
});

/** Without descriptions and schemas where these are too long to be kept. */
function shortened(listed: readonly ListedSource[]): readonly ListedSource[] {
  if (Buffer.byteLength(JSON.stringify(listed)) <= MAX_LISTED_BYTES) return listed;
  return listed.map(({ label, tools }) => ({
    label,
    tools: tools.map((tool) => ({ ...tool, description: null, input_schema: { type: "object" } })),
  }));
}
