// Several servers on one database: who lives keeps its replies, who is gone leaves them interrupted.
// Runs: waiting
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openPostgresStore } from "../src/adapters/stores/postgres/store.ts";
import { caller, eventsOf } from "./chat-v1-client.ts";
import { freePort } from "./free-port.ts";
import { watchMachine } from "./machine-speed.ts";
import { startModelServer } from "./model-server.ts";
import { skipWithoutPostgres } from "./postgres-server.ts";
import { startProcess } from "./server-process.ts";
import { createDatabase } from "./services.ts";
import {
  aConversation,
  anEnding,
  aPiece,
  aTurn,
  at,
  begun,
  newOwner,
} from "./store-contract/fixtures.ts";

const LEASE_MS = 600;
const SLOW = "{{reply tokens=4000 gapMs=10}}";
const inNew = () => ({ kind: "new", conversation: aConversation() }) as const;

describe("servers that share a database", { skip: skipWithoutPostgres() }, () => {
  test("start together on an empty one, and each can be used", async () => {
    await using database = await createDatabase();
    const stores = await Promise.all(
      Array.from({ length: 8 }, () => openPostgresStore({ url: database.url, isServer: true })),
    );
    const owner = newOwner();
    await Promise.all(stores.map((store) => store.beginTurn(owner, aTurn(inNew()))));
    for (const store of stores)
      assert.equal((await store.listConversations(owner, { limit: 20, offset: 0 })).total, 8);
    await Promise.all(stores.map((store) => store.close()));
  });

  test("a server that is silent beyond its lease loses its replies, and cannot overwrite them when it comes back", async () => {
    await using database = await createDatabase();
    const options = { url: database.url, isServer: true, leaseMs: LEASE_MS };
    await using silent = await openPostgresStore(options);
    await using living = await openPostgresStore(options);
    const owner = newOwner();
    const ours = begun(await living.beginTurn(owner, aTurn(inNew()))).reply;
    const lost = begun(await silent.beginTurn(owner, aTurn(inNew()))).reply;
    await silent.checkpoint([aPiece(owner, lost.id, "so far")]);
    const interrupted = [];
    const giveUpAt = performance.now() + 20 * LEASE_MS;
    while (interrupted.length === 0 && performance.now() < giveUpAt) {
      interrupted.push(...(await living.interruptAbandonedReplies(at(60))));
      await sleep(LEASE_MS / 6);
    }
    assert.deepEqual(interrupted, [{ owner, replyId: lost.id, isTaken: false }]);
    await silent.checkpoint([aPiece(owner, lost.id, "so far and further")]);
    assert.equal(await silent.finishReply(owner, lost.id, anEnding("all of it")), null);
    const kept = {
      ...lost,
      content: "so far",
      status: "interrupted",
      interruptedBy: "crash",
      finishedAt: at(60),
    };
    assert.deepEqual(await silent.getMessage(owner, lost.id), kept);
    assert.deepEqual(await silent.interruptAbandonedReplies(at(61)), []);
    assert.equal((await living.getMessage(owner, ours.id))?.status, "streaming");
    const next = begun(await silent.beginTurn(owner, aTurn(inNew()))).reply;
    assert.deepEqual(await living.interruptAbandonedReplies(at(62)), []);
    assert.equal((await living.getMessage(owner, next.id))?.status, "streaming");
  });

  test("after a time without the database nobody is taken for dead who could not say that it lives", async () => {
    await using database = await createDatabase();
    const options = { url: database.url, isServer: true, leaseMs: LEASE_MS };
    await using first = await openPostgresStore(options);
    await using second = await openPostgresStore(options);
    const owner = newOwner();
    const { id } = begun(await first.beginTurn(owner, aTurn(inNew()))).reply;
    for (const end = performance.now() + 2 * LEASE_MS; performance.now() < end; )
      for (const store of [first, second]) {
        assert.deepEqual(await store.interruptAbandonedReplies(at(60)), []);
        await sleep(LEASE_MS / 12);
      }
    // For the second this is a little less than a lease, for the first, who was heard before it, a little more.
    await sleep((LEASE_MS * 10.5) / 12);
    assert.deepEqual(await second.interruptAbandonedReplies(at(61)), []);
    assert.deepEqual(await first.interruptAbandonedReplies(at(61)), []);
    assert.equal((await first.getMessage(owner, id))?.status, "streaming");
  });

  test("first messages of one user through many servers at once go into one conversation", async () => {
    await using database = await createDatabase();
    const stores = await Promise.all(
      Array.from({ length: 4 }, () => openPostgresStore({ url: database.url, isServer: true })),
    );
    const owner = newOwner();
    const conversation = () => aConversation({ origin: "chat" });
    const targets = [
      () => ({ kind: "latest", usedAfter: at(0), conversation: conversation() }) as const,
      () => ({ kind: "alias", conversation: aConversation({ alias: "session" }) }) as const,
    ];
    for (const target of targets) {
      const turns = await Promise.all(
        Array.from({ length: 40 }, (_, place) =>
          stores[place % stores.length]!.beginTurn(owner, aTurn(target())),
        ),
      );
      assert.equal(new Set(turns.map((turn) => begun(turn).conversation.id)).size, 1);
      const sequences = turns.map((turn) => begun(turn).userMessage.sequence);
      assert.equal(new Set(sequences).size, 40);
    }
    const idempotency = { key: "one", fingerprint: "body" };
    const repeated = await Promise.all(
      stores.map((store) => store.beginTurn(owner, aTurn(inNew(), "x", { idempotency }))),
    );
    assert.deepEqual(repeated.map(({ kind }) => kind).sort(), [
      "begun",
      "repeated",
      "repeated",
      "repeated",
    ]);
    await Promise.all(stores.map((store) => store.close()));
  });

  test("[R3] a server killed in the middle of a reply: another marks it interrupted within 10 s, with the text so far", {
    timeout: 60_000,
  }, async (context) => {
    await using database = await createDatabase();
    await using model = await startModelServer();
    using machine = watchMachine();
    const start = async () =>
      startProcess({
        PORT: String(await freePort()),
        HOST: "127.0.0.1",
        DATABASE_URL: database.url,
        RATE_LIMITS: "off",
        LOG_LEVEL: "error",
        OPENAI_BASE_URL: model.url,
        MODEL: "scripted",
        OLLAMA_BASE_URL: "http://127.0.0.1:9",
      });
    await using killed = await start();
    await using other = await start();
    const say = (url: string) =>
      caller(url).open("/conversations/stream", { body: { content: SLOW } });
    const livingStream = await say(other.url);
    let id = "";
    let seen = "";
    try {
      for await (const { type, data } of eventsOf(await say(killed.url))) {
        if (type === "conversation_created") id = data.conversationId;
        if (type === "ai_chunk") seen += data;
        // A checkpoint is made every 750 ms.
        if (seen.length > 0 && seen.split(" ").length > 150) {
          await killed.kill();
          break;
        }
      }
    } catch {
      // The stream broke off.
    }
    const killedAt = performance.now();
    const repliesIn = async () => {
      const { body } = await caller(other.url).call(`/conversations/${id}/messages`);
      return (body.data as { role: string; content: string }[]).filter(
        ({ role }) => role !== "user",
      );
    };
    const giveUpAt = killedAt + 60_000;
    while ((await repliesIn()).length === 0 && performance.now() < giveUpAt) await sleep(100);
    const elapsedMs = performance.now() - killedAt;
    context.diagnostic(`interrupted ${Math.round(elapsedMs)} ms after the kill`);
    const [reply] = await repliesIn();
    assert.ok(elapsedMs < 10_000 * machine.slowness(), `${elapsedMs} ms`);
    assert.ok(reply && reply.content.length > 0 && seen.startsWith(reply.content.trimEnd()));
    for await (const { type } of eventsOf(livingStream)) {
      assert.notEqual(type, "error");
      if (type === "ai_chunk") break;
    }
  });
});
