import type { GrowingParts } from "../domain/growing-parts.ts";
import type { Interruption } from "../domain/message.ts";
import type { Part, PartDelta } from "../domain/parts.ts";
import type { Sink, StopGiving } from "../domain/sink.ts";
import type { TurnEnding } from "../domain/turn.ts";

/** The writing end of one turn's log. */
export interface TurnWriter {
  /** What the reply is so far. */
  readonly reply: Omit<GrowingParts, "add" | "grow" | "apply">;
  /**
   * Adds a part to the reply, or text to its last part (domain/parts.ts, `append`); watchers get what came
   * in one moment at once.
   */
  add(part: Part): void;
  /** Adds text to the part that was added last. */
  grow(text: string): void;
  /**
   * Ends the log, once the ending is stored. Watchers get the rest of the text, then the ending, and then
   * their stream ends.
   */
  end(ending: TurnEnding): void;
  /** Removes the log as if it had never been opened, because the turn was not stored. */
  discard(): void;
}

/** What a watcher of a running turn gets; the position of an ending is that of `endingOfParts`. */
export type PartsEvent = PartDelta | TurnEnding;

/** The running turns and their events. Ended turns belong to the store, so a log may forget them at once. */
export interface TurnLog {
  /** @param onStop called with the cause if someone asks the conversation's turns to stop, on whichever replica */
  open(
    turn: { readonly replyId: string; readonly conversationId: string },
    onStop: (cause: Interruption) => void,
  ): TurnWriter;
  /**
   * Pushes what came after `position`, a length of the reply (domain/parts.ts), of a turn that runs in this process, to
   * its ending. Null if it does not. A watcher that pauses gets longer steps, not more memory.
   */
  watch(replyId: string, position: number, sink: Sink<PartsEvent>): StopGiving | null;
  /**
   * The same of a turn that runs in another replica, up to where this log knows it: it ends without
   * an ending when the turn has ended or nobody can be asked, maybe at once. Then the store knows
   * more. Null for a server that runs alone.
   */
  readonly watchElsewhere:
    | ((replyId: string, position: number, sink: Sink<PartsEvent>) => StopGiving)
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
