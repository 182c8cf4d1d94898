import type { JsonObject } from "../../domain/json.ts";
import { CLIENT_TOOLS } from "../../domain/parts.ts";
import type { Owner } from "../../domain/principal.ts";
import type { ClientResult, QuestionKind, ToolQuestion } from "../../domain/tool-question.ts";
import type { Clock } from "../../ports/clock.ts";
import type { CallObservation, ObservedCall } from "../../ports/observer.ts";
import type { ServerTool } from "../../ports/tools.ts";
import type { Permission } from "./permissions.ts";
import {
  citationsOf,
  clientWasLate,
  DECLINED,
  declined,
  type Ended,
  failed,
  fitting,
  NO_TOOL,
  NOBODY_ALLOWED,
  NOBODY_TO_ASK,
  NOT_SIGNED_IN,
  SIGN_IN_IN_VAIN,
  type Told,
  type ToolCall,
  type ToolResult,
} from "./results.ts";
import { make } from "./run-tool.ts";
import { sha256Of } from "./sha256.ts";
import type { CallState } from "./step-state.ts";
import type { Tools } from "./tools.ts";

/** Of one reply, at a time. */
const MAX_RUNNING = 8;
/** Of one step. */
const MAX_CALLS_A_STEP = 32;
const MAX_ARGUMENTS_CHARACTERS = 64 * 1024;
/** How often the user is asked to sign in for one call: once more, if the source did not take it the first time. */
const MAX_SIGN_INS = 2;
/** How often a server that makes other calls looks whether somebody has decided. */
const LOOK_MS = 500;

type CallsOfStep = {
  readonly tools: Pick<Tools, "find" | "isOfClient">;
  readonly clock: Clock;
  readonly owner: Owner;
  readonly conversationId: string;
  readonly replyId: string;
  /** The replies that wait for this one. */
  readonly within: readonly string[];
  readonly calls: readonly ToolCall[];
  /** As they were noted by a server that is gone, or before somebody was asked; empty: nothing is noted. */
  readonly noted: readonly CallState[];
  /** How many characters of words the reply has before the results. */
  readonly wordCount: number;
  /** How many more characters of results the model can be told. */
  readonly room: { characters: number };
  /** Aborted when the reply ends. */
  readonly signal: AbortSignal;
  /** How long somebody is asked. */
  readonly waitMs: number;
  /** Whether somebody can be asked. */
  readonly canAsk: boolean;
  /** Whether a tool may be used now. @throws what ends the reply */
  permission(tool: ServerTool): Promise<Permission>;
  /** What was asked about this reply, and what was decided. @throws what ends the reply */
  questions(): Promise<readonly ToolQuestion[]>;
  /** Stores the states together with the results, each before what it cites, and the questions that are new. @throws what ends the reply */
  note(
    states: readonly CallState[],
    results: readonly Told[],
    questions: readonly ToolQuestion[],
  ): Promise<void>;
  /** Lets go of the reply until somebody decides about one of these calls; `decided`: somebody has. @throws what ends the reply */
  park(waiting: readonly string[]): Promise<"parked" | "decided">;
  /** Told of each call that leaves the server. Never throws. */
  watch(call: ObservedCall): CallObservation;
  /** Shows results that are stored. */
  show(results: readonly Told[]): void;
};

/** Of a client's tool: the reply waits for its result. */
type OfClient = { readonly call: ToolCall; readonly tool: "client" };
type Runnable = { readonly call: ToolCall; readonly tool: ServerTool; readonly given: JsonObject };

/**
 * Makes the calls of a step, several at a time, and resolves when each has a result, with `parked` when those that have
 * none wait for a decision, or when the signal is aborted. A call is noted as running before it leaves the server, and its
 * result is shown once it is noted.
 * @param states told of what becomes of each call, so that whoever ends the reply knows it
 * @returns the results that came last: the caller notes and shows them, and may ask the model meanwhile
 */
export async function makeCalls(
  step: CallsOfStep,
  states: Map<string, CallState>,
): Promise<readonly Told[] | "parked"> {
  const { signal, room } = step;
  const waiting: Runnable[] = [];
  /** By the id of the call. */
  const asked = new Map<string, ToolCall>();
  let asking: ToolQuestion[] = [];
  let ended: Ended[] = [];
  let running = 0;
  let wake = () => {};
  const end = (result: ToolResult) => ended.push({ result, sources: [] });
  const set = (callId: string, change: (state: CallState) => Partial<CallState>) => {
    const state = states.get(callId);
    if (state) states.set(callId, { ...state, ...change(state) });
  };
  const take = async (call: ToolCall, place: number, isAllowed: boolean) => {
    const { callId } = call;
    const judged = judge(step.tools, call, place);
    const permission = "tool" in judged ? await permissionFor(step, judged.tool) : "refused";
    const isRepeatable = "given" in judged && judged.tool.isRepeatable;
    const { attempt = 0, signIns } = states.get(callId) ?? {};
    const counted = signIns === undefined ? {} : { signIns };
    states.set(callId, { callId, state: "wanted", attempt, isRepeatable, ...counted });
    if (!("tool" in judged)) end(judged);
    else if (permission === "refused") end(failed(call, NO_TOOL));
    else if ("given" in judged && (permission === "run" || isAllowed)) waiting.push(judged);
    else if (permission === "not here") end(failed(call, NOBODY_TO_ASK));
    else {
      asked.set(callId, call);
      asking.push(await questionAbout(step, call, sourceOf(judged), "call"));
      set(callId, () => ({ state: "waiting" }));
    }
  };
  /** Has the user sign in, where that can be asked and was not asked in vain. */
  const askToSignIn = async (
    { call, tool }: Runnable,
    result: ToolResult,
  ): Promise<ToolQuestion | null> => {
    const { signIns = 0 } = states.get(call.callId) ?? {};
    if (step.canAsk && signIns < MAX_SIGN_INS)
      return questionAbout(step, call, tool.source, "sign_in");
    end(signIns > 0 ? failed(call, SIGN_IN_IN_VAIN) : result);
    return null;
  };
  const known = new Map(step.noted.map((state) => [state.callId, state]));
  const isAsked = step.noted.some(({ state }) => state === "waiting");
  const stored = new Set(isAsked ? (await step.questions()).map(({ callId }) => callId) : []);
  for (const [place, call] of step.calls.entries()) {
    const { callId } = call;
    const noted = known.get(callId);
    if (noted) states.set(callId, noted);
    if (noted?.state === "ended") continue;
    if (noted?.state === "waiting" && stored.has(callId)) asked.set(callId, call);
    else await take(call, place, false);
  }
  let isToLook = asked.size > 0;
  /** Continues with the calls that have been decided about. */
  const look = async () => {
    isToLook = false;
    for (const question of await step.questions()) {
      const { callId, decision, arguments: given, source, result, kind } = question;
      const call = decision === null ? undefined : asked.get(callId);
      // What is stored of a call that is asked about anew is the answer to an earlier question.
      if (!call || asking.some((one) => one.callId === callId)) continue;
      asked.delete(callId);
      // What runs is the text that was shown.
      if (decision === "allow") await take({ ...call, arguments: given }, 0, true);
      else if (result) end({ type: "tool_result", callId, ...toldOf(result) });
      else if (source === CLIENT_TOOLS) end(clientWasLate(call));
      else if (kind === "sign_in") end(declined(call, NOT_SIGNED_IN));
      else end(declined(call, decision === "expired" ? NOBODY_ALLOWED : DECLINED));
    }
  };
  const wakeUp = () => wake();
  signal.addEventListener("abort", wakeUp);
  const begin = (runnable: Runnable) => {
    const { call, tool, given } = runnable;
    running++;
    const { owner, conversationId, replyId, clock } = step;
    const key = `${replyId}/${call.callId}`;
    const within = [...step.within, replyId];
    const input = { owner, conversationId, arguments: given, key, within };
    const watched = step.watch({ callId: call.callId, tool: tool.name, source: tool.source });
    void make(tool, input, { clock, signal }).then(async (result) => {
      watched.ended(result?.outcome ?? "unknown");
      if (result) {
        const { sources, wantsSignIn, ...told } = result;
        const shown = { type: "tool_result", callId: call.callId, ...told } as const;
        const question = wantsSignIn ? await askToSignIn(runnable, shown) : null;
        if (question) {
          asked.set(call.callId, call);
          asking.push(question);
          set(call.callId, ({ signIns = 0 }) => ({ state: "waiting", signIns: signIns + 1 }));
        } else if (!wantsSignIn) ended.push({ result: shown, sources });
      }
      running--;
      wake();
    });
  };
  try {
    while (!signal.aborted) {
      if (isToLook) await look();
      const begun = waiting.splice(0, MAX_RUNNING - running);
      const results = ended.flatMap(({ result, sources }) => [
        fitting(result, room),
        ...citationsOf(sources, step.wordCount),
      ]);
      for (const { result } of ended) set(result.callId, () => ({ state: "ended" }));
      const questions = asking;
      ended = [];
      asking = [];
      for (const { call } of begun)
        set(call.callId, ({ attempt }) => ({ state: "running", attempt: attempt + 1 }));
      const isLast = running === 0 && asked.size === 0 && begun.length === 0;
      if (isLast && questions.length === 0) return results;
      if (begun.length > 0 || results.length > 0 || questions.length > 0) {
        await step.note([...states.values()], results, questions);
        step.show(results);
        if (signal.aborted) {
          // They were noted, and never left.
          for (const { call } of begun) set(call.callId, () => ({ state: "wanted" }));
          return [];
        }
        for (const one of begun) begin(one);
      }
      if (running === 0 && ended.length === 0 && asking.length === 0) {
        if ((await step.park([...asked.keys()])) === "parked") return "parked";
        isToLook = true;
        continue;
      }
      if (ended.length > 0 || asking.length > 0) continue;
      const news = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (asked.size === 0) await news;
      else {
        const over = new AbortController();
        await Promise.race([news, step.clock.sleep(LOOK_MS, over.signal).catch(() => {})]);
        over.abort();
        isToLook = true;
      }
    }
    return [];
  } finally {
    signal.removeEventListener("abort", wakeUp);
  }
}

async function questionAbout(
  { conversationId, replyId, clock, waitMs }: CallsOfStep,
  { callId, name: tool, arguments: given }: ToolCall,
  source: string,
  kind: QuestionKind,
): Promise<ToolQuestion> {
  const askedAt = clock.now();
  return {
    ...{ conversationId, replyId, callId, kind, source, tool, askedAt },
    ...{ decision: null, result: null },
    arguments: given,
    argumentsSha256: await sha256Of(given),
    expiresAt: new Date(askedAt.getTime() + waitMs),
  };
}

/** The client of a turn has brought its tools for the very calls that are asked for. */
const permissionFor = ({ permission }: CallsOfStep, tool: ServerTool | "client") =>
  tool === "client" ? "ask" : permission(tool);

const sourceOf = ({ tool }: Runnable | OfClient): string =>
  tool === "client" ? CLIENT_TOOLS : tool.source;

const toldOf = ({ outcome, text }: ClientResult) => ({ outcome, text });

/** What is to be run, here or by the client, or why nothing is. */
function judge(
  tools: CallsOfStep["tools"],
  call: ToolCall,
  place: number,
): Runnable | OfClient | ToolResult {
  const refused = (text: string) => failed(call, text);
  const tool = tools.isOfClient(call.name) ? "client" : tools.find(call.name);
  if (!tool) return refused(NO_TOOL);
  if (place >= MAX_CALLS_A_STEP)
    return refused(`Not made: at most ${MAX_CALLS_A_STEP} calls are made at a time.`);
  if (call.arguments.length > MAX_ARGUMENTS_CHARACTERS)
    return refused(
      `Not made: arguments have at most ${MAX_ARGUMENTS_CHARACTERS.toLocaleString("en")} characters.`,
    );
  const given = objectIn(call.arguments);
  if (!given) return refused("Not made: the arguments are no JSON object.");
  return tool === "client" ? { call, tool } : { call, tool, given };
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
