// Tools as the Responses API writes them, in a request and in the response that says them again.
import type { ModelSettings, ToolOffer } from "../../core/turns/turn.ts";
import type { JsonObject } from "../../domain/json.ts";
import { notHere } from "../openai/errors.ts";
import { type Fields, fieldsOf, invalid, outOfBounds, required } from "../openai/fields.ts";
import { requiredText, text } from "./texts.ts";

type ToolChoice = NonNullable<ModelSettings["toolChoice"]>;
type NamedTool = { readonly name: string; readonly isCustom?: boolean };

/** Of one request. */
const MAX_TOOLS = 512;
const NAME = /^[a-zA-Z0-9_.:-]{1,128}$/;

export type AskedTools = {
  readonly offers: readonly ToolOffer[];
  readonly choice: ToolChoice | null;
  /** As the response says them again. */
  readonly echoed: {
    readonly tools: readonly JsonObject[];
    readonly tool_choice: JsonObject | string;
  };
};

/** @throws AppError invalid_request */
export function readTools(body: Fields): AskedTools {
  const tools = body.list("tools", { max: MAX_TOOLS }) ?? [];
  const offers = tools.map(({ value, path }) => readTool(fieldsOf(value, path)));
  const names = new Set<string>();
  for (const [index, { name }] of offers.entries()) {
    if (names.has(name))
      throw invalid(`${tools[index]?.path}.name`, "No two tools may have the same name");
    names.add(name);
  }
  const { choice, echoed } = readChoice(body, offers);
  return { offers, choice, echoed: { tools: offers.map(echoedTool), tool_choice: echoed } };
}

function readTool(tool: Fields): ToolOffer {
  const type = required(tool.string("type"), tool.at("type"));
  if (type !== "function" && type !== "custom")
    throw notHere(
      tool.at("type"),
      `Tools of type '${type.slice(0, 64).toWellFormed()}' are not offered here. Offer tools of type function or custom, and run them yourself`,
    );
  const name = requiredText(tool, "name");
  if (!NAME.test(name))
    throw invalid(
      tool.at("name"),
      `${tool.at("name")} must be 1 to 128 letters, digits, dashes or underscores`,
    );
  const description = text(tool, "description") ?? null;
  if (type === "custom") {
    const format = jsonOf(tool.json("format") ?? null);
    return { name, description, parameters: null, strict: null, custom: { format } };
  }
  const parameters = jsonOf(tool.json("parameters") ?? null);
  return { name, description, parameters, strict: tool.boolean("strict") ?? null };
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
): { readonly choice: ToolChoice | null; readonly echoed: JsonObject | string } {
  const value = body.any("tool_choice");
  if (value === undefined) return { choice: null, echoed: "auto" };
  if (typeof value === "string") {
    const mode = body.oneOf("tool_choice", MODES) ?? "auto";
    if (mode === "required" && offers.length === 0)
      throw invalid(body.at("tool_choice"), "tool_choice is required, but there are no tools");
    return { choice: offers.length > 0 ? mode : null, echoed: mode };
  }
  const choice = fieldsOf(value, body.at("tool_choice"));
  const type = required(choice.string("type"), choice.at("type"));
  if (type === "function" || type === "custom") {
    const tool = namedTool(choice, offers);
    return { choice: tool, echoed: { type, name: tool.name } };
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
    name,
  }));
  return { choice: { mode, allowed }, echoed: { type, mode, tools } };
}

function namedTool(named: Fields, offers: readonly ToolOffer[]): NamedTool {
  const name = requiredText(named, "name");
  const offer = offers.find((one) => one.name === name);
  if (!offer)
    throw invalid(named.at("name"), `${named.at("name")} names a tool that is not among tools`);
  return offer.custom ? { name, isCustom: true } : { name };
}
