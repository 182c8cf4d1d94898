// Replicas on one Redis, without the servers around them.
import { randomUUID } from "node:crypto";
import { openRedisLink, type RedisLink } from "../src/adapters/redis/link.ts";
import { sharedRedisUrl } from "./services.ts";

export type RedisReplicas = AsyncDisposable & {
  readonly links: readonly [RedisLink, RedisLink];
  /** Resolves once so many replicas listen to the channel. */
  heard(channel: string, count?: number): Promise<void>;
};

/** The Redis that all tests share is never away, however long a busy machine takes to answer. */
const PATIENT = { commandTimeoutMs: 30_000 };

/**
 * Two replicas that nobody else on that Redis disturbs.
 * @param url of a Redis that the test breaks; otherwise the one that all tests share
 */
export async function twoReplicas(url?: string): Promise<RedisReplicas> {
  const redisUrl = url ?? (await sharedRedisUrl());
  const patience = url === undefined ? PATIENT : {};
  const prefix = `test:${randomUUID()}:`;
  const open = (name: string) => openRedisLink(redisUrl, { replicaId: name, prefix, ...patience });
  const links = [await open("a"), await open("b")] as const;
  return {
    links,
    async heard(channel, count = 1) {
      for (;;) {
        const [, listening] = await links[0].client.pubsub("NUMSUB", channel);
        if (Number(listening) >= count) return;
        await new Promise(setImmediate);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const link of links) await link.close();
    },
  };
}
