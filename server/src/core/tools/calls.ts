import { toAppError } from "../../domain/errors.ts";
import type { JsonObject } from "../../domain/json.ts";
import type { Part } from "../../domain/parts.ts";
import type { Owner } from "../../domain/principal.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ServerTool, ToolAnswer, ToolSourceLink } from "../../ports/tools.ts";
import type { CallState } from "./step-state.ts";
import type { Tools } from "./tools.ts";

export type ToolCall = Extract<Part, { type: "tool_call" }>;
export type ToolResult = Extract<Part, { type: "tool_result" }>;
type Citation = Extract<Part, { type: "citation" }>;
/** A result with what it cites. */
type Ended = { readonly result: ToolResult; readonly sources: readonly ToolSourceLink[] };

/** Of one reply, at a time. */
const MAX_RUNNING = 8;
/** Of one step. */
const MAX_CALLS_A_STEP = 32;
const MAX_ARGUMENTS_CHARACTERS = 64 * 1024;
const MAX_RESULT_CHARACTERS = 32 * 1024;
const CALL_TIMEOUT_MS = 60_000;
/** Of one result. */
const MAX_SOURCES = 20;
const MAX_TITLE_CHARACTERS = 300;
const MAX_URL_CHARACTERS = 2_000;

type CallsOfStep = {
  readonly tools: Pick<Tools, "find">;
  readonly clock: Clock;
  readonly owner: Owner;
  readonly conversationId: string;
  readonly replyId: string;
  readonly calls: readonly ToolCall[];
  /** As they were noted by a server that is gone; empty: nothing is noted. */
  readonly noted: readonly CallState[];
  /** How many characters of words the reply has before the results. */
  readonly wordCount: number;
  /** How many more characters of results the model can be told. */
  readonly room: { characters: number };
  /** Aborted when the reply ends. */
  readonly signal: AbortSignal;
  /** Stores the states together with the results that are new, each before what it cites. @throws what ends the reply */
  note(states: readonly CallState[], results: readonly (ToolResult | Citation)[]): Promise<void>;
  /** Shows results that are stored. */
  show(results: readonly (ToolResult | Citation)[]): void;
};

type Runnable = { readonly call: ToolCall; readonly tool: ServerTool; readonly given: JsonObject };

/**
 * Makes the calls of a step, several at a time, and resolves when each has a result, or when the signal is aborted. A
 * call is noted as running before it leaves the server, and its result is shown once it is noted.
 * @param states told of what becomes of each call, so that whoever ends the reply knows it
 */
export async function makeCalls(step: CallsOfStep, states: Map<string, CallState>): Promise<void> {
  const { signal, room } = step;
  const waiting: Runnable[] = [];
  let ended: Ended[] = [];
  let running = 0;
  let wake = () => {};
  const known = new Map(step.noted.map((state) => [state.callId, state]));
  for (const [place, call] of step.calls.entries()) {
    const { callId } = call;
    const noted = known.get(callId);
    if (noted?.state === "ended") {
      states.set(callId, noted);
      continue;
    }
    const judged = judge(step.tools, call, place);
    const isRepeatable = "tool" in judged && judged.tool.isRepeatable;
    states.set(callId, { callId, state: "wanted", attempt: noted?.attempt ?? 0, isRepeatable });
    if ("tool" in judged) waiting.push(judged);
    else ended.push({ result: judged, sources: [] });
  }
  const wakeUp = () => wake();
  signal.addEventListener("abort", wakeUp);
  const begin = ({ call, tool, given }: Runnable) => {
    running++;
    const { owner, conversationId, replyId, clock } = step;
    const key = `${replyId}/${call.callId}`;
    const input = { owner, conversationId, arguments: given, key };
    void make(tool, input, { clock, signal }).then((made) => {
      running--;
      if (made) {
        const { sources, ...result } = made;
        ended.push({ result: { type: "tool_result", callId: call.callId, ...result }, sources });
      }
      wake();
    });
  };
  const set = (callId: string, change: (state: CallState) => Partial<CallState>) => {
    const state = states.get(callId);
    if (state) states.set(callId, { ...state, ...change(state) });
  };
  try {
    while (!signal.aborted) {
      const begun = waiting.splice(0, MAX_RUNNING - running);
      const results = ended.flatMap(({ result, sources }) => [
        fitting(result, room),
        ...sources.flatMap((source) => citationOf(source, step.wordCount)).slice(0, MAX_SOURCES),
      ]);
      for (const { result } of ended) set(result.callId, () => ({ state: "ended" }));
      ended = [];
      for (const { call } of begun)
        set(call.callId, ({ attempt }) => ({ state: "running", attempt: attempt + 1 }));
      if (begun.length > 0 || results.length > 0) {
        await step.note([...states.values()], results);
        step.show(results);
        if (signal.aborted) {
          // They were noted, and never left.
          for (const { call } of begun) set(call.callId, () => ({ state: "wanted" }));
          return;
        }
        for (const one of begun) begin(one);
      }
      if (running === 0 && waiting.length === 0 && ended.length === 0) return;
      if (ended.length > 0) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    signal.removeEventListener("abort", wakeUp);
  }
}

/** What became of a call, before it is cut to the room that there is. */
type Made = Pick<ToolResult, "outcome" | "text"> & Pick<Ended, "sources">;

/** What is to be run, or why nothing is. */
function judge(tools: Pick<Tools, "find">, call: ToolCall, place: number): Runnable | ToolResult {
  const { callId, name } = call;
  const refused = (text: string): ToolResult => ({
    type: "tool_result",
    callId,
    outcome: "failed",
    text,
  });
  const tool = tools.find(name);
  if (!tool) return refused("There is no tool of that name.");
  if (place >= MAX_CALLS_A_STEP)
    return refused(`Not made: at most ${MAX_CALLS_A_STEP} calls are made at a time.`);
  if (call.arguments.length > MAX_ARGUMENTS_CHARACTERS)
    return refused(
      `Not made: arguments have at most ${MAX_ARGUMENTS_CHARACTERS.toLocaleString("en")} characters.`,
    );
  const given = objectIn(call.arguments);
  if (!given) return refused("Not made: the arguments are no JSON object.");
  return { call, tool, given };
}

/** Null: it is not JSON, or no object. Models write nothing at all where a tool takes no arguments. */
function objectIn(text: string): JsonObject | null {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Runs a tool, for a bounded time; null: the reply has ended, and nobody waits for the result. Never rejects. */
async function make(
  tool: ServerTool,
  input: Parameters<ServerTool["run"]>[0],
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Made | null> {
  const over = new AbortController();
  const end = () => over.abort();
  signal.addEventListener("abort", end);
  const made = (async () => tool.run(input, over.signal))().then(
    answerOf,
    (error: unknown) => ({ outcome: "failed", text: toldOf(error), sources: [] }) as const,
  );
  const isLate = clock.sleep(tool.timeoutMs ?? CALL_TIMEOUT_MS, over.signal).then(
    () => (signal.aborted ? null : lateResult(tool)),
    () => null,
  );
  try {
    const result = await Promise.race([made, isLate]);
    return signal.aborted ? null : result;
  } finally {
    signal.removeEventListener("abort", end);
    end();
  }
}

function answerOf(answer: string | ToolAnswer): Made {
  if (typeof answer === "string") return { outcome: "ok", text: answer, sources: [] };
  const { text, outcome = "ok", sources = [] } = answer;
  return { outcome, text, sources };
}

const lateResult = ({ isRepeatable, timeoutMs = CALL_TIMEOUT_MS }: ServerTool): Made => ({
  outcome: isRepeatable ? "failed" : "unknown",
  text: `The tool gave no result within ${timeoutMs / 1000} s.`,
  sources: [],
});

/** Nothing where it is no address of the web. */
function citationOf({ title, url }: ToolSourceLink, wordCount: number): Citation | [] {
  const address = URL.parse(url);
  if (!address || !/^https?:$/u.test(address.protocol) || address.href.length > MAX_URL_CHARACTERS)
    return [];
  return {
    type: "citation",
    title: storable(title).slice(0, MAX_TITLE_CHARACTERS).toWellFormed(),
    url: address.href,
    fileId: null,
    quote: "",
    from: wordCount,
    to: wordCount,
  };
}

/** What a store cannot return exactly is not stored. */
const storable = (text: string): string => text.replaceAll("\0", "\u{FFFD}").toWellFormed();

function toldOf(error: unknown): string {
  const { code, message } = toAppError(error);
  return code === "internal" ? "The tool failed." : message;
}

/** A result within what one may have, and within what the model can still be told. */
function fitting(result: ToolResult, room: { characters: number }): ToolResult {
  const text = storable(result.text);
  const most = Math.min(MAX_RESULT_CHARACTERS, Math.max(0, room.characters));
  room.characters -= Math.min(text.length, most);
  if (text.length <= most) return { ...result, text };
  const left = `${text.length.toLocaleString("en")} characters, of which ${most.toLocaleString("en")} have room`;
  return { ...result, text: `${text.slice(0, most).toWellFormed()}\n[Cut off: ${left}]` };
}

/** The results of calls that the reply has ended without: what was begun may have been made. */
export const unanswered = (
  parts: readonly Part[],
  states: ReadonlyMap<string, CallState>,
): ToolResult[] => {
  const answered = new Set(parts.map((part) => part.type === "tool_result" && part.callId));
  return parts.flatMap((part): ToolResult[] => {
    if (part.type !== "tool_call" || answered.has(part.callId)) return [];
    const { callId } = part;
    const isBegun = states.get(callId)?.state === "running";
    return [
      isBegun
        ? { type: "tool_result", callId, outcome: "unknown", text: MAYBE_MADE }
        : { type: "tool_result", callId, outcome: "declined", text: NOT_MADE },
    ];
  });
};

const MAYBE_MADE =
  "The reply ended before the tool answered: the call may or may not have been made.";
const NOT_MADE = "Not made: the reply ended before.";
