import type { Interruption } from "../domain/message.ts";
import type { TurnEnding, TurnEvent } from "../domain/turn.ts";

/** The writing end of one turn's log. */
export interface TurnWriter {
  /** Adds text to the reply; watchers get it joined with what came in the same moment. */
  append(text: string): void;
  /** Adds to what the model thinks on the way to its answer, which is no part of the reply's text. */
  think(text: string): void;
  /** Ends the log, once the ending is stored. Watchers get what is left, then this, then their stream ends. */
  end(ending: TurnEnding): void;
  /** Takes the log back, as if it had never been opened: the turn was not stored. */
  discard(): void;
}

/** What a watcher of a running turn gets; the acceptance is known to whoever may watch. */
export type LiveEvent = Exclude<TurnEvent, { type: "accepted" }>;

/** The next piece of what a model thinks. `offset`: the length of all before it, in UTF-16 code units. */
export type Thought = { readonly offset: number; readonly text: string };

/** The running turns and their events. Ended turns are the store's: a log may forget them at once. */
export interface TurnLog {
  /** @param onStop called with the cause if someone asks the conversation's turns to stop, on whichever replica */
  open(
    turn: { readonly replyId: string; readonly conversationId: string },
    onStop: (cause: Interruption) => void,
  ): TurnWriter;
  /**
   * The events after `position` (see TurnEvent) of a turn that runs in this process, to its ending.
   * Null if it does not. A watcher that is slow gets longer deltas, not more memory. Aborting ends
   * the iteration without an error.
   */
  follow(replyId: string, position: number, signal: AbortSignal): AsyncIterable<LiveEvent> | null;
  /** What the model of a turn in this process has thought and thinks, to the turn's end; null if it is not here. */
  followThoughts(replyId: string, signal: AbortSignal): AsyncIterable<Thought> | null;
  /**
   * The text of a turn that runs in another replica, up to where this log knows it: it ends without
   * an ending when the turn has ended or nobody can be asked, maybe at once. Then the store knows
   * more. Null for a server that runs alone.
   */
  readonly followElsewhere:
    | ((replyId: string, position: number, signal: AbortSignal) => AsyncIterable<LiveEvent>)
    | null;
  /**
   * Asks every turn of the conversation to stop, those that wait included, or the one of `replyId`
   * alone; gives whether there was one. Null: there was none here, and other replicas cannot be asked now.
   */
  stop(
    conversationId: string,
    cause: Interruption,
    replyId?: string | null,
  ): Promise<boolean | null>;
}
