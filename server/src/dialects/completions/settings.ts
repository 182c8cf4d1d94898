import type { ModelSettings } from "../../core/turns/turn.ts";
import { notHere } from "../openai/errors.ts";
import { type Fields, fieldsOf, invalid, type JsonFields, required } from "../openai/fields.ts";
import { readTools } from "./tools.ts";

const MAX_STOPS = 4;
const MAX_CHOICES = 8;
const MAX_TOP_LOGPROBS = 20;
const MAX_BIAS = 100;
const MAX_PENALTY = 2;

/** The fields that mean something here, or nothing at all. Others are for the provider, where the operator lets them pass. */
const KNOWN: ReadonlySet<string> = new Set([
  ...["model", "messages", "stream", "stream_options", "temperature", "top_p", "n", "stop"],
  ...["max_tokens", "max_completion_tokens", "presence_penalty", "frequency_penalty"],
  ...["logit_bias", "logprobs", "top_logprobs", "seed", "tools", "tool_choice"],
  ...["parallel_tool_calls", "response_format", "reasoning_effort", "verbosity", "prediction"],
  ...["store", "metadata", "user", "conversation", "modalities", "audio", "web_search_options"],
  ...["functions", "function_call", "service_tier", "safety_identifier", "moderation"],
  ...["prompt_cache_key", "prompt_cache_retention"],
]);

const INSTEAD: Readonly<Record<string, string>> = {
  audio: "Replies are text here. Leave 'audio' out; POST /v1/audio/speech reads a text aloud.",
  web_search_options: "This server does not search the web. Leave 'web_search_options' out.",
  functions: "'functions' is not taken. Offer them as 'tools' of type 'function'.",
  function_call: "'function_call' is not taken. Use 'tool_choice'.",
};

/** What a request asks of the answer. @throws OpenAiError */
export function readSettings(body: Fields, whole: JsonFields): ModelSettings {
  for (const [field, instead] of Object.entries(INSTEAD))
    if (body.has(field)) throw notHere(field, instead);
  for (const { path, value } of body.list("modalities") ?? [])
    if (value !== "text")
      throw notHere(path, "Replies are text only: 'modalities' may contain nothing but 'text'.");
  const most = { min: 1 };
  const maxTokens = body.integer("max_tokens", most);
  const logprobs = body.boolean("logprobs");
  const topLogprobs = body.integer("top_logprobs", { min: 0, max: MAX_TOP_LOGPROBS });
  if (topLogprobs !== undefined && !logprobs)
    throw invalid("top_logprobs", "Invalid 'top_logprobs': it needs 'logprobs' to be true.");
  const penalty = { min: -MAX_PENALTY, max: MAX_PENALTY };
  return {
    ...readTools(body),
    ...present({
      parallelToolCalls: body.boolean("parallel_tool_calls"),
      responseFormat: readFormat(body),
      reasoningEffort: body.string("reasoning_effort", { max: 32 }),
      verbosity: body.string("verbosity", { max: 32 }),
      maxTokens: body.integer("max_completion_tokens", most) ?? maxTokens,
      topP: body.number("top_p", { min: 0, max: 1 }),
      seed: body.integer("seed"),
      presencePenalty: body.number("presence_penalty", penalty),
      frequencyPenalty: body.number("frequency_penalty", penalty),
      stop: readStop(body),
      choices: body.integer("n", { min: 1, max: MAX_CHOICES }),
      logprobs,
      topLogprobs,
      logitBias: readBias(body),
      prediction: body.json("prediction"),
      promptCacheKey: body.string("prompt_cache_key"),
      promptCacheRetention: body.string("prompt_cache_retention"),
    }),
    extras: Object.fromEntries(Object.entries(whole).filter(([name]) => !KNOWN.has(name))),
  };
}

type Present<Values> = { [Name in keyof Values]?: Exclude<Values[Name], undefined> };

const present = <Values extends object>(values: Values): Present<Values> =>
  Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Present<Values>;

function readFormat(body: Fields): ModelSettings["responseFormat"] {
  const format = body.object("response_format");
  if (!format) return undefined;
  const type = required(
    format.oneOf("type", ["text", "json_object", "json_schema"] as const),
    format.at("type"),
  );
  if (type !== "json_schema") return { type };
  const described = required(format.object("json_schema"), format.at("json_schema"));
  required(described.string("name", { min: 1, max: 64 }), described.at("name"));
  described.json("schema");
  described.boolean("strict");
  return { type, schema: format.json("json_schema") ?? {} };
}

/** One text, or up to four. */
function readStop(body: Fields): readonly string[] | undefined {
  const stop = body.any("stop");
  if (stop === undefined) return undefined;
  if (typeof stop === "string") return [stop];
  const texts = body.list("stop", { max: MAX_STOPS }) ?? [];
  return texts.map(({ path, value }) => required(fieldsOf({ [path]: value }).string(path), path));
}

function readBias(body: Fields): ModelSettings["logitBias"] {
  const bias = body.object("logit_bias");
  if (!bias) return undefined;
  const tokens = Object.keys(body.json("logit_bias") ?? {});
  return Object.fromEntries(
    tokens.map((token) => [token, bias.number(token, { min: -MAX_BIAS, max: MAX_BIAS }) ?? 0]),
  );
}
