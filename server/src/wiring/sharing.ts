import { memoryConversationLock } from "../adapters/conversation-locks/memory/conversation-lock.ts";
import { memoryLimiter } from "../adapters/limiters/memory/limiter.ts";
import { memoryTurnLog } from "../adapters/turn-logs/memory/turn-log.ts";
import type { Config } from "../config/config.ts";
import type { Sharing } from "./shared-parts.ts";

/**
 * What needs Redis is loaded only where there is one.
 * @param onChange told when Redis goes away and when it comes back
 */
export async function chooseSharing(
  { redisUrl, redisPrefix }: Pick<Config, "redisUrl" | "redisPrefix">,
  onChange: (isUp: boolean) => void,
): Promise<Sharing> {
  const lock = memoryConversationLock();
  const limiter = memoryLimiter();
  if (!redisUrl) {
    const log = memoryTurnLog();
    return { log, lock, limiter, answerExchange: null, isRedisUp: null, async close() {} };
  }
  const { shareByRedis } = await import("./redis-sharing.ts");
  return shareByRedis({ url: redisUrl, prefix: redisPrefix, lock, limiter, onChange });
}
