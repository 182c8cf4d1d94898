import { memoryLimiter } from "../src/adapters/limiters/memory/limiter.ts";
import { redisLimiter } from "../src/adapters/limiters/redis/limiter.ts";
import { limiterContract } from "./limiter.contract.ts";
import { twoReplicas } from "./redis-replicas.ts";
import { skipWithoutRedis } from "./redis-server.ts";

limiterContract("memory", async () => {
  const limiter = memoryLimiter();
  return { limiters: [limiter, limiter], async [Symbol.asyncDispose]() {} };
});

limiterContract(
  "redis",
  async () => {
    const replicas = await twoReplicas();
    const open = (index: 0 | 1) => redisLimiter(replicas.links[index], memoryLimiter());
    const limiters = [open(0), open(1)] as const;
    return {
      limiters,
      async [Symbol.asyncDispose]() {
        for (const limiter of limiters) limiter.close();
        await replicas[Symbol.asyncDispose]();
      },
    };
  },
  skipWithoutRedis,
);
