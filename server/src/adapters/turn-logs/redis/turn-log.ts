import type { TurnLog } from "../../../ports/turn-log.ts";
import type { RedisLink } from "../../redis/link.ts";
import type { Channels } from "./channels.ts";
import { encodeStop } from "./messages.ts";
import { mirrors } from "./mirrors.ts";
import { ownTurns } from "./own-turns.ts";

/**
 * The turn log of several replicas. A running reply is in the memory of the replica that generates
 * it. Another replica that has a watcher asks it for the text, and from then on gets what is new;
 * positions tell what is missing. Redis carries the messages and keeps nothing, so that there is
 * nothing in it to lose, to fill it or to clean up.
 */
export function redisTurnLog(link: RedisLink): TurnLog & { close(): void } {
  const channels: Channels = {
    reply: (replyId) => `${link.prefix}reply:${replyId}`,
    conversation: (conversationId) => `${link.prefix}stop:${conversationId}`,
    inbox: (replicaId) => `${link.prefix}text:${replicaId}`,
  };
  const own = ownTurns(link, channels);
  const others = mirrors(link, channels);
  return {
    open: own.open,
    watch: own.watch,
    watchElsewhere: others.watch,
    async stop(conversationId, cause, replyId = null) {
      const isHere = own.stop(conversationId, cause, replyId);
      if (isHere && replyId !== null) return true;
      const hearing = await link
        .publish(
          channels.conversation(conversationId),
          encodeStop({ asker: link.replicaId, cause, replyId }),
        )
        .catch(() => null);
      if (hearing === null) return isHere || null;
      return isHere || hearing > (own.has(conversationId) ? 1 : 0);
    },
    close: others.close,
  };
}
