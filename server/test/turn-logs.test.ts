import { memoryTurnLog } from "../src/adapters/turn-logs/memory/turn-log.ts";
import { redisTurnLog } from "../src/adapters/turn-logs/redis/turn-log.ts";
import { twoReplicas } from "./redis-replicas.ts";
import { skipWithoutRedis } from "./redis-server.ts";
import { turnLogContract } from "./turn-log.contract.ts";

turnLogContract("memory", async () => {
  const log = memoryTurnLog();
  return {
    running: log,
    watching: log,
    findable: async () => {},
    async [Symbol.asyncDispose]() {},
  };
});

turnLogContract(
  "redis, watched where it runs",
  async () => {
    const replicas = await twoReplicas();
    const log = redisTurnLog(replicas.links[0]);
    return {
      running: log,
      watching: log,
      findable: (replyId) => replicas.heard(`${replicas.links[0].prefix}reply:${replyId}`),
      async [Symbol.asyncDispose]() {
        log.close();
        await replicas[Symbol.asyncDispose]();
      },
    };
  },
  skipWithoutRedis,
);

turnLogContract(
  "redis, watched on another replica",
  async () => {
    const replicas = await twoReplicas();
    const logs = replicas.links.map(redisTurnLog);
    const [running, watching] = logs as [(typeof logs)[0], (typeof logs)[0]];
    return {
      running,
      watching,
      findable: (replyId) => replicas.heard(`${replicas.links[0].prefix}reply:${replyId}`),
      async [Symbol.asyncDispose]() {
        for (const log of logs) log.close();
        await replicas[Symbol.asyncDispose]();
      },
    };
  },
  skipWithoutRedis,
);
