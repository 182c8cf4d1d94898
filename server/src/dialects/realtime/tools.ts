import type { ToolChoice, ToolOffer } from "../../core/turns/turn.ts";
import { notHere } from "../openai/errors.ts";
import { type Fields, fieldsOf, type JsonFields, required } from "../openai/fields.ts";

/** The functions that a model may call: as the model is told of them, and as the client sent them. */
export type Tools = {
  readonly offers: readonly ToolOffer[];
  readonly asSent: readonly JsonFields[];
};

const MAX_TOOLS = 128;
const MAX_NAME_CHARACTERS = 64;

/** @throws OpenAiError */
export function toolsIn(fields: Fields): Tools | undefined {
  const list = fields
    .list("tools", { max: MAX_TOOLS })
    ?.map(({ value, path }) => fieldsOf(value, path));
  if (!list) return undefined;
  return { offers: list.map(offerIn), asSent: list.map(({ whole }) => whole) };
}

function offerIn(tool: Fields): ToolOffer {
  const type = tool.string("type") ?? "function";
  if (type !== "function")
    throw notHere(
      tool.at("type"),
      `Tools of type '${type.slice(0, 60)}' are not served here. Offer functions, and call the tool yourself`,
    );
  return {
    name: required(tool.string("name", { min: 1, max: MAX_NAME_CHARACTERS }), tool.at("name")),
    description: tool.string("description") ?? null,
    parameters: tool.json("parameters") ?? null,
    strict: null,
  };
}

/** @throws OpenAiError */
export function toolChoiceIn(fields: Fields): ToolChoice | undefined {
  if (typeof fields.any("tool_choice") !== "object")
    return fields.oneOf("tool_choice", ["auto", "none", "required"]);
  const choice = fields.object("tool_choice");
  if (!choice) return undefined;
  choice.oneOf("type", ["function"]);
  return { name: required(choice.string("name"), choice.at("name")) };
}
