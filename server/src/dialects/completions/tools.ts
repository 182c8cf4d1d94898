import type { ModelSettings, NamedTool, ToolChoice, ToolOffer } from "../../core/turns/turn.ts";
import { notHere } from "../openai/errors.ts";
import { type Fields, fieldsOf, invalid, required } from "../openai/fields.ts";

const MAX_TOOLS = 128;
const NAME = /^[\w.-]{1,64}$/;
const KINDS = ["function", "custom"] as const;
const MODES = ["none", "auto", "required"] as const;

/** The tools of a request, and which of them it wants used. @throws OpenAiError */
export function readTools(body: Fields): Pick<ModelSettings, "tools" | "toolChoice"> {
  const tools = (body.list("tools", { max: MAX_TOOLS }) ?? []).map(({ path, value }) =>
    readTool(fieldsOf(value, path)),
  );
  const names = new Set<string>();
  for (const [index, { name }] of tools.entries()) {
    if (names.has(name))
      throw invalid(
        `tools[${index}]`,
        `Invalid 'tools[${index}]': another tool is called '${name}'. Give each tool a name of its own.`,
      );
    names.add(name);
  }
  const toolChoice = body.has("tool_choice") ? readChoice(body, names) : undefined;
  return { ...(tools.length > 0 && { tools }), ...(toolChoice && { toolChoice }) };
}

function readTool(fields: Fields): ToolOffer {
  const type = required(fields.string("type"), fields.at("type"));
  if (type !== "function" && type !== "custom")
    throw notHere(
      fields.at("type"),
      `Tools of type '${type.slice(0, 60)}' are not here. Offer tools of type 'function' or 'custom', which the client runs.`,
    );
  const offer = required(fields.object(type), fields.at(type));
  const name = required(offer.string("name"), offer.at("name"));
  if (!NAME.test(name))
    throw invalid(
      offer.at("name"),
      `Invalid '${offer.at("name")}': a name has 1 to 64 letters, digits, dots, underscores and hyphens.`,
    );
  return {
    name,
    description: offer.string("description") ?? null,
    parameters: offer.json("parameters") ?? null,
    strict: offer.boolean("strict") ?? null,
    ...(type === "custom" && { custom: { format: offer.json("format") ?? null } }),
  };
}

function readChoice(body: Fields, names: ReadonlySet<string>): ToolChoice | undefined {
  const choice = body.any("tool_choice");
  const mode = typeof choice === "string" ? body.oneOf("tool_choice", MODES) : undefined;
  // Without tools there is nothing to choose, and some clients say so all the same.
  if (names.size === 0 && (mode === "none" || mode === "auto")) return undefined;
  if (names.size === 0)
    throw invalid("tool_choice", "Invalid 'tool_choice': it needs tools to choose from.");
  if (mode !== undefined) return mode;
  const fields = fieldsOf(choice, "tool_choice");
  const type = required(fields.oneOf("type", [...KINDS, "allowed_tools"]), fields.at("type"));
  if (type !== "allowed_tools") return namedTool(fields, names);
  const allowed = required(fields.object(type), fields.at(type));
  const listed = required(allowed.list("tools", { min: 1 }), allowed.at("tools"));
  return {
    mode: required(allowed.oneOf("mode", ["auto", "required"]), allowed.at("mode")),
    allowed: listed.map(({ path, value }) => namedTool(fieldsOf(value, path), names)),
  };
}

function namedTool(fields: Fields, names: ReadonlySet<string>): NamedTool {
  const type = required(fields.oneOf("type", KINDS), fields.at("type"));
  const named = required(fields.object(type), fields.at(type));
  const name = required(named.string("name"), named.at("name"));
  if (!names.has(name))
    throw invalid(
      named.at("name"),
      `Invalid '${named.at("name")}': none of the tools is called '${name.slice(0, 64)}'.`,
    );
  return { name, ...(type === "custom" && { isCustom: true }) };
}
