import type { Usage } from "../../../domain/message.ts";
import type { PieceSink } from "./text.ts";

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

/**
 * Gives the sink what a `delta` or a `message` holds, thoughts first. Its text goes by the field's
 * kind; tool calls are left out, since nothing here could answer them.
 */
export function readMessage(message: Loose, sink: PieceSink): void {
  const thoughts = reasoningOf(message);
  if (thoughts !== "") sink("reasoning", thoughts);
  const { content } = message;
  if (typeof content === "string") {
    if (content !== "") sink("text", content);
  } else if (Array.isArray(content)) readContentParts(content, sink);
  const { refusal } = message;
  if (typeof refusal === "string" && refusal !== "") sink("text", refusal);
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
export function usageOf(value: unknown): Usage | null {
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
