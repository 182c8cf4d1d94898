import { memoryConversationLock } from "../src/adapters/conversation-locks/memory/conversation-lock.ts";
import { redisConversationLock } from "../src/adapters/conversation-locks/redis/conversation-lock.ts";
import { conversationLockContract } from "./conversation-lock.contract.ts";
import { twoReplicas } from "./redis-replicas.ts";
import { skipWithoutRedis } from "./redis-server.ts";

conversationLockContract("memory", async () => {
  const lock = memoryConversationLock();
  return { locks: [lock, lock], async [Symbol.asyncDispose]() {} };
});

conversationLockContract(
  "redis",
  async () => {
    const replicas = await twoReplicas();
    const open = (index: 0 | 1) =>
      redisConversationLock(replicas.links[index], memoryConversationLock());
    const locks = [open(0), open(1)] as const;
    for (const { prefix, replicaId } of replicas.links)
      await replicas.heard(`${prefix}queue-of:${replicaId}`);
    return {
      locks,
      async [Symbol.asyncDispose]() {
        for (const lock of locks) lock.close();
        await replicas[Symbol.asyncDispose]();
      },
    };
  },
  skipWithoutRedis,
);
