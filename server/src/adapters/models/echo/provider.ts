import { setTimeout as sleep } from "node:timers/promises";
import type { ModelInfo, ModelPart, ModelProvider, ModelRequest } from "../../../ports/model.ts";

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
 * part a word, and counts no tokens since it has none. It answers whatever model is named.
 */
export function echoProvider({ wordDelayMs = 0 }: EchoOptions = {}): ModelProvider {
  return {
    name: "builtin",
    reply: (request, signal) => echo(request, signal, wordDelayMs),
    models: async () => MODELS,
  };
}

async function* echo(
  { messages }: ModelRequest,
  signal: AbortSignal,
  wordDelayMs: number,
): AsyncGenerator<ModelPart> {
  const said = messages.findLast(({ role }) => role === "user")?.content ?? "";
  for (const [text] of `You said: ${said}`.matchAll(PIECES)) {
    signal.throwIfAborted();
    if (wordDelayMs > 0) await pause(wordDelayMs, signal);
    yield { type: "text", text };
  }
  signal.throwIfAborted();
  yield { type: "finish", reason: "stop", model: MODEL, usage: null };
}

/** @throws the signal's own reason, not the timer's wrapping of it */
async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(delayMs, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
