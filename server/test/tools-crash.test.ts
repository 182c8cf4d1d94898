// A server that is killed in the middle of a reply with tools, and the one that finds it: on SQLite the next on that
// folder, on PostgreSQL another one.
// Runs: waiting
// Takes: 12 s
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { caller, eventsOf, type StreamEvent } from "./chat-v1-client.ts";
import { freePort } from "./free-port.ts";
import { startModelServer } from "./model-server.ts";
import { skipWithoutPostgres } from "./postgres-server.ts";
import { createMigratedDatabase } from "./services.ts";
import { startCounter, startToolProcess } from "./tool-kills.ts";
import { asking } from "./tool-steps.ts";

const BACKENDS = [
  { name: "SQLite", isShared: false, skip: false },
  { name: "PostgreSQL", isShared: true, skip: skipWithoutPostgres() },
] as const;

// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
type Shown = any;

const outcomes = (reply: Shown) =>
  reply.parts.flatMap((part: Shown) => (part.type === "tool_result" ? part.outcome : []));
const typesOf = (reply: Shown) => reply.parts.map((part: Shown) => part.type);

/** A reply on the server that is killed, as its client sees it. */
async function begin(url: string, content: string) {
  const { open, newConversation } = caller(url);
  const conversation = await newConversation({ body: {} });
  const seen: StreamEvent[] = [];
  const { promise: spoken, resolve } = Promise.withResolvers<void>();
  const response = await open(`/conversations/${conversation}/messages/stream`, {
    body: { content, parts: true },
  });
  const over = (async () => {
    for await (const event of eventsOf(response)) {
      seen.push(event);
      if (event.type === "ai_chunk") resolve();
    }
  })().catch(() => {});
  return { conversation, seen, over, spoken };
}

/** The same reply on the next server: what comes after the last event, as often as it takes, and what is stored. */
async function follow(url: string, { conversation, seen }: Awaited<ReturnType<typeof begin>>) {
  const { open, call } = caller(url);
  const late: StreamEvent[] = [];
  while (!late.some(({ type }) => type === "DONE")) {
    const from = [...seen, ...late].findLast(({ id }) => id !== "")?.id ?? "";
    const rest = await open(`/conversations/${conversation}/messages/stream?parts=1`, {
      headers: { "last-event-id": from },
    });
    // What was shown before the crash may go beyond what the crash left: there is nothing to go on with then.
    if (rest.status === 204) break;
    const reading = (async () => {
      for await (const event of eventsOf(rest)) late.push(event);
    })();
    // A server that cannot tell yet what became of the reply breaks the stream off, and is asked again.
    await reading.catch(() => sleep(100));
  }
  const list = await call(`/conversations/${conversation}/messages?parts=1`);
  const reply: Shown = list.body.data[1];
  const shown = [...seen, ...late].flatMap(({ data }) => data?.part?.type ?? []);
  assert.deepEqual(
    shown,
    typesOf(reply).filter((type: string) => type !== "text"),
    "nothing is shown twice, or left out, to a client that goes on",
  );
  const isBeyond = late.at(-1)?.type !== "DONE";
  if (isBeyond) assert.equal(reply.interrupted_by, "crash");
  else assert.equal(late.at(-2)?.data.status, reply.status);
  return reply;
}

for (const { name, isShared, skip } of BACKENDS)
  test(`[H28] a crash in the middle of tools, on ${name}: what may be repeated is, nothing else is, and every reply ends honestly`, {
    skip,
  }, async () => {
    await using model = await startModelServer();
    await using counter = await startCounter();
    await using opened = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), "colloquy-test-"));
    opened.defer(() => rm(directory, { recursive: true, force: true }));
    const environment = {
      HOST: "127.0.0.1",
      DATA_DIR: directory,
      ...(isShared && { DATABASE_URL: opened.use(await createMigratedDatabase()).url }),
      RATE_LIMITS: "off",
      OPENAI_BASE_URL: model.url,
      MODEL: "scripted",
      LOG_LEVEL: "error",
      TOOL_URL: counter.url,
    };
    const [port, nextPort] = [String(await freePort()), String(await freePort())];
    const server = await startToolProcess({ ...environment, PORT: port });
    const url = `http://127.0.0.1:${port}`;

    model.next(asking([{ name: "once" }]), { hold: "head" });
    const answered = await begin(url, '{{reply text="Asked again."}}');
    await model.held(1);
    model.next(asking([{ name: "once" }]), { text: "Half of the answer", hold: 2 });
    const speaking = await begin(url, "Go");
    await speaking.spoken;
    counter.hold();
    model.next(asking([{ name: "repeatable" }, { name: "repeatable" }]));
    const repeatable = await begin(url, '{{reply text="Whole."}}');
    await counter.called(4);
    model.next(asking([{ name: "once" }, { name: "repeatable" }], { words: "Both." }));
    const once = await begin(url, "Go");
    await counter.called(6);
    const requests = model.requests.length;
    await server.kill();
    await Promise.all([answered, speaking, repeatable, once].map(({ over }) => over));
    counter.release();

    const nextUrl = `http://127.0.0.1:${nextPort}`;
    await using _ = await startToolProcess({ ...environment, PORT: nextPort });
    const [again, half, whole, unknown] = await Promise.all(
      [answered, speaking, repeatable, once].map((one) => follow(nextUrl, one)),
    );
    assert.deepEqual([again.status, again.content], ["complete", "Asked again."]);
    assert.deepEqual(outcomes(again), ["ok"]);
    assert.deepEqual([half.status, half.interrupted_by], ["interrupted", "crash"]);
    assert.ok("Half of the answer".startsWith(half.content));
    assert.deepEqual(outcomes(half), ["ok"]);
    assert.deepEqual([whole.status, whole.content], ["complete", "Whole."]);
    assert.deepEqual(outcomes(whole), ["ok", "ok"]);
    assert.deepEqual([unknown.status, unknown.interrupted_by], ["interrupted", "crash"]);
    assert.equal(unknown.content, "Both.");
    assert.deepEqual(outcomes(unknown), ["unknown", "unknown"]);
    /** How often each call was made, by its tool. */
    const countsOf = (tool: string) =>
      [...counter.counts].flatMap(([key, count]) => (key.startsWith(`${tool} `) ? count : []));
    assert.deepEqual(countsOf("once"), [1, 1, 1]);
    assert.deepEqual(countsOf("repeatable").toSorted(), [1, 2, 2]);
    assert.equal(model.requests.length, requests + 2);
  });
