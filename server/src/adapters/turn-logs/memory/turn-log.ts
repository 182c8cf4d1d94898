import type { Interruption } from "../../../domain/message.ts";
import { NamedPlaces } from "../../../domain/places.ts";
import type { TurnLog } from "../../../ports/turn-log.ts";
import { type LiveReply, liveReply } from "../shared/live-reply.ts";

type RunningTurn = {
  readonly replyId: string;
  readonly conversationId: string;
  readonly onStop: (cause: Interruption) => void;
  readonly reply: LiveReply;
};

/** The turn log of a server that runs alone: the running turns, in memory; none of the ended ones. */
export function memoryTurnLog(): TurnLog {
  const turns = new NamedPlaces<RunningTurn>();
  return {
    open({ replyId, conversationId }, onStop) {
      const reply = liveReply();
      turns.set(replyId, { replyId, conversationId, onStop, reply });
      return {
        reply,
        add: reply.add,
        grow: reply.grow,
        end(ending) {
          turns.delete(replyId);
          reply.end(ending);
        },
        discard: () => void turns.delete(replyId),
      };
    },
    watch: (replyId, position, sink) => turns.get(replyId)?.reply.watch(position, sink) ?? null,
    watchElsewhere: null,
    async stop(conversationId, cause, replyId = null) {
      const found = turns
        .values()
        .filter(
          (turn) =>
            turn.conversationId === conversationId &&
            (replyId === null || turn.replyId === replyId),
        );
      for (const turn of found) turn.onStop(cause);
      return found.length > 0;
    },
  };
}
