import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { textIn } from "../../../domain/parts.ts";
import { given } from "../../../domain/sink.ts";
import type {
  Finish,
  ModelInfo,
  ModelPart,
  ModelProvider,
  ModelRequest,
  ModelSettings,
  PromptMessage,
} from "../../../ports/model.ts";
import { type Directives, directivesIn } from "./directives.ts";

export type EchoOptions = {
  /** How long to wait before each word; for demonstrations of streaming. Default 0. */
  readonly wordDelayMs?: number;
};

const MODEL = "echo";
const MODELS: readonly ModelInfo[] = [{ id: MODEL, name: "Echo", contextTokens: null }];
/** A word with the white space after it. White space at the start is a piece of its own. */
const PIECES = /\s*\S+\s?|\s+/gu;

/**
 * The provider `builtin`, which needs nobody: its model `echo` gives the last user message back, a
 * part a word, and counts no tokens since it has none. It answers whatever model is named. Lines of the
 * message tell it to think, to call a tool, to refuse and to be cut off (directives.ts). What tools gave is told
 * back, and a tool that it has to call is called.
 */
export function echoProvider({ wordDelayMs = 0 }: EchoOptions = {}): ModelProvider {
  return {
    name: "builtin",
    reply: (request, sink) =>
      given<ModelPart>((signal) => echo(request, signal, wordDelayMs))(sink),
    models: async () => MODELS,
  };
}

async function* echo(
  { messages, maxTokens, settings }: ModelRequest,
  signal: AbortSignal,
  wordDelayMs: number,
): AsyncGenerator<ModelPart> {
  const { directives, answer } = answerTo(messages);
  const calls = settings.tools?.length ? callsOf(directives, settings) : [];
  const { thoughts, refusal, pieces } = directives;
  const most = Math.min(
    ...[pieces, maxTokens, settings.maxTokens ?? null].map((limit) => limit ?? Infinity),
  );
  const { choices = 1 } = settings;
  const finishes: Finish[] = [];
  for (let choice = 0; choice < choices; choice++) {
    const numbered = choice > 0 ? { choice } : {};
    let given = 0;
    let isCut = false;
    for (const part of partsOf({ thoughts, answer, refusal })) {
      signal.throwIfAborted();
      if (wordDelayMs > 0) await pause(wordDelayMs, signal);
      isCut = given++ >= most;
      if (isCut) break;
      yield { ...part, ...numbered, ...(settings.logprobs && logprobsOf(part)) };
    }
    if (!isCut)
      for (const { name, text } of calls) {
        signal.throwIfAborted();
        const isCustom = settings.tools?.find((tool) => tool.name === name)?.custom !== undefined;
        const callId = `call_${randomUUID()}`;
        const custom = isCustom && { isCustom: true as const };
        yield { type: "tool_call", callId, name, text: "", ...numbered, ...custom };
        for (const [piece] of text.matchAll(PIECES))
          yield { type: "arguments", text: piece, ...numbered };
      }
    const hasAsked = calls.length > 0 || directives.calls.length > 0;
    const reason = isCut ? "length" : hasAsked ? "tool_calls" : "stop";
    finishes.push({ reason, word: reason });
  }
  signal.throwIfAborted();
  const [first = { reason: "stop", word: "stop" }] = finishes;
  const several = choices > 1 && { choices: finishes };
  yield { type: "finish", ...first, ...several, model: MODEL, usage: null };
}

/** The answer to the last message of the user, or the results of the tools that were called after it. */
function answerTo(messages: readonly PromptMessage[]): {
  readonly directives: Directives;
  readonly answer: string;
} {
  const results = messages
    .slice(messages.findLastIndex((message) => !endsInResult(message)) + 1)
    .flatMap(resultsIn);
  if (results.length > 0)
    return { directives: NOTHING_TOLD, answer: `The tool said: ${results.join("\n")}` };
  const asked = messages.findLast(({ role }) => role === "user");
  const shown = asked?.pieces?.filter(({ type }) => type === "image") ?? [];
  const images = (asked?.images?.length ?? 0) + shown.length;
  const said = (asked?.content ?? "") + (images > 0 ? ` [images: ${images}]` : "");
  const directives = directivesIn(said);
  const { text } = directives;
  const isTold = text !== said;
  return { directives, answer: isTold && text.trim() === "" ? "" : `You said: ${text}` };
}

const endsInResult = ({ role, parts }: PromptMessage): boolean =>
  role === "tool" || parts?.at(-1)?.type === "tool_result";

const resultsIn = ({ content, parts }: PromptMessage): readonly string[] =>
  parts ? parts.filter(({ type }) => type === "tool_result").map(textIn) : [content];

/** The calls that the message tells of, or else the one that the request insists on. */
function callsOf(
  directives: Directives,
  { tools = [], toolChoice }: ModelSettings,
): Directives["calls"] {
  const { calls } = directives;
  if (calls.length > 0 || !toolChoice || directives === NOTHING_TOLD) return calls;
  const [first] = tools;
  if (toolChoice === "required") return first ? [{ name: first.name, text: "{}" }] : [];
  if (typeof toolChoice === "string") return [];
  if ("name" in toolChoice) return [{ name: toolChoice.name, text: "{}" }];
  const [allowed] = toolChoice.allowed;
  return toolChoice.mode === "required" && allowed ? [{ name: allowed.name, text: "{}" }] : [];
}

/** A reply that reports the results of tools calls none. */
const NOTHING_TOLD = directivesIn("");

type Saying = Extract<ModelPart, { type: "text" | "refusal" | "reasoning" }>;

function* partsOf(say: {
  readonly thoughts: string;
  readonly answer: string;
  readonly refusal: string;
}): Generator<Saying> {
  for (const [text] of say.thoughts.matchAll(PIECES)) yield { type: "reasoning", text };
  for (const [text] of say.answer.matchAll(PIECES)) yield { type: "text", text };
  for (const [text] of say.refusal.matchAll(PIECES)) yield { type: "refusal", text };
}

/** It never doubts a word. */
const logprobsOf = ({ type, text }: Saying) =>
  type === "reasoning"
    ? {}
    : { logprobs: [{ token: text, logprob: 0, bytes: null, top_logprobs: [] }] };

/** @throws the signal's own reason, not the timer's wrapping of it */
async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(delayMs, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
