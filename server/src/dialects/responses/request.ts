// The body of a request for a response: what is asked of the model, and what the response says again.
import type { IncomingHttpHeaders } from "node:http";
import type { ModelSettings } from "../../core/turns/turn.ts";
import type { JsonObject } from "../../domain/json.ts";
import { type ConversationName, conversationNameIn, isChore } from "../openai/conversation-name.ts";
import { notHere, OpenAiError } from "../openai/errors.ts";
import { type Fields, fieldsOf, required, wrongType } from "../openai/fields.ts";
import { type Metadata, metadataIn } from "../openai/metadata.ts";
import { type InputItem, readInput } from "./input-items.ts";
import type { AskedSource } from "./mcp-tools.ts";
import { requiredText, text } from "./texts.ts";
import { readTools } from "./tools.ts";

/** What a response says of its request, in the words of the wire. */
export type Echo = JsonObject;

/** A request for a response, checked. */
export type Asked = {
  readonly input: readonly InputItem[];
  /** Null: what the server takes by default. */
  readonly model: string | null;
  readonly instructions: string | null;
  readonly temperature: number | null;
  readonly settings: ModelSettings;
  /** The sources of the server's tools that it asks for. */
  readonly sources: readonly AskedSource[];
  readonly previousResponseId: string | null;
  readonly conversation: ConversationName | null;
  readonly isStored: boolean;
  readonly isBackground: boolean;
  readonly isStreamed: boolean;
  /** Whether what does not fit may be left out. */
  readonly mayCut: boolean;
  /** Whether reasoning comes with what it can be given back by. */
  readonly sealsReasoning: boolean;
  readonly echo: Echo;
};

const MAX_TOKENS = 10_000_000;
const MAX_TOP_LOGPROBS = 20;
const MAX_NAME_CHARACTERS = 256;
const MAX_KEY_CHARACTERS = 1024;
const MAX_INCLUDES = 64;
const FORMATS = ["text", "json_object", "json_schema"] as const;

const apart = (field: string, message: string): OpenAiError =>
  new OpenAiError("invalid_request", "mutually_exclusive_parameters", message, field);

/**
 * @param options.needsInput whether there has to be any input; default: yes
 * @throws AppError invalid_request
 */
export async function readRequest(
  value: unknown,
  headers: IncomingHttpHeaders,
  { needsInput = true }: { readonly needsInput?: boolean } = {},
): Promise<Asked> {
  const body = fieldsOf(value);
  if (body.has("prompt"))
    throw notHere(
      "prompt",
      "There are no stored prompts here. Send the text of the prompt in instructions",
    );
  const input = needsInput || body.has("input") ? await readInput(body) : [];
  const model = text(body, "model", MAX_NAME_CHARACTERS) || null;
  const instructions = text(body, "instructions") ?? null;
  const isBackground = body.boolean("background") ?? false;
  const isStored = body.boolean("store") ?? (isBackground || !isChore(headers));
  if (isBackground && !isStored)
    throw notHere(
      "background",
      "A response in the background has to be stored: leave out store, or send store: true",
    );
  const previousResponseId = text(body, "previous_response_id", MAX_NAME_CHARACTERS) ?? null;
  const metadata = metadataIn(body) ?? {};
  const conversation = conversationNameIn(headers, body, metadata);
  const isField = conversation?.by === "field";
  if (previousResponseId !== null && isField)
    throw apart(
      "previous_response_id",
      "Send either previous_response_id or conversation, not both",
    );
  if (isField && !isStored)
    throw apart(
      "store",
      "What is said in a conversation is stored: leave out store, or leave out conversation",
    );
  const { settings, sources, echo } = readSettings(body, metadata);
  const truncation = body.oneOf("truncation", ["auto", "disabled"]) ?? "disabled";
  const includes = (body.list("include", { max: MAX_INCLUDES }) ?? []).map(({ value, path }) => {
    if (typeof value === "string") return value;
    throw wrongType(path, "a string", value);
  });
  const temperature = body.number("temperature", { min: 0, max: 2 }) ?? null;
  return {
    input,
    model,
    instructions,
    temperature,
    settings: includes.includes("message.output_text.logprobs")
      ? { ...settings, logprobs: true }
      : settings,
    sources,
    previousResponseId,
    conversation,
    isStored,
    isBackground,
    isStreamed: body.boolean("stream") ?? false,
    mayCut: truncation === "auto",
    sealsReasoning: includes.includes("reasoning.encrypted_content"),
    echo: {
      ...echo,
      background: isBackground,
      instructions,
      previous_response_id: previousResponseId,
      store: isStored,
      temperature: temperature ?? 1,
      truncation,
    },
  };
}

function readSettings(
  body: Fields,
  metadata: Metadata,
): {
  readonly settings: ModelSettings;
  readonly sources: readonly AskedSource[];
  readonly echo: Echo;
} {
  const maxTokens = body.integer("max_output_tokens", { min: 1, max: MAX_TOKENS });
  const maxToolCalls = body.integer("max_tool_calls", { min: 1, max: MAX_TOKENS });
  const topP = body.number("top_p", { min: 0, max: 1 });
  const presencePenalty = body.number("presence_penalty", { min: -2, max: 2 });
  const frequencyPenalty = body.number("frequency_penalty", { min: -2, max: 2 });
  const topLogprobs = body.integer("top_logprobs", { min: 0, max: MAX_TOP_LOGPROBS });
  const parallelToolCalls = body.boolean("parallel_tool_calls");
  const { offers, choice, sources, echoed } = readTools(body);
  const reasoning = body.object("reasoning");
  const effort = reasoning?.string("effort", { max: MAX_NAME_CHARACTERS });
  const summary = reasoning?.oneOf("summary", ["auto", "concise", "detailed"]);
  const { format, verbosity, echoedFormat } = readText(body.object("text"));
  body.object("stream_options")?.boolean("include_obfuscation");
  return {
    settings: {
      ...(maxTokens !== undefined && { maxTokens }),
      ...(maxToolCalls !== undefined && { maxToolCalls }),
      ...(topP !== undefined && { topP }),
      ...(presencePenalty !== undefined && { presencePenalty }),
      ...(frequencyPenalty !== undefined && { frequencyPenalty }),
      ...(topLogprobs && { logprobs: true, topLogprobs }),
      ...(offers.length > 0 && { tools: offers }),
      ...(choice !== null && { toolChoice: choice }),
      ...(parallelToolCalls !== undefined && offers.length > 0 && { parallelToolCalls }),
      ...(effort !== undefined && { reasoningEffort: effort }),
      ...(verbosity !== undefined && { verbosity }),
      ...(format !== null && { responseFormat: format }),
    },
    sources,
    echo: {
      ...echoed,
      frequency_penalty: frequencyPenalty ?? 0,
      max_output_tokens: maxTokens ?? null,
      max_tool_calls: maxToolCalls ?? null,
      metadata,
      parallel_tool_calls: parallelToolCalls ?? true,
      presence_penalty: presencePenalty ?? 0,
      prompt_cache_key: text(body, "prompt_cache_key", MAX_KEY_CHARACTERS) ?? null,
      reasoning: { effort: effort ?? null, summary: summary ?? null },
      safety_identifier: text(body, "safety_identifier", MAX_KEY_CHARACTERS) ?? null,
      text: { format: echoedFormat, verbosity: verbosity ?? "medium" },
      top_logprobs: topLogprobs ?? 0,
      top_p: topP ?? 1,
      user: text(body, "user", MAX_KEY_CHARACTERS) ?? null,
    },
  };
}

type Format = NonNullable<ModelSettings["responseFormat"]>;

function readText(asked: Fields | undefined): {
  readonly format: Format | null;
  readonly verbosity: string | undefined;
  readonly echoedFormat: JsonObject;
} {
  const verbosity = asked?.string("verbosity", { max: MAX_NAME_CHARACTERS });
  const format = asked?.object("format");
  const type = format?.oneOf("type", FORMATS) ?? "text";
  if (!format || type !== "json_schema")
    return { format: type === "json_object" ? { type } : null, verbosity, echoedFormat: { type } };
  const name = requiredText(format, "name", MAX_NAME_CHARACTERS);
  const schema = required(format.json("schema"), format.at("schema")) as JsonObject;
  const description = text(format, "description");
  const strict = format.boolean("strict");
  return {
    format: {
      type,
      schema: {
        name,
        schema,
        ...(description !== undefined && { description }),
        ...(strict !== undefined && { strict }),
      },
    },
    verbosity,
    echoedFormat: { type, name, schema, description: description ?? null, strict: strict ?? false },
  };
}
