import type { Usage } from "../domain/message.ts";
import type { ToolOutcome } from "../domain/parts.ts";

/**
 * Told of what happens in turns, for metrics, traces and logs. Never given a text that a user or a model wrote.
 * What it throws is logged and changes nothing for the turn.
 */
export interface TurnObserver {
  /** Gives the observer of this one turn. */
  begin(turn: {
    readonly replyId: string;
    /** Null: nothing of the turn is stored. */
    readonly conversationId: string | null;
    readonly origin: string;
    readonly model: string;
  }): TurnObservation;
}

export interface TurnObservation {
  /** The turn left its conversation's queue and asks the model. */
  asked(): void;
  firstToken(): void;
  /** A call of a tool leaves the server. Absent: this observer is told nothing of calls. */
  called?(call: ObservedCall): CallObservation;
  ended(end: {
    readonly status: "complete" | "waiting" | "interrupted" | "failed";
    readonly model: string;
    readonly usage: Usage | null;
    readonly finishReason: string | null;
    readonly errorCode: string | null;
  }): void;
}

/** A call of a tool that the server itself makes: never its arguments, and never its result. */
export type ObservedCall = {
  readonly callId: string;
  /** The name by which models ask for the tool. */
  readonly tool: string;
  /** The label of a source that the operator has set, or of the server's own tools: one of few. */
  readonly source: string;
};

export interface CallObservation {
  /** @param outcome `unknown`: nobody waits for the result any more, or nobody can tell what became of the call */
  ended(outcome: ToolOutcome): void;
}
