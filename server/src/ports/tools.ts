import type { JsonObject } from "../domain/json.ts";
import type { ToolOutcome } from "../domain/parts.ts";
import type { Owner } from "../domain/principal.ts";

/** What a tool is called with. */
export type ToolInput = {
  readonly owner: Owner;
  readonly conversationId: string;
  readonly arguments: JsonObject;
  /** The same for every attempt at one call, and for no other call. */
  readonly key: string;
  /** The replies that wait for this call, by their ids: the one that it is made in last, before it those that caused it. */
  readonly within: readonly string[];
};

/** What became of a call, where that is more than a text. */
export type ToolAnswer = {
  /** What the model is told. */
  readonly text: string;
  /** Default: ok. `unknown`: the call was sent, and nobody can tell whether it was made. */
  readonly outcome?: Exclude<ToolOutcome, "declined">;
  /** What the answer may rest on, for the reader of the reply. */
  readonly sources?: readonly ToolSourceLink[];
  /** The call was not made, because its user has to sign in to the tool's source first. */
  readonly wantsSignIn?: boolean;
};

/** A page of the web that a result is from. */
export type ToolSourceLink = { readonly title: string; readonly url: string };

/** A tool that the server itself runs. */
export type ServerTool = {
  /** The name by which a model asks for it, which no other tool has: letters, digits, `_` and `-`, at most 64. */
  readonly name: string;
  /** Where it comes from, as people are shown it. */
  readonly source: string;
  /** What it does, for the model. */
  readonly description: string;
  /** A JSON schema of its arguments, an object. */
  readonly parameters: JsonObject;
  /**
   * Whether a call that a crash cut off may be made again. Otherwise it is made at most once, and its outcome is
   * unknown after a crash.
   */
  readonly isRepeatable: boolean;
  /** Whether a call leaves everything as it was, or may change or send something. */
  readonly effect: "reads" | "writes";
  /** Whether its user is asked before each call, unless a remembered grant says otherwise. */
  readonly asks: boolean;
  /**
   * Whether its results are the operator's or the user's own. Results of any other tool may have instructions by
   * strangers in them, and taint the turn.
   */
  readonly isTrusted: boolean;
  /** What its user must have switched on: it is offered and used then alone. Absent: nothing. */
  readonly needs?: "memory";
  /** How long a call may take; absent: a minute. */
  readonly timeoutMs?: number;
  /**
   * Makes the call, once. An aborted signal ends it.
   * @returns what the model is told; a text alone is the result of a call that went well
   * @throws AppError with a message for the model and for the reader of the reply; anything else is told as a failure
   */
  run(input: ToolInput, signal: AbortSignal): Promise<string | ToolAnswer>;
};
