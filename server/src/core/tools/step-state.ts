import type { JsonObject } from "../../domain/json.ts";
import type { Usage } from "../../domain/message.ts";
import type { ModelPatterns } from "../../domain/model-patterns.ts";
import type { ModelSettings } from "../../ports/model.ts";
import type { ChosenTools } from "./tools.ts";

/**
 * A call is `wanted` once it is stored, `waiting` while its user is asked, `running` from before it leaves the server,
 * and `ended` once its result is stored. Nothing leaves the last state.
 */
export type CallState = {
  readonly callId: string;
  readonly state: "wanted" | "waiting" | "running" | "ended";
  /** How often it has been begun. */
  readonly attempt: number;
  /** As its tool said when it was begun. */
  readonly isRepeatable: boolean;
  /** How often its user was asked to sign in for it; absent: never. */
  readonly signIns?: number;
};

/** What the model is asked with, for a server that continues the reply of another. */
export type AskedState = {
  readonly origin: string;
  readonly agentId: string | null;
  /** Absent: none. */
  readonly projectId?: string | null;
  /** Whether the model may remember, as far as the conversation and the request say. Absent: it may not. */
  readonly mayRemember?: boolean;
  readonly model: string | null;
  readonly temperature: number | null;
  readonly settings: ModelSettings;
  readonly instructions: string | null;
  readonly refusesTruncation: boolean;
  /** The sequence of the first message that the model is not told of as history. */
  readonly before: number;
  /** Whether somebody can be asked whether a call is made; absent: nobody can. */
  readonly canAsk?: boolean;
  /** The names of the tools that the client runs, among those of `settings`; absent: none. */
  readonly clientTools?: readonly string[];
  /** Those of the server's tools that may be used; absent: all. */
  readonly chosenTools?: ChosenTools;
  /** The replies whose calls have begun the turn, by their ids, the outermost first; absent: none. */
  readonly within?: readonly string[];
  /** The models that the speaker may use. */
  readonly models: ModelPatterns | null;
};

/** How far a reply of several steps has come: a step is one answer of the model, with the calls that it asks for. */
export type StepState = {
  /** How many steps are behind it, that of `calls` included. */
  readonly step: number;
  /** Of that step. */
  readonly calls: readonly CallState[];
  /** How many calls there were in all steps. */
  readonly callCount: number;
  /** Somebody may have seen words after these calls that are not stored. */
  readonly isSpeaking: boolean;
  /** Of all these steps; null: a provider did not say. */
  readonly usage: Usage | null;
  /** Of the widest window that the answering model has had; absent: it was not noted. */
  readonly contextTokens?: number;
  readonly asked: AskedState;
};

/** How often a call is begun at most. */
const MAX_ATTEMPTS = 3;

/**
 * Whether a server may go on with a reply whose server is gone. It may not where words may have been seen that are
 * not stored, or where a call that must not be repeated may have been made.
 */
export const mayGoOn = ({ isSpeaking, calls }: Pick<StepState, "isSpeaking" | "calls">): boolean =>
  !isSpeaking &&
  calls.every(
    ({ state, isRepeatable, attempt }) =>
      state !== "running" || (isRepeatable && attempt < MAX_ATTEMPTS),
  );

export const toStored = (state: StepState): JsonObject => JSON.parse(JSON.stringify(state));

/** What `toStored` gave. */
export const fromStored = (stored: JsonObject): StepState => JSON.parse(JSON.stringify(stored));

/** The tokens of two steps; null: one of them is not known. */
export function sumOf(first: Usage | null, second: Usage | null): Usage | null {
  if (!first || !second) return null;
  const both = (field: "cachedTokens" | "reasoningTokens" | "costUsd") =>
    first[field] === undefined && second[field] === undefined
      ? {}
      : { [field]: (first[field] ?? 0) + (second[field] ?? 0) };
  return {
    promptTokens: first.promptTokens + second.promptTokens,
    completionTokens: first.completionTokens + second.completionTokens,
    totalTokens: first.totalTokens + second.totalTokens,
    ...both("cachedTokens"),
    ...both("reasoningTokens"),
    ...both("costUsd"),
  };
}
