import type { ModelSettings, ToolChoice, ToolOffer } from "../../core/turns/turn.ts";
import { notHere } from "../openai/errors.ts";
import { type Fields, fieldsOf, invalid, required } from "../openai/fields.ts";

const MAX_TOOLS = 512;
const NAME = /^[\w.-]{1,128}$/;

type AskedTools = Pick<ModelSettings, "tools" | "toolChoice" | "parallelToolCalls">;

/** The tools of a request, and which of them it wants used. @throws OpenAiError */
export function readTools(body: Fields): AskedTools {
  const list = body.list("tools", { max: MAX_TOOLS }) ?? [];
  const tools = list.map(({ path, value }) => readTool(fieldsOf(value, path)));
  const names = new Set<string>();
  for (const [index, { name }] of tools.entries()) {
    if (names.has(name))
      throw invalid(`tools[${index}].name`, `tools[${index}].name: tool names must be unique`);
    names.add(name);
  }
  return { ...(tools.length > 0 && { tools }), ...readChoice(body, names) };
}

function readTool(fields: Fields): ToolOffer {
  const type = fields.string("type");
  if (type !== undefined && type !== "custom")
    throw notHere(
      fields.at("type"),
      `${fields.at("type")}: tools of type '${type.slice(0, 64).toWellFormed()}' are not here. Offer a tool with a name and an input_schema, and run it yourself`,
    );
  const name = required(fields.string("name"), fields.at("name"));
  if (!NAME.test(name))
    throw invalid(
      fields.at("name"),
      `${fields.at("name")}: a name has 1 to 128 letters, digits, dots, underscores and hyphens`,
    );
  return {
    name,
    description: fields.string("description") ?? null,
    parameters: required(fields.json("input_schema"), fields.at("input_schema")),
    strict: fields.boolean("strict") ?? null,
  };
}

function readChoice(body: Fields, names: ReadonlySet<string>): AskedTools {
  const choice = body.object("tool_choice");
  if (!choice) return {};
  const type = required(choice.oneOf("type", ["auto", "any", "tool", "none"]), choice.at("type"));
  const isSerial = choice.boolean("disable_parallel_tool_use") ?? false;
  if (names.size === 0) {
    // Without tools there is nothing to choose, and some clients say so all the same.
    if (type === "auto" || type === "none") return {};
    throw invalid("tool_choice", "tool_choice: there are no tools to choose from");
  }
  return {
    toolChoice: type === "tool" ? namedTool(choice, names) : MODES[type],
    ...(isSerial && { parallelToolCalls: false }),
  };
}

const MODES = { auto: "auto", any: "required", none: "none" } as const;

function namedTool(choice: Fields, names: ReadonlySet<string>): ToolChoice {
  const name = required(choice.string("name"), choice.at("name"));
  if (names.has(name)) return { name };
  throw invalid(choice.at("name"), `${choice.at("name")}: none of the tools has that name`);
}
