// What a Redis that dies, hangs, forgets or is full does to what replicas share (ports turn-log,
// conversation-lock and limiter). Through the front door: replicas-redis.test.ts.
// Runs: waiting
// Takes: 30 s
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { memoryConversationLock } from "../src/adapters/conversation-locks/memory/conversation-lock.ts";
import { redisConversationLock } from "../src/adapters/conversation-locks/redis/conversation-lock.ts";
import { memoryLimiter } from "../src/adapters/limiters/memory/limiter.ts";
import { redisLimiter } from "../src/adapters/limiters/redis/limiter.ts";
import type { RedisLink } from "../src/adapters/redis/link.ts";
import { redisTurnLog } from "../src/adapters/turn-logs/redis/turn-log.ts";
import { watchMachine } from "./machine-speed.ts";
import { twoReplicas } from "./redis-replicas.ts";
import { skipWithoutRedis, startRedis } from "./redis-server.ts";
import { append, ended, textOf, watch } from "./turn-log.contract.ts";

const MINUTE = [{ limit: 100, windowMs: 60_000 }];

/** Resolves once the link says so. */
const until = (link: RedisLink, isUp: boolean): Promise<void> =>
  new Promise((resolve) => {
    if (link.isUp === isUp) return resolve();
    link.onChange((now) => {
      if (now === isUp) resolve();
    });
  });

async function startReplicas(settings: readonly string[] = []) {
  await using opened = new AsyncDisposableStack();
  const redis = opened.use(await startRedis(settings));
  const replicas = opened.use(await twoReplicas(redis.url));
  const [a, b] = replicas.links;
  const logs = [redisTurnLog(a), redisTurnLog(b)] as const;
  const locks = [
    redisConversationLock(a, memoryConversationLock()),
    redisConversationLock(b, memoryConversationLock()),
  ] as const;
  const limiters = [redisLimiter(a, memoryLimiter()), redisLimiter(b, memoryLimiter())] as const;
  for (const part of [...logs, ...locks, ...limiters]) opened.defer(() => part.close());
  for (const { prefix, replicaId } of [a, b]) {
    await replicas.heard(`${prefix}text:${replicaId}`);
    await replicas.heard(`${prefix}queue-of:${replicaId}`);
  }
  const resources = opened.move();
  return {
    redis,
    replicas,
    logs,
    locks,
    limiters,
    findable: (replyId: string) => replicas.heard(`${a.prefix}reply:${replyId}`),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

type Replicas = Awaited<ReturnType<typeof startReplicas>>;

const begin = async ({ logs, findable }: Replicas, replyId = "r") => {
  const writer = logs[0].open({ replyId, conversationId: "c" }, () => {});
  await findable(replyId);
  return writer;
};

describe("turn log on a Redis that fails", { skip: skipWithoutRedis() }, () => {
  test("Redis keeps nothing of a reply, and hears of its text only while another replica watches", async () => {
    await using replicas = await startReplicas();
    const client = replicas.replicas.links[0].client;
    const heardBytes = async () =>
      Number(/total_net_input_bytes:(\d+)/.exec(await client.info("stats"))?.[1]);
    const writer = await begin(replicas);
    const before = await heardBytes();
    for (let piece = 0; piece < 100; piece++) append(writer, "x".repeat(1000));
    await new Promise(setImmediate);
    assert.ok((await heardBytes()) - before < 5000, "nobody watches elsewhere");
    const watched = watch(replicas.logs[1], "r")[Symbol.asyncIterator]();
    let text = "";
    while (text.length < 100_000) text += textOf([(await watched.next()).value]);
    assert.ok((await heardBytes()) - before > 100_000, "now somebody does");
    assert.equal(await client.dbsize(), 0);
    writer.end(ended(text));
    while (!(await watched.next()).done);
  });

  test("connections that are cut lose nothing of a reply that is watched", async () => {
    await using replicas = await startReplicas();
    const client = replicas.replicas.links[0].client;
    const writer = await begin(replicas);
    let text = "";
    let isOver = false;
    let seen = "";
    const watching = (async () => {
      while (seen.length < text.length || !isOver) {
        await new Promise(setImmediate);
        for await (const event of watch(replicas.logs[1], "r", seen.length))
          if (event.type === "grow") seen += event.text;
      }
    })();
    for (let cut = 0; cut < 3; cut++) {
      for (let word = 0; word < 100; word++) {
        text += `${cut}.${word} `;
        append(writer, `${cut}.${word} `);
        await new Promise(setImmediate);
        if (word === 50) await client.call("CLIENT", "KILL", "TYPE", "pubsub").catch(() => {});
      }
      while (seen.length < text.length) await new Promise((resolve) => setTimeout(resolve, 10));
      for (const link of replicas.replicas.links) await until(link, true);
      await replicas.findable("r");
    }
    isOver = true;
    writer.end(ended(text));
    await watching;
    assert.equal(seen, text);
  });

  for (const [what, fail, heal] of [
    ["dies", "kill", "start"],
    ["hangs", "pause", "resume"],
  ] as const)
    test(`when Redis ${what}, who watches elsewhere is told soon and without an error; here nothing changes`, async () => {
      await using replicas = await startReplicas();
      using machine = watchMachine();
      const { logs, redis } = replicas;
      const writer = await begin(replicas);
      const here = watch(logs[0], "r")[Symbol.asyncIterator]();
      const elsewhere = watch(logs[1], "r")[Symbol.asyncIterator]();
      append(writer, "before ");
      for (const watched of [here, elsewhere])
        assert.equal(textOf([(await watched.next()).value]), "before ");
      const failedAt = performance.now();
      await redis[fail]();
      assert.equal((await elsewhere.next()).done, true);
      const toldMs = performance.now() - failedAt;
      assert.ok(toldMs < 2500 * machine.slowness(), `told after ${toldMs} ms`);
      const askedAt = performance.now();
      assert.deepEqual(await Array.fromAsync(watch(logs[1], "r")), []);
      assert.equal(await logs[1].stop("c", "stopped"), null, "nobody can be asked");
      assert.ok(performance.now() - askedAt < 100 * machine.slowness(), "and nobody waits for it");
      append(writer, "meanwhile ");
      assert.equal(textOf([(await here.next()).value]), "meanwhile ");
      await redis[heal]();
      for (const link of replicas.replicas.links) await until(link, true);
      await replicas.findable("r");
      const again = watch(logs[1], "r", "before ".length)[Symbol.asyncIterator]();
      assert.equal(textOf([(await again.next()).value]), "meanwhile ");
      writer.end(ended("before meanwhile "));
      for (const watched of [here, again]) while (!(await watched.next()).done);
    });

  test("a replica that is gone is noticed by who watches its reply", async () => {
    await using replicas = await startReplicas();
    const writer = await begin(replicas);
    const watched = watch(replicas.logs[1], "r")[Symbol.asyncIterator]();
    append(writer, "last words");
    await watched.next();
    await replicas.replicas.links[0].close();
    assert.equal((await watched.next()).done, true);
  });
});

describe("conversation lock on a Redis that fails", { skip: skipWithoutRedis() }, () => {
  test("the place of a replica that died becomes free by itself", async () => {
    await using replicas = await startReplicas();
    using machine = watchMachine();
    const [a, b] = replicas.locks;
    await a.enter("c").ready;
    const waiting = b.enter("c");
    assert.equal(await waiting.isFirst, false);
    const diedAt = performance.now();
    a.close();
    await replicas.replicas.links[0].close();
    await waiting.ready;
    const waitedMs = performance.now() - diedAt;
    assert.ok(waitedMs > 2000, `only ${waitedMs} ms: a replica that is slow is not dead`);
    assert.ok(waitedMs < 7000 * machine.slowness(), `${waitedMs} ms`);
    waiting.leave();
  });

  test("a queue that Redis forgot is put back, and nobody overtakes", async () => {
    await using replicas = await startReplicas();
    const [a, b] = replicas.locks;
    const holding = a.enter("c");
    await holding.ready;
    const waiting = b.enter("c");
    assert.equal(await waiting.isFirst, false);
    let isReady = false;
    void waiting.ready.then(() => {
      isReady = true;
    });
    await replicas.replicas.links[0].client.flushall();
    // The renewals of three seconds, in which a lease that nobody renews would nearly end.
    await new Promise((resolve) => setTimeout(resolve, 3500));
    assert.equal(isReady, false);
    holding.leave();
    await waiting.ready;
    waiting.leave();
  });

  test("when Redis dies, nobody waits for another replica; within one the order stays", async () => {
    await using replicas = await startReplicas();
    const [a, b] = replicas.locks;
    const holding = a.enter("c");
    await holding.ready;
    const here = a.enter("c");
    const there = b.enter("c");
    assert.equal(await there.isFirst, false);
    await replicas.redis.kill();
    await there.ready;
    let isHereReady = false;
    void here.ready.then(() => {
      isHereReady = true;
    });
    const later = b.enter("c");
    await new Promise(setImmediate);
    assert.equal(isHereReady, false);
    holding.leave();
    await here.ready;
    there.leave();
    await later.ready;
    for (const turnstile of [here, later]) turnstile.leave();
  });
});

describe("limiter on a Redis that fails", { skip: skipWithoutRedis() }, () => {
  const consumed = async ({ limiters }: Replicas, key: string, uses = 300) => {
    const states = await Promise.all(
      Array.from({ length: uses }, (_, index) => limiters[index % 2]!.consume(key, MINUTE)),
    );
    return states.filter(({ allowed }) => allowed).length;
  };
  /** Both replicas know that there are two. */
  const counted = async ({ replicas }: Replicas) => {
    while (replicas.links.some((link) => link.replicas < 2))
      await new Promise((resolve) => setTimeout(resolve, 50));
  };

  for (const [what, fail, heal] of [
    ["dies", "kill", "start"],
    ["hangs", "pause", "resume"],
  ] as const)
    test(`when Redis ${what}, each replica has its share, after a bounded wait`, async () => {
      await using replicas = await startReplicas();
      using machine = watchMachine();
      await counted(replicas);
      assert.equal(await consumed(replicas, "healthy"), 100);
      await replicas.redis[fail]();
      const failedAt = performance.now();
      assert.equal(await consumed(replicas, "failing"), 100);
      const waitedMs = performance.now() - failedAt;
      assert.ok(waitedMs < 1500 * machine.slowness(), `${waitedMs} ms`);
      assert.equal((await replicas.limiters[0].consume("named", MINUTE)).limit, 100);
      for (let socket = 0; socket < 4; socket++)
        for (const limiter of replicas.limiters)
          assert.equal((await limiter.hold("address", 4)) !== null, socket < 2);
      await replicas.redis[heal]();
      for (const link of replicas.replicas.links) await until(link, true);
      assert.equal(await consumed(replicas, "healed"), 100);
    });

  test("a Redis that has forgotten its scripts gives no more places than there are", async () => {
    await using replicas = await startReplicas();
    const { client } = replicas.replicas.links[0];
    for (let round = 0; round < 300; round++) {
      await client.script("FLUSH", "SYNC");
      const attempts: Promise<unknown>[] = [];
      // The script becomes known while some are under way that have found it unknown.
      for (let index = 0; index < 30; index++) {
        attempts.push(replicas.limiters[index % 2]!.hold(`address ${round}`, 10));
        if (index % 3 === 0) await new Promise(setImmediate);
      }
      const held = (await Promise.all(attempts)).filter((release) => release !== null);
      assert.equal(held.length, 10, `in round ${round}`);
    }
  });

  test("a Redis that is full counts nothing: each replica has its share, and turns go on", async () => {
    await using replicas = await startReplicas(["--maxmemory-policy", "noeviction"]);
    await counted(replicas);
    const { client } = replicas.replicas.links[0];
    await client.set("ballast", "x".repeat(100_000));
    await client.config("SET", "maxmemory", "1");
    await assert.rejects(client.set("more", "1"), /OOM/);
    assert.equal(await consumed(replicas, "full"), 100);
    const turnstile = replicas.locks[0].enter("c");
    assert.equal(await turnstile.isFirst, false, "nobody can tell who is ahead");
    await turnstile.ready;
    turnstile.leave();
    const writer = await begin(replicas);
    const watched = watch(replicas.logs[1], "r")[Symbol.asyncIterator]();
    append(writer, "a full Redis still carries");
    assert.equal(textOf([(await watched.next()).value]), "a full Redis still carries");
    writer.end(ended(""));
    while (!(await watched.next()).done);
    await client.config("SET", "maxmemory", "0");
    assert.equal(await consumed(replicas, "emptied"), 100);
  });
});
