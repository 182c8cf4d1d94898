import { createHash } from "node:crypto";
import type { Redis } from "ioredis";

/** A script that Redis runs as one step; sent once, and again to a Redis that has forgotten it. */
export function redisScript(lua: string) {
  const digest = createHash("sha1").update(lua).digest("hex");
  return async (client: Redis, key: string, ...args: readonly (string | number)[]) => {
    try {
      return await client.evalsha(digest, 1, key, ...args);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
      return client.eval(lua, 1, key, ...args);
    }
  };
}
