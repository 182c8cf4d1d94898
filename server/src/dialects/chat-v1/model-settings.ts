// What a message may ask of its answer besides: tools, the form of the answer, how long it is thought over.
import type { Static } from "typebox";
import type { ModelSettings, ToolOffer } from "../../core/turns/turn.ts";
import { AppError } from "../../domain/errors.ts";
import { Type } from "../../http/schema.ts";

/** Of one message. */
const MAX_TOOLS = 128;
/** Of all together, as JSON, where they are kept for as long as the reply waits. */
const MAX_KEPT_TOOLS_CHARACTERS = 128 * 1024;
const MAX_ANSWER_TOKENS = 10_000_000;
const ANY_OBJECT = Type.Record(Type.String(), Type.Unknown());

const TOOL_NAME = Type.String({ pattern: "^[a-zA-Z0-9_-]{1,64}$" });
const absent = <T extends Parameters<typeof Type.Optional>[0]>(schema: T) =>
  Type.Optional(Type.Union([schema, Type.Null()]));

const Tool = Type.Object(
  {
    type: Type.Literal("function"),
    function: Type.Object({
      name: TOOL_NAME,
      description: absent(Type.String()),
      parameters: absent(ANY_OBJECT),
      strict: absent(Type.Boolean()),
    }),
  },
  { title: "Tool", description: "A function of the client's, in OpenAI's shape." },
);

export const settingsInBody = {
  tools: Type.Optional(
    Type.Array(Tool, {
      maxItems: MAX_TOOLS,
      description:
        "What the model may ask the client to do. Its calls are parts of the reply (`parts`), and the reply's `finish_reason` is then `tool_calls`. With `steps` the reply waits for the results instead, and goes on with them.",
    }),
  ),
  tool_choice: absent(
    Type.Union([
      Type.Enum(["auto", "none", "required"]),
      Type.Object({ type: Type.Literal("function"), function: Type.Object({ name: TOOL_NAME }) }),
    ]),
  ),
  response_format: absent(
    Type.Object(
      {
        type: Type.Enum(["text", "json_object", "json_schema"]),
        json_schema: Type.Optional(
          Type.Object(
            { name: TOOL_NAME, schema: absent(ANY_OBJECT), strict: absent(Type.Boolean()) },
            { additionalProperties: true },
          ),
        ),
      },
      { description: "The form of the answer, in OpenAI's shape." },
    ),
  ),
  reasoning_effort: absent(
    Type.Enum(["none", "minimal", "low", "medium", "high", "xhigh"], {
      description: "For models that think before they answer.",
    }),
  ),
  max_tokens: absent(
    Type.Integer({
      minimum: 1,
      maximum: MAX_ANSWER_TOKENS,
      description: "The longest answer, what the model thinks included. A budget may allow less.",
    }),
  ),
};

const Settings = Type.Object(settingsInBody);
type Settings = Static<typeof Settings>;

/** @throws AppError invalid_request */
export function settingsOf(body: Settings): ModelSettings {
  const tools = (body.tools ?? []).map((tool): ToolOffer => {
    const { name, description, parameters, strict } = tool.function;
    return {
      name,
      description: description ?? null,
      parameters: parameters ?? null,
      strict: strict ?? null,
    };
  });
  const names = new Set(tools.map(({ name }) => name));
  if (names.size < tools.length)
    throw refused("tools", "tools must not have two tools of one name");
  const { tool_choice: choice, response_format: format } = body;
  const chosen = typeof choice === "object" && choice ? { name: choice.function.name } : choice;
  if (chosen && tools.length === 0) throw refused("tool_choice", "tool_choice needs tools");
  if (typeof chosen === "object" && chosen && !names.has(chosen.name))
    throw refused("tool_choice", "tool_choice names a tool that is not among tools");
  return {
    ...(tools.length > 0 && { tools }),
    ...(chosen && { toolChoice: chosen }),
    ...(format && { responseFormat: formatOf(format) }),
    ...(body.reasoning_effort && { reasoningEffort: body.reasoning_effort }),
    ...(body.max_tokens && { maxTokens: body.max_tokens }),
  };
}

/** The same of a reply that waits for the results of these tools. @throws AppError invalid_request */
export function settingsOfSteps(body: Settings): ModelSettings {
  const settings = settingsOf(body);
  if (settings.tools && JSON.stringify(settings.tools).length > MAX_KEPT_TOOLS_CHARACTERS)
    throw refused(
      "tools",
      `tools have at most ${MAX_KEPT_TOOLS_CHARACTERS.toLocaleString("en")} characters together, as JSON. Send fewer, or describe them in fewer words`,
    );
  return settings;
}

function formatOf({
  type,
  json_schema: schema,
}: NonNullable<Settings["response_format"]>): NonNullable<ModelSettings["responseFormat"]> {
  if (type !== "json_schema") return { type };
  if (!schema)
    throw refused("response_format", "response_format of type json_schema needs json_schema");
  return { type, schema };
}

const refused = (field: string, message: string): AppError =>
  new AppError("invalid_request", message, { field });
