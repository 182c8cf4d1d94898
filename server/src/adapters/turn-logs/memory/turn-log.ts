import type { Interruption } from "../../../domain/message.ts";
import type { TurnLog } from "../../../ports/turn-log.ts";
import { type LiveReply, liveReply, thoughtsOf } from "../shared/live-reply.ts";

type RunningTurn = {
  readonly conversationId: string;
  readonly onStop: (cause: Interruption) => void;
  readonly reply: LiveReply;
  readonly thoughts: LiveReply;
};

/** The turn log of a server that runs alone: the running turns, in memory; none of the ended ones. */
export function memoryTurnLog(): TurnLog {
  const turns = new Map<string, RunningTurn>();
  return {
    open({ replyId, conversationId }, onStop) {
      const reply = liveReply();
      const thoughts = liveReply();
      turns.set(replyId, { conversationId, onStop, reply, thoughts });
      return {
        append: reply.append,
        think: thoughts.append,
        end(ending) {
          turns.delete(replyId);
          thoughts.end(null);
          reply.end(ending);
        },
        discard: () => void turns.delete(replyId),
      };
    },
    follow: (replyId, position, signal) =>
      turns.get(replyId)?.reply.watch(position, signal) ?? null,
    followThoughts: (replyId, signal) => thoughtsOf(turns.get(replyId)?.thoughts, signal),
    followElsewhere: null,
    async stop(conversationId, cause, replyId = null) {
      const found = [...turns].filter(
        ([id, turn]) =>
          turn.conversationId === conversationId && (replyId === null || id === replyId),
      );
      for (const [, turn] of found) turn.onStop(cause);
      return found.length > 0;
    },
  };
}
