import { Redis } from "ioredis";
import type { Config } from "../../config/config.ts";
import { type Finding, fine, warning, wordsOf } from "./finding.ts";

const CHECK = "REDIS_URL";
const PATIENCE_MS = 3000;

/** Checks whether Redis answers. Messages are stored and answered without it, so its absence is only a warning. */
export async function checkRedis({ redisUrl }: Config): Promise<Finding[]> {
  if (!redisUrl) return [];
  const { host } = new URL(redisUrl);
  const redis = new Redis(redisUrl, {
    lazyConnect: true,
    connectTimeout: PATIENCE_MS,
    commandTimeout: PATIENCE_MS,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
  });
  let reason: unknown = null;
  redis.on("error", (error) => {
    reason ??= error;
  });
  try {
    const beganAt = performance.now();
    await redis.connect();
    await redis.ping();
    return [fine(CHECK, `${host} answers in ${Math.ceil(performance.now() - beganAt)} ms`)];
  } catch (error) {
    return [
      warning(
        CHECK,
        `${host} does not answer (${wordsOf(reason ?? error)}): limits are each replica's own, and streams go on from the store alone`,
        "start it, or correct REDIS_URL; running servers find it by themselves",
      ),
    ];
  } finally {
    redis.disconnect();
  }
}
