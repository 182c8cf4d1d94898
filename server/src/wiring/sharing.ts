import { randomUUID } from "node:crypto";
import { memoryConversationLock } from "../adapters/conversation-locks/memory/conversation-lock.ts";
import { redisConversationLock } from "../adapters/conversation-locks/redis/conversation-lock.ts";
import { memoryLimiter } from "../adapters/limiters/memory/limiter.ts";
import { redisLimiter } from "../adapters/limiters/redis/limiter.ts";
import { openRedisLink } from "../adapters/redis/link.ts";
import { memoryTurnLog } from "../adapters/turn-logs/memory/turn-log.ts";
import { redisTurnLog } from "../adapters/turn-logs/redis/turn-log.ts";
import type { Config } from "../config/config.ts";
import type { ConversationLock } from "../ports/conversation-lock.ts";
import type { Limiter } from "../ports/limiter.ts";
import type { TurnLog } from "../ports/turn-log.ts";

/** The parts that replicas share besides the store. */
export type Sharing = {
  readonly log: TurnLog;
  readonly lock: ConversationLock;
  readonly limiter: Limiter;
  /** Null: this server runs alone. */
  readonly isRedisUp: (() => boolean) | null;
  close(): Promise<void>;
};

/** @param onChange told when Redis goes away and when it comes back */
export async function chooseSharing(
  { redisUrl, redisPrefix }: Pick<Config, "redisUrl" | "redisPrefix">,
  onChange: (isUp: boolean) => void,
): Promise<Sharing> {
  const lock = memoryConversationLock();
  const limiter = memoryLimiter();
  if (!redisUrl) return { log: memoryTurnLog(), lock, limiter, isRedisUp: null, async close() {} };
  const link = await openRedisLink(redisUrl, { replicaId: randomUUID(), prefix: redisPrefix });
  if (!link.isUp) onChange(false);
  link.onChange(onChange);
  const shared = {
    log: redisTurnLog(link),
    lock: redisConversationLock(link, lock),
    limiter: redisLimiter(link, limiter),
  };
  return {
    ...shared,
    isRedisUp: () => link.isUp,
    async close() {
      for (const part of Object.values(shared)) part.close();
      await link.close();
    },
  };
}
