// Several replicas as real processes behind a real proxy: what goes on when one of them ends, and
// when Redis does.
// Runs: waiting
// Takes: 90 s
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "../../client/src/index.ts";
import { allEvents, caller, eventsOf, type StreamEvent, textOf } from "./chat-v1-client.ts";
import { watchMachine } from "./machine-speed.ts";
import { type Replicas, skipWithoutReplicas, startReplicas } from "./replicas.ts";

/** A second has time for enough messages, and the processors for whatever else runs. */
const BETWEEN_MESSAGES_MS = 20;

const text = (words: number) => Array.from({ length: words }, (_, word) => `w${word}`).join(" ");
const slow = (words: number, gapMs = 20) =>
  `{{reply text=${JSON.stringify(text(words))} gapMs=${gapMs}}}`;

/** A reply that replica 0 generates, and what both callers need to watch it. */
async function begin({ replicas }: Replicas, content: string) {
  const [here, there] = replicas.map(({ url }) => caller(url));
  const conversation = await here!.newConversation();
  const path = `/conversations/${conversation}/messages`;
  const response = await here!.open(`${path}/stream`, { body: { content } });
  const stream = eventsOf(response);
  const opening = (await stream.next()).value as StreamEvent;
  return { here: here!, there: there!, conversation, path, stream, opening };
}

const healthOf = async (url: string) => {
  const response = await fetch(`${url}/health`);
  return { status: response.status, body: (await response.json()) as { redis?: string } };
};

const untilRedisIs = async ({ replicas }: Replicas, state: "up" | "down") => {
  for (const { url } of replicas)
    while ((await healthOf(url)).body.redis !== state) await sleep(50);
};

describe("replicas", { skip: skipWithoutReplicas() }, () => {
  let replicas: Replicas;
  before(async () => {
    replicas = await startReplicas();
  });
  after(() => replicas?.[Symbol.asyncDispose]());

  test("[R3] a replica is killed: who watches its reply elsewhere gets the ending within 10 s, and the text so far is kept", async (context) => {
    using machine = watchMachine();
    const { there, path, stream } = await begin(replicas, slow(5000));
    const watched = eventsOf(await there.open(`${path}/stream`));
    const seen: StreamEvent[] = [];
    while (textOf(seen).length < 200) seen.push((await watched.next()).value as StreamEvent);
    await sleep(1000);
    const killedAt = performance.now();
    await replicas.replicas[0]!.kill();
    context.after(() => replicas.replicas[0]!.start());
    await assert.rejects(async () => {
      for await (const _ of stream);
    });
    for await (const event of watched) seen.push(event);
    const endedMs = performance.now() - killedAt;
    context.diagnostic(`the ending came after ${Math.round(endedMs)} ms`);
    assert.ok(endedMs < 10_000 * machine.slowness(), `${endedMs} ms`);
    assert.deepEqual(
      seen.slice(-2).map(({ type }) => type),
      ["ai_complete", "DONE"],
    );
    const { status, content } = seen.at(-2)!.data;
    assert.equal(status, "interrupted");
    assert.ok(content.length >= 200 && text(5000).startsWith(content), "what was said is kept");
    assert.ok(textOf(seen).startsWith(content));
    const again = await there.call(path, { body: { content: "and now? {{reply text=yes}}" } });
    assert.equal(again.body.data[1].content, "yes", "the conversation goes on");
  });

  test("[R6] a rolling restart: replies finish or are kept, and clients of the SDK go on elsewhere by themselves", async () => {
    const client = createClient({ baseUrl: replicas.url, token: "local" });
    const words = 150;
    const begun = await Promise.all(
      Array.from({ length: 24 }, (_, index) =>
        client.conversations.start({ content: `${index} ${slow(words)}` }),
      ),
    );
    const following = begun.map(async (reply) => {
      let heard = "";
      for await (const event of reply) if (event.type === "ai_chunk") heard += event.data;
      return { heard, message: await reply.message(), id: reply.conversationId };
    });
    for (const replica of replicas.replicas) {
      assert.equal(await replica.terminate(), 0);
      await replica.start();
      assert.equal((await healthOf(replica.url)).status, 200);
    }
    for (const { heard, message, id } of await Promise.all(following)) {
      assert.equal(message.status, "complete");
      assert.equal(heard, text(words));
      const stored = await client.messages.list(id);
      assert.deepEqual(
        stored.map(({ content }) => content).slice(1),
        [text(words)],
        "as it is stored, once",
      );
    }
  });

  test("[R1] a stream is stopped from another replica", async () => {
    const { there, conversation, stream } = await begin(replicas, slow(5000));
    await stream.next();
    const stopped = await there.call(`/conversations/${conversation}/messages/stop`, {
      method: "POST",
    });
    assert.equal(stopped.status, 200);
    const events = await Array.fromAsync(stream);
    assert.equal(events.at(-2)?.data.status, "interrupted");
  });

  for (const [what, fail, heal] of [
    ["dies, and comes back empty", "kill", "start"],
    ["hangs", "pause", "resume"],
  ] as const)
    test(`[R4] Redis ${what}: messages are stored, replies come without delay, streams go on from the store, and all heals`, async (context) => {
      using machine = watchMachine();
      const { redis } = replicas;
      const { there, path, stream } = await begin(replicas, slow(600));
      const watched = eventsOf(await there.open(`${path}/stream`));
      const seen: StreamEvent[] = [];
      while (textOf(seen) === "") seen.push((await watched.next()).value as StreamEvent);
      await redis[fail]();
      const latencies: number[] = [];
      const until = performance.now() + 3000;
      const fresh = await there.newConversation();
      let said = 0;
      while (performance.now() < until) {
        const beganAt = performance.now();
        const { status, body } = await there.call(`/conversations/${fresh}/messages`, {
          body: { content: `${said++} {{reply text=yes}}` },
        });
        latencies.push(performance.now() - beganAt);
        assert.equal(status, 201);
        assert.equal(body.data[1].content, "yes");
        await sleep(BETWEEN_MESSAGES_MS);
      }
      const longestMs = Math.max(...latencies);
      context.diagnostic(
        `${latencies.length} messages, the slowest took ${Math.round(longestMs)} ms`,
      );
      assert.ok(longestMs < 2500 * machine.slowness(), `${longestMs} ms`);
      await untilRedisIs(replicas, "down");
      assert.equal((await healthOf(replicas.replicas[0]!.url)).status, 200, "it is healthy");
      const resumed = eventsOf(await there.open(`${path}/stream`));
      const fromStore: StreamEvent[] = [];
      for (const lengthNow = textOf(seen).length; textOf(fromStore).length <= lengthNow; )
        fromStore.push((await resumed.next()).value as StreamEvent);
      const stopping = await there.call(`${path}/stop`, { method: "POST" });
      assert.equal(stopping.status, 503, "nobody can be asked to stop");
      assert.match(stopping.body.message ?? "", /another server.*Try again/);
      await redis[heal]();
      await untilRedisIs(replicas, "up");
      for (const events of [
        [...seen, ...(await Array.fromAsync(watched))],
        [...fromStore, ...(await Array.fromAsync(resumed))],
        await allEvents(await there.open(`${path}/stream`)),
        await Array.fromAsync(stream),
      ]) {
        const ending = events.at(-2)!;
        assert.deepEqual([ending.type, ending.data.status], ["ai_complete", "complete"]);
        assert.equal(textOf(events), text(600), "without a gap or a repeat");
      }
      const again = await begin(replicas, slow(5000));
      const stopped = await again.there.call(`${again.path}/stop`, { method: "POST" });
      assert.equal(stopped.status, 200);
      assert.equal((await Array.fromAsync(again.stream)).at(-2)?.data.status, "interrupted");
    });
});

test("who the client is comes through the proxy, and limits count across replicas", {
  skip: skipWithoutReplicas(),
}, async () => {
  await using replicas = await startReplicas({
    forwards: true,
    environment: { TRUST_PROXY: "127.0.0.1", RATE_LIMITS: "chat=50/m" },
  });
  const say = (headers: Record<string, string>) =>
    fetch(`${replicas.url}/chat`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ message: "Hello", user_id: "ann" }),
    });
  assert.equal((await say({})).status, 403, "behind a proxy an unclaimed server serves nobody");
  const direct = replicas.replicas.map(
    ({ url }) =>
      () =>
        fetch(`${url}/chat`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ message: "Hello {{reply text=x}}", user_id: "ann" }),
        }).then(async (response) => {
          await response.text();
          return response.status;
        }),
  );
  const statuses = await Promise.all(
    Array.from({ length: 120 }, (_, index) => direct[index % 2]!()),
  );
  const allowed = statuses.filter((status) => status === 200).length;
  assert.ok(allowed >= 49 && allowed <= 51, `${allowed} of 50 were allowed`);
  assert.deepEqual([...new Set(statuses)].sort(), [200, 429]);
});
