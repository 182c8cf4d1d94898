import type { Usage } from "../domain/message.ts";

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
  ended(end: {
    readonly status: "complete" | "waiting" | "interrupted" | "failed";
    readonly model: string;
    readonly usage: Usage | null;
    readonly finishReason: string | null;
    readonly errorCode: string | null;
  }): void;
}
