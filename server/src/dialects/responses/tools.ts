// Tools as the Responses API writes them, in a request and in the response that says them again.
import type { ModelSettings, ToolOffer } from "../../core/turns/turn.ts";
import type { JsonObject } from "../../domain/json.ts";
import { notHere } from "../openai/errors.ts";
import { type Fields, fieldsOf, invalid, outOfBounds, required } from "../openai/fields.ts";
import { type AskedSource, readSource } from "./mcp-tools.ts";
import { namedIn, nameInNamespace, toolNameOf } from "./namespaces.ts";
import { requiredText, text } from "./texts.ts";

type ToolChoice = NonNullable<ModelSettings["toolChoice"]>;
type NamedTool = { readonly name: string; readonly isCustom?: boolean };

/** Of one request. */
const MAX_TOOLS = 512;
/** What to set in clients that offer such a tool unasked. */
const HOSTED_ADVICE: Readonly<Record<string, string>> = {
  web_search: 'In Codex, set web_search = "disabled". ',
};
const NAME = /^[a-zA-Z0-9_.:-]{1,128}$/;

export type AskedTools = {
  readonly offers: readonly ToolOffer[];
  readonly choice: ToolChoice | null;
  /** Of the server's own tools. */
  readonly sources: readonly AskedSource[];
  /** As the response says them again. */
  readonly echoed: {
    readonly tools: readonly JsonObject[];
    readonly tool_choice: JsonObject | string;
  };
};

/** @throws AppError invalid_request */
export function readTools(body: Fields): AskedTools {
  const tools = body.list("tools", { max: MAX_TOOLS }) ?? [];
  const read = tools.map(({ value, path }) => readEntry(fieldsOf(value, path)));
  const names = new Set<string>();
  for (const { offer, path } of read.flatMap(({ placed }) => placed)) {
    if (names.has(offer.name)) throw invalid(`${path}.name`, "No two tools may have the same name");
    names.add(offer.name);
  }
  const offers = read.flatMap(({ placed }) => placed.map(({ offer }) => offer));
  if (offers.length > MAX_TOOLS)
    throw outOfBounds(body.at("tools"), "array", "above", MAX_TOOLS, offers.length);
  const sources = read.flatMap(({ source }) => source ?? []);
  const labels = new Set<string>();
  for (const { label, path } of sources) {
    if (labels.has(label)) throw invalid(path, "No two tools may have the same server_label");
    labels.add(label);
  }
  if (sources.length > 0 && offers.length > 0)
    throw notHere(
      body.at("tools"),
      "Tools of type mcp cannot be offered together with tools that you run yourself: send either",
    );
  const { choice, echoed } = readChoice(body, offers, sources.length > 0);
  return {
    offers,
    choice,
    sources,
    echoed: { tools: read.map((one) => one.echoed), tool_choice: echoed },
  };
}

/** What one entry of `tools` offers, each with its place, and how the response says it again. */
type ReadTools = {
  readonly placed: readonly { readonly offer: ToolOffer; readonly path: string }[];
  readonly echoed: JsonObject;
  /** Where the entry asks for tools of the server's; null: it does not. */
  readonly source: AskedSource | null;
};

/** A tool, a source of tools, or a namespace of tools. */
function readEntry(entry: Fields): ReadTools {
  const type = entry.string("type");
  if (type === "mcp") {
    const { asked, echoed } = readSource(entry);
    return { placed: [], echoed, source: asked };
  }
  if (type !== "namespace") {
    const offer = readTool(entry);
    return { placed: [{ offer, path: entry.path }], echoed: echoedTool(offer), source: null };
  }
  const namespace = nameOf(entry);
  const read = (entry.list("tools", { max: MAX_TOOLS }) ?? []).map(({ value, path }) => {
    const tool = fieldsOf(value, path);
    const offer = readTool(tool);
    return { path, offer, name: nameInNamespace(namespace, offer.name, tool.at("name")) };
  });
  return {
    placed: read.map(({ path, offer, name }) => ({ path, offer: { ...offer, name } })),
    echoed: {
      type: "namespace",
      name: namespace,
      description: text(entry, "description") ?? null,
      tools: read.map(({ offer }) => echoedTool(offer)),
    },
    source: null,
  };
}

function readTool(tool: Fields): ToolOffer {
  const type = required(tool.string("type"), tool.at("type"));
  if (type !== "function" && type !== "custom")
    throw notHere(
      tool.at("type"),
      `Tools of type '${type.slice(0, 64).toWellFormed()}' are not offered here. ${HOSTED_ADVICE[type] ?? ""}Offer tools of type function or custom, also in a namespace, and run them yourself, or tools of type mcp of a source of this server`,
    );
  const name = nameOf(tool);
  const description = text(tool, "description") ?? null;
  if (type === "custom") {
    const format = jsonOf(tool.json("format") ?? null);
    return { name, description, parameters: null, strict: null, custom: { format } };
  }
  const parameters = jsonOf(tool.json("parameters") ?? null);
  return { name, description, parameters, strict: tool.boolean("strict") ?? null };
}

function nameOf(tool: Fields): string {
  const name = requiredText(tool, "name");
  if (NAME.test(name)) return name;
  throw invalid(
    tool.at("name"),
    `${tool.at("name")} must be 1 to 128 letters, digits, dashes or underscores`,
  );
}

/** With every field that there is, null where nothing was said. */
const echoedTool = ({ name, description, parameters, strict, custom }: ToolOffer): JsonObject =>
  custom
    ? { type: "custom", name, description, format: jsonOf(custom.format) ?? { type: "text" } }
    : { type: "function", name, description, parameters: jsonOf(parameters), strict };

/** What came as JSON, and is still that. */
const jsonOf = (given: Readonly<Record<string, unknown>> | null): JsonObject | null =>
  given as JsonObject | null;

const MODES = ["none", "auto", "required"] as const;

function readChoice(
  body: Fields,
  offers: readonly ToolOffer[],
  hasSources: boolean,
): { readonly choice: ToolChoice | null; readonly echoed: JsonObject | string } {
  const value = body.any("tool_choice");
  if (value === undefined) return { choice: null, echoed: "auto" };
  if (typeof value === "string") {
    const mode = body.oneOf("tool_choice", MODES) ?? "auto";
    const hasTools = offers.length > 0 || hasSources;
    if (mode === "required" && !hasTools)
      throw invalid(body.at("tool_choice"), "tool_choice is required, but there are no tools");
    return { choice: hasTools ? mode : null, echoed: mode };
  }
  const choice = fieldsOf(value, body.at("tool_choice"));
  const type = required(choice.string("type"), choice.at("type"));
  if (type === "function" || type === "custom") {
    const tool = namedTool(choice, offers);
    return { choice: tool, echoed: { type, ...toolNameOf(tool.name) } };
  }
  if (type !== "allowed_tools")
    throw notHere(
      choice.at("type"),
      `${choice.at("type")} must be function, custom or allowed_tools`,
    );
  const mode = choice.oneOf("mode", ["auto", "required"]) ?? "auto";
  const allowed = required(choice.list("tools", { max: MAX_TOOLS }), choice.at("tools")).map(
    (tool) => namedTool(fieldsOf(tool.value, tool.path), offers),
  );
  if (allowed.length === 0) throw outOfBounds(choice.at("tools"), "array", "below", 1, 0);
  const tools = allowed.map(({ name, isCustom }) => ({
    type: isCustom ? "custom" : "function",
    ...toolNameOf(name),
  }));
  return { choice: { mode, allowed }, echoed: { type, mode, tools } };
}

function namedTool(named: Fields, offers: readonly ToolOffer[]): NamedTool {
  const name = namedIn(named, requiredText(named, "name"));
  const offer = offers.find((one) => one.name === name);
  if (!offer)
    throw invalid(named.at("name"), `${named.at("name")} names a tool that is not among tools`);
  return offer.custom ? { name, isCustom: true } : { name };
}
