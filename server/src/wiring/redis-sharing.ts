import { randomUUID } from "node:crypto";
import { redisAnswerExchange } from "../adapters/answer-exchanges/redis/answer-exchange.ts";
import { redisConversationLock } from "../adapters/conversation-locks/redis/conversation-lock.ts";
import { redisLimiter } from "../adapters/limiters/redis/limiter.ts";
import { openRedisLink } from "../adapters/redis/link.ts";
import { redisTurnLog } from "../adapters/turn-logs/redis/turn-log.ts";
import type { ConversationLock } from "../ports/conversation-lock.ts";
import type { Limiter } from "../ports/limiter.ts";
import type { Sharing } from "./shared-parts.ts";

/**
 * The parts that replicas share by Redis.
 * @param parts.lock and `limiter`: this server's own, which hold while Redis is away
 */
export async function shareByRedis({
  url,
  prefix,
  lock,
  limiter,
  onChange,
}: {
  readonly url: string;
  readonly prefix: string;
  readonly lock: ConversationLock;
  readonly limiter: Limiter;
  readonly onChange: (isUp: boolean) => void;
}): Promise<Sharing> {
  const link = await openRedisLink(url, { replicaId: randomUUID(), prefix });
  if (!link.isUp) onChange(false);
  link.onChange(onChange);
  const shared = {
    log: redisTurnLog(link),
    lock: redisConversationLock(link, lock),
    limiter: redisLimiter(link, limiter),
    answerExchange: redisAnswerExchange(link),
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
