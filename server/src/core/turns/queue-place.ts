import { TRUNK } from "../../domain/branches.ts";
import type { Interruption } from "../../domain/message.ts";
import type { TurnWriter } from "../../ports/turn-log.ts";
import type { TurnParts } from "./turn.ts";

/** A turn's place in the queue of a conversation's branch, with the log of its reply. */
export type QueuePlace = {
  /** Whether no turn was ahead; a promise where other replicas have to be asked. */
  readonly isFirst: boolean | Promise<boolean>;
  readonly writer: TurnWriter;
  /** Leaves the queue; the turn has ended. Must be called exactly once, unless `discard` is. */
  leave(): void;
  /** Takes the log back and leaves the queue; the turn was not stored, or not in this conversation. */
  discard(): void;
};

/** @param onStop called with the cause when somebody asks the conversation's turns to stop */
export function takePlace(
  { lock, log }: Pick<TurnParts, "lock" | "log">,
  turn: { readonly replyId: string; readonly conversationId: string; readonly branch: number },
  onStop: (cause: Interruption) => void,
): QueuePlace {
  const { isFirst, leave } = lock.enter(queueOf(turn));
  const { replyId, conversationId } = turn;
  const writer = log.open({ replyId, conversationId }, onStop);
  return {
    isFirst,
    writer,
    leave,
    discard() {
      writer.discard();
      leave();
    },
  };
}

/** Branches are answered beside each other. */
const queueOf = (turn: { readonly conversationId: string; readonly branch: number }): string =>
  turn.branch === TRUNK ? turn.conversationId : `${turn.conversationId}/${turn.branch}`;
