import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { ModelInfo, ModelPart, ModelProvider, ModelRequest } from "../../../ports/model.ts";
import { directivesIn } from "./directives.ts";

export type EchoOptions = {
  /** How long to wait before each word; for demonstrations of streaming. Default 0. */
  readonly wordDelayMs?: number;
};

const MODEL = "echo";
const MODELS: readonly ModelInfo[] = [{ id: MODEL, name: "Echo", contextTokens: null }];
/** A word with the blank after it; blank text at the start is a piece of its own. */
const PIECES = /\s*\S+\s?|\s+/gu;

/**
 * The provider `builtin`, which needs nobody: its model `echo` gives the last user message back, a
 * part a word, and counts no tokens since it has none. It answers whatever model is named. Lines of the
 * message tell it to think, to call a tool, to refuse and to be cut off (directives.ts).
 */
export function echoProvider({ wordDelayMs = 0 }: EchoOptions = {}): ModelProvider {
  return {
    name: "builtin",
    reply: (request, signal) => echo(request, signal, wordDelayMs),
    models: async () => MODELS,
  };
}

async function* echo(
  { messages, maxTokens, settings }: ModelRequest,
  signal: AbortSignal,
  wordDelayMs: number,
): AsyncGenerator<ModelPart> {
  const asked = messages.findLast(({ role }) => role === "user");
  const images = asked?.images?.length ?? 0;
  const said = (asked?.content ?? "") + (images > 0 ? ` [images: ${images}]` : "");
  const { text, thoughts, calls, refusal, pieces } = directivesIn(said);
  const most = Math.min(
    ...[pieces, maxTokens, settings.maxTokens ?? null].map((limit) => limit ?? Infinity),
  );
  const isTold = text !== said;
  const answer = isTold && text.trim() === "" ? "" : `You said: ${text}`;
  let given = 0;
  for (const part of partsOf({ thoughts, answer, refusal })) {
    signal.throwIfAborted();
    if (wordDelayMs > 0) await pause(wordDelayMs, signal);
    if (given++ >= most) return yield finish("length");
    yield part;
  }
  for (const { name, text } of settings.tools?.length ? calls : []) {
    signal.throwIfAborted();
    yield { type: "tool_call", callId: `call_${randomUUID()}`, name, text: "" };
    for (const [piece] of text.matchAll(PIECES)) yield { type: "arguments", text: piece };
  }
  signal.throwIfAborted();
  yield finish(calls.length > 0 ? "tool_calls" : "stop");
}

function* partsOf(say: {
  readonly thoughts: string;
  readonly answer: string;
  readonly refusal: string;
}): Generator<ModelPart> {
  for (const [text] of say.thoughts.matchAll(PIECES)) yield { type: "reasoning", text };
  for (const [text] of say.answer.matchAll(PIECES)) yield { type: "text", text };
  for (const [text] of say.refusal.matchAll(PIECES)) yield { type: "refusal", text };
}

const finish = (reason: "stop" | "length" | "tool_calls"): ModelPart => ({
  type: "finish",
  reason,
  word: reason,
  model: MODEL,
  usage: null,
});

/** @throws the signal's own reason, not the timer's wrapping of it */
async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(delayMs, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
