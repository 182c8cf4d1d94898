import type { Usage } from "../../../domain/message.ts";
import type { PieceSink, PieceType } from "./text.ts";

/** JSON from a provider: nothing about its shape is certain. */
export type Loose = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** JSON where it is JSON, else the text as it is. */
export function parseLoosely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What one chunk of a stream, or one whole completion, says. */
export type Completion = {
  readonly pieces: readonly { readonly type: PieceType; readonly text: string }[];
  /** The provider's error, with what stands around it; null if all is well. */
  readonly error: Loose | null;
  readonly finishReason: string | null;
  readonly usage: Usage | null;
  readonly model: string | null;
};

/** Reads a chunk (`delta`) or a whole completion (`message`): only its first choice counts. */
export function readCompletion(completion: Loose): Completion {
  const pieces: { type: PieceType; text: string }[] = [];
  const { choices } = completion;
  const choice: unknown = Array.isArray(choices) ? choices[0] : null;
  const { delta, message, error, finish_reason: reason } = isObject(choice) ? choice : NONE;
  readMessage(delta ?? message, (type, text) => {
    if (text !== "") pieces.push({ type, text });
  });
  return {
    pieces,
    error: isError(completion) ? completion : error && isObject(choice) ? choice : null,
    finishReason: nameOf(reason),
    usage: usageOf(completion.usage),
    model: nameOf(completion.model),
  };
}

const NONE: Loose = {};

/** Nested, or flat as vLLM and Cerebras have it: a message where the choices should be. */
const isError = ({ error, choices, message }: Loose): boolean =>
  Boolean(error) || (choices === undefined && typeof message === "string");

const nameOf = (value: unknown): string | null =>
  typeof value === "string" && value !== "" ? value : null;

/** Thoughts first. Tool calls are left out, since nothing here could answer them. */
function readMessage(message: unknown, sink: PieceSink): void {
  if (!isObject(message)) return;
  sink("reasoning", reasoningOf(message));
  const { content, refusal } = message;
  if (typeof content === "string") sink("text", content);
  else if (Array.isArray(content)) readContentParts(content, sink);
  if (typeof refusal === "string") sink("text", refusal);
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
  const usage = { promptTokens: prompt, completionTokens: completion, totalTokens: total };
  return typeof value.cost === "number" && Number.isFinite(value.cost) && value.cost >= 0
    ? { ...usage, costUsd: value.cost }
    : usage;
}

const count = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? Math.round(value) : null;
