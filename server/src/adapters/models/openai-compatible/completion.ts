import type { JsonObject } from "../../../domain/json.ts";
import type { Usage } from "../../../domain/message.ts";
import type { TokenLogprobs } from "../../../ports/model.ts";
import { isObject, type Loose } from "./loose-json.ts";
import { type PieceSink, type PieceType, storableName } from "./text.ts";
import { type CallPiece, callsIn } from "./tool-calls.ts";

/** The content of one choice in a chunk of a stream or in a whole completion. */
export type ChoiceSaid = {
  /** Its place among the answers. */
  readonly index: number;
  readonly pieces: readonly { readonly type: PieceType; readonly text: string }[];
  readonly calls: readonly CallPiece[];
  /** The log probabilities of the tokens of its text or its refusal. */
  readonly logprobs: TokenLogprobs;
  readonly finishReason: string | null;
};

/** The content of one chunk of a stream or of a whole completion. */
export type Completion = {
  readonly choices: readonly ChoiceSaid[];
  /** The provider's error, with what stands around it; null if all is well. */
  readonly error: Loose | null;
  readonly usage: Usage | null;
  readonly model: string | null;
};

/**
 * Reads a chunk (`delta`) or a whole completion (`message`).
 * @param most how many answers were asked for; others do not count, and a single one is the first whatever its index
 */
export function readCompletion(completion: Loose, most: number): Completion {
  const { choices } = completion;
  const given = Array.isArray(choices) ? choices.slice(0, most).filter(isObject) : NO_CHOICES;
  const failed = given.find(({ error }) => error);
  return {
    choices: given.flatMap((choice, place) => {
      const index = most === 1 ? 0 : indexOf(choice, place);
      return index < most ? readChoice(choice, index) : [];
    }),
    error: isError(completion) ? completion : (failed ?? null),
    usage: usageOf(completion.usage),
    model: nameOf(completion.model),
  };
}

const indexOf = ({ index }: Loose, place: number): number =>
  typeof index === "number" && Number.isSafeInteger(index) && index >= 0 ? index : place;

function readChoice(choice: Loose, index: number): ChoiceSaid {
  const pieces: { type: PieceType; text: string }[] = [];
  const { delta, message, finish_reason: reason } = choice;
  const said = delta ?? message;
  readMessage(said, (type, text) => {
    if (text !== "") pieces.push({ type, text });
  });
  return {
    index,
    pieces,
    calls: isObject(said) ? callsIn(said.tool_calls, delta === undefined) : NO_CALLS,
    logprobs: logprobsOf(choice.logprobs),
    finishReason: nameOf(reason),
  };
}

function logprobsOf(value: unknown): TokenLogprobs {
  if (!isObject(value)) return NO_LOGPROBS;
  const { content, refusal } = value;
  const tokens = [content, refusal].find((list) => Array.isArray(list) && list.length > 0);
  // A value that was parsed from JSON is JSON.
  return Array.isArray(tokens)
    ? tokens.filter((token): token is JsonObject => isObject(token))
    : NO_LOGPROBS;
}

const NO_CHOICES: readonly Loose[] = [];
const NO_LOGPROBS: TokenLogprobs = [];
const NONE: Loose = {};
const NO_CALLS: readonly CallPiece[] = [];

/** Nested, or flat as vLLM and Cerebras have it: a message where the choices should be. */
const isError = ({ error, choices, message }: Loose): boolean =>
  Boolean(error) || (choices === undefined && typeof message === "string");

const nameOf = (value: unknown): string | null =>
  typeof value === "string" && value !== "" ? storableName(value) : null;

/** Thoughts first. */
function readMessage(message: unknown, sink: PieceSink): void {
  if (!isObject(message)) return;
  sink("reasoning", reasoningOf(message));
  const { content, refusal } = message;
  if (typeof content === "string") sink("text", content);
  else if (Array.isArray(content)) readContentParts(content, sink);
  if (typeof refusal === "string") sink("refusal", refusal);
}

/** The field has three names; where a provider sends several, they say the same. */
function reasoningOf(message: Loose): string {
  const { reasoning, reasoning_content: content, reasoning_details: details } = message;
  if (typeof reasoning === "string" && reasoning !== "") return reasoning;
  if (typeof content === "string" && content !== "") return content;
  return Array.isArray(details) ? details.map(textOfDetail).join("") : "";
}

function textOfDetail(detail: unknown): string {
  if (!isObject(detail)) return "";
  if (typeof detail.text === "string") return detail.text;
  return typeof detail.summary === "string" ? detail.summary : "";
}

function readContentParts(parts: readonly unknown[], sink: PieceSink): void {
  for (const part of parts) {
    if (typeof part === "string") sink("text", part);
    else if (isObject(part)) readContentPart(part, sink);
  }
}

function readContentPart(part: Loose, sink: PieceSink): void {
  if (part.type === "thinking") {
    const { thinking } = part;
    if (typeof thinking === "string") sink("reasoning", thinking);
    else if (Array.isArray(thinking)) sink("reasoning", thinking.map(textOfDetail).join(""));
  } else if (typeof part.text === "string") sink("text", part.text);
}

/** The tokens as the provider counted them; null where it did not. */
function usageOf(value: unknown): Usage | null {
  if (!isObject(value)) return null;
  const promptTokens = count(value.prompt_tokens);
  const completionTokens = count(value.completion_tokens);
  if (promptTokens === null && completionTokens === null) return null;
  const prompt = promptTokens ?? 0;
  const completion = completionTokens ?? 0;
  const total = count(value.total_tokens) ?? prompt + completion;
  const cached = isObject(value.prompt_tokens_details) ? value.prompt_tokens_details : NONE;
  const completed = isObject(value.completion_tokens_details)
    ? value.completion_tokens_details
    : NONE;
  const cachedTokens = count(cached.cached_tokens) ?? count(value.prompt_cache_hit_tokens);
  const reasoningTokens = count(completed.reasoning_tokens);
  const { cost } = value;
  const isCost = typeof cost === "number" && Number.isFinite(cost) && cost >= 0;
  return {
    promptTokens: prompt,
    completionTokens: completion,
    totalTokens: total,
    ...(cachedTokens !== null && { cachedTokens }),
    ...(reasoningTokens !== null && { reasoningTokens }),
    ...(isCost && { costUsd: cost }),
  };
}

const count = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? Math.round(value) : null;
