import type { TurnEnding, TurnEvent } from "../domain/turn.ts";

/** The writing end of one turn's log. */
export interface TurnWriter {
  /** Adds text to the reply; watchers get it joined with what came in the same moment. */
  append(text: string): void;
  /** Ends the log. Watchers get what is left, then this, then their stream ends. */
  end(ending: TurnEnding): void;
}

/** The running turns and their events. Ended turns are the store's: a log may forget them at once. */
export interface TurnLog {
  /** @param onStop called once if someone asks the turn to stop, on whichever replica */
  open(replyId: string, onStop: () => void): TurnWriter;
  /**
   * The events after `position` (see TurnEvent; the acceptance is the caller's to give), for as long
   * as the turn runs and to its ending. Null if no turn of that id is running: then the store knows it.
   * A watcher that is slow gets longer deltas, not more memory. Aborting ends the iteration without an error.
   */
  follow(
    replyId: string,
    position: number,
    signal: AbortSignal,
  ): AsyncIterable<Exclude<TurnEvent, { type: "accepted" }>> | null;
  /** Asks the turn to stop; false if none of that id is running. */
  stop(replyId: string): Promise<boolean>;
}
