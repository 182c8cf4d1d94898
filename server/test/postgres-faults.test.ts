// PostgreSQL restarts, crashes, hangs and loses connections under a server that is in use.
// Runs: waiting
// Takes: 120 s
// Campaign: FAULTS middle=20 in 120 s, full=100 in 200 s
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { openPostgresStore } from "../src/adapters/stores/postgres/store.ts";
import { caller, eventsOf } from "./chat-v1-client.ts";
import { watchMachine } from "./machine-speed.ts";
import {
  type PostgresServer,
  skipWithoutPostgres,
  startPostgres,
  startStandby,
} from "./postgres-server.ts";
import { createDatabase } from "./services.ts";
import { startServer } from "./start-server.ts";
import { aConversation, aMessage, newOwner } from "./store-contract/fixtures.ts";
import { startTcpProxy } from "./tcp-proxy.ts";

const CLIENTS = 12;
/** Of one client: most of them always wait for an answer, and the processors have time for whatever else runs. */
const BETWEEN_MESSAGES_MS = 10;
const PATIENCE_MS = 5_000;
/** Longer than a restart takes on a machine that is busy with other things. */
const LONG_PATIENCE_MS = 30_000;
/** Where it is waited for more than once. Two of it are more than one and the margin, so that waiting twice is seen. */
const SHORT_PATIENCE_MS = 4_000;
/** How long a reply that was made is tried again to be stored, each time with that patience. */
const REPLY_PATIENCE_MS = 10_000;
/** What an answer may take besides the patience: the last attempt, and a busy machine. */
const MARGIN_MS = 3_000;
const BACK_MS = 2_000;
/** A reply whose beginning was not answered is asked about again after a while, and ended. */
const SETTLED_MS = 10_000;
const FAULTS = Number(process.env.FAULTS ?? 6);
/** How often it is restarted. */
const ROUNDS = FAULTS < 20 ? 1 : 3;

type Sent = { readonly marker: string; readonly status: number; readonly elapsedMs: number };

/** A server of its own on a PostgreSQL of its own, by way of a proxy. */
async function setUp(patienceMs = PATIENCE_MS) {
  await using opened = new AsyncDisposableStack();
  const postgres = opened.use(await startPostgres());
  const database = await createDatabase(postgres.url);
  const proxy = opened.use(await startTcpProxy(postgres.port));
  const server = opened.use(
    await startServer({
      backend: "sqlite",
      environment: {
        DATABASE_URL: proxy.through(database.url),
        DATABASE_TIMEOUT_SECONDS: String(patienceMs / 1000),
      },
    }),
  );
  const resources = opened.move();
  return {
    postgres,
    proxy,
    server,
    database,
    call: caller(server.url),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

type Setting = Awaited<ReturnType<typeof setUp>>;

/** Clients that send one message after the other until stopped; every answer is noted. */
function startLoad({ server }: Setting) {
  const sent: Sent[] = [];
  let isStopped = false;
  const client = async (number: number) => {
    while (!isStopped) {
      const marker = `#${randomUUID()}#`;
      const begunAt = performance.now();
      const isStream = number % 3 === 0;
      const path = isStream ? "/v1/chat/conversations/stream" : "/api/v1/chat/completions";
      const script = number % 2 ? "{{reply tokens=3}}" : "{{reply tokens=10 gapMs=5}}";
      const response = await fetch(`${server.url}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: "Bearer any" },
        body: JSON.stringify(
          isStream
            ? { content: `${marker} ${script}` }
            : { message: `${marker} ${script}`, conversation_id: `session-${number % 4}` },
        ),
      });
      const elapsedMs = performance.now() - begunAt;
      let { status } = response;
      if (isStream && response.ok) {
        let last = "";
        for await (const { type } of eventsOf(response)) last = type;
        assert.equal(last, "DONE", "a stream ends in words");
      } else if (!response.ok) {
        assert.ok(response.headers.get("retry-after"), `${status}: says when to come back`);
        await response.text();
      } else if ((await response.json()) === null) status = 0;
      sent.push({ marker, status, elapsedMs });
      await sleep(BETWEEN_MESSAGES_MS);
    }
  };
  const clients = Array.from({ length: CLIENTS }, (_, number) => client(number));
  const running = Promise.all(clients);
  return {
    sent,
    /** Resolves when so many more were answered: the load is one. */
    async goesOn(answers: number) {
      const wanted = sent.length + answers;
      while (sent.length < wanted) await Promise.race([sleep(20), running]);
    },
    async stop() {
      isStopped = true;
      await running;
    },
  };
}

/** Nothing acknowledged is lost or doubled, no reply is stuck, and nothing but 503 was refused. */
async function check({ database }: Setting, sent: readonly Sent[]) {
  const times = new Map<string, number>();
  await using store = await openPostgresStore({ url: database.url, isServer: false });
  for await (const record of store.exportRecords())
    if (record.type === "message" && record.message.role === "user")
      for (const marker of record.message.content.match(/#[0-9a-f-]{36}#/g) ?? [])
        times.set(marker, (times.get(marker) ?? 0) + 1);
  const acknowledged = sent.filter(({ status }) => status >= 200 && status < 300);
  assert.deepEqual(
    acknowledged.filter(({ marker }) => !times.has(marker)),
    [],
    "lost",
  );
  assert.deepEqual(
    [...times].filter(([, count]) => count > 1),
    [],
    "doubled",
  );
  assert.deepEqual(
    [...new Set(sent.map(({ status }) => status))].filter(
      (it) => it !== 503 && (it < 200 || it > 299),
    ),
    [],
  );
  const giveUpAt = performance.now() + SETTLED_MS;
  while ((await streamingReplies(database.administratorUrl)) > 0) {
    assert.ok(performance.now() < giveUpAt, "a reply is stuck");
    await sleep(100);
  }
  return acknowledged.length;
}

async function streamingReplies(url: string): Promise<number> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(
    "SELECT count(*)::int AS total FROM messages WHERE status = 'streaming'",
  );
  await client.end();
  return rows[0].total;
}

async function say({ call }: Setting): Promise<{ status: number; elapsedMs: number }> {
  const begunAt = performance.now();
  const { status } = await call.call("/conversations", { method: "POST" });
  return { status, elapsedMs: performance.now() - begunAt };
}

/** From now on a commit is acknowledged when the standby has it, too. */
async function waitForStandby({ url }: PostgresServer): Promise<void> {
  const administrator = new Client({ connectionString: url });
  await administrator.connect();
  const synchronous = "SELECT FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')";
  await administrator.query("ALTER SYSTEM SET synchronous_standby_names = '*'");
  await administrator.query("SELECT pg_reload_conf()");
  while ((await administrator.query(synchronous)).rowCount === 0) await sleep(20);
  await administrator.end();
}

/** The process of a standby that takes what the primary sends. */
async function receiverOf({ url }: PostgresServer): Promise<number> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query("SELECT pid FROM pg_stat_wal_receiver");
  await client.end();
  return rows[0].pid;
}

/** The same, with its database on another server. */
function on({ port }: PostgresServer, setting: Setting): Setting {
  const moved = (url: string) => url.replace(`:${setting.postgres.port}/`, `:${port}/`);
  const { url, administratorUrl } = setting.database;
  const database = {
    ...setting.database,
    url: moved(url),
    administratorUrl: moved(administratorUrl),
  };
  return { ...setting, database };
}

describe("a server whose PostgreSQL fails", { skip: skipWithoutPostgres() }, () => {
  const restarts: [string, Parameters<PostgresServer["stop"]>[0]][] = [
    ["restarted", "fast"],
    ["crashed", "immediate"],
  ];
  for (const [what, mode] of restarts)
    test(`[R5] ${what} under load: it is back within 2 s, nothing acknowledged is lost or doubled`, {
      timeout: 120_000,
    }, async (context) => {
      await using setting = await setUp(LONG_PATIENCE_MS);
      using machine = watchMachine();
      const load = startLoad(setting);
      for (let round = 0; round < ROUNDS; round++) {
        await load.goesOn(CLIENTS);
        await setting.postgres.stop(mode);
        await sleep(300);
        await setting.postgres.start();
        const { status, elapsedMs } = await say(setting);
        assert.equal(status, 201);
        assert.ok(elapsedMs < BACK_MS * machine.slowness(), `back after ${elapsedMs} ms`);
        context.diagnostic(`back after ${Math.round(elapsedMs)} ms`);
      }
      await load.stop();
      const acknowledged = await check(setting, load.sent);
      const refused = load.sent.filter(({ status }) => status === 503).length;
      context.diagnostic(`${acknowledged} acknowledged, ${refused} refused`);
      assert.ok(acknowledged >= ROUNDS * CLIENTS);
      assert.equal(refused, 0, "an outage shorter than the patience is only a delay");
    });

  test("[R5] failed over to its standby under load: it is back within 2 s, nothing acknowledged is lost or doubled", {
    timeout: 120_000,
  }, async (context) => {
    await using setting = await setUp();
    using machine = watchMachine();
    const { postgres, proxy } = setting;
    await using standby = await startStandby(postgres);
    await waitForStandby(postgres);

    const load = startLoad(setting);
    await load.goesOn(2 * CLIENTS);
    // The other one takes over while the server still talks to the first: it may only read there.
    await postgres.stop("immediate");
    proxy.leadTo(standby.port);
    await sleep(200);
    await standby.promote();
    const { status, elapsedMs } = await say(setting);
    assert.equal(status, 201);
    assert.ok(elapsedMs < BACK_MS * machine.slowness(), `back after ${elapsedMs} ms`);
    await load.goesOn(2 * CLIENTS);
    await load.stop();
    const moved = on(standby, setting);
    context.diagnostic(
      `${await check(moved, load.sent)} acknowledged, back after ${Math.round(elapsedMs)} ms`,
    );
  });

  test("[R5] a standby that every commit waits for hangs: 503 in time, back within 2 s; then it takes over, and has all that was acknowledged", {
    timeout: 120_000,
  }, async (context) => {
    await using setting = await setUp(SHORT_PATIENCE_MS);
    using machine = watchMachine();
    const { postgres, proxy } = setting;
    await using standby = await startStandby(postgres);
    await waitForStandby(postgres);
    const receiver = await receiverOf(standby);
    const load = startLoad(setting);
    const acknowledged = () => load.sent.filter(({ status }) => status !== 503).length;
    const hang = async () => {
      await load.goesOn(2 * CLIENTS);
      process.kill(receiver, "SIGSTOP");
      await say(setting);
      const before = acknowledged();
      const answers = await Promise.all(Array.from({ length: 10 }, () => say(setting)));
      for (const { status, elapsedMs } of answers) {
        assert.equal(status, 503);
        assert.ok(
          elapsedMs < SHORT_PATIENCE_MS + MARGIN_MS * machine.slowness(),
          `refused after ${elapsedMs} ms`,
        );
      }
      assert.equal(acknowledged(), before, "nothing is acknowledged that the standby may not have");
    };
    try {
      await hang();
      process.kill(receiver, "SIGCONT");
      const { status, elapsedMs } = await say(setting);
      assert.equal(status, 201);
      assert.ok(elapsedMs < BACK_MS * machine.slowness(), `back after ${elapsedMs} ms`);
      context.diagnostic(`back after ${Math.round(elapsedMs)} ms`);

      await hang();
      await postgres.stop("immediate");
    } finally {
      process.kill(receiver, "SIGCONT");
    }
    proxy.leadTo(standby.port);
    await standby.promote();
    assert.equal((await say(setting)).status, 201);
    await load.goesOn(CLIENTS);
    await load.stop();
    context.diagnostic(`${await check(on(standby, setting), load.sent)} acknowledged`);
  });

  test("[R5] hung: requests wait for so long and no longer, then 503 with Retry-After; back within 2 s", {
    timeout: 120_000,
  }, async () => {
    await using setting = await setUp();
    using machine = watchMachine();
    assert.equal((await say(setting)).status, 201);
    setting.proxy.stall();
    const answers = await Promise.all(Array.from({ length: 20 }, () => say(setting)));
    for (const { status, elapsedMs } of answers) {
      assert.equal(status, 503);
      assert.ok(
        elapsedMs > PATIENCE_MS / 2 && elapsedMs < PATIENCE_MS + MARGIN_MS * machine.slowness(),
        `${elapsedMs} ms`,
      );
    }
    setting.proxy.resume();
    const back = await say(setting);
    assert.equal(back.status, 201);
    assert.ok(back.elapsedMs < BACK_MS * machine.slowness(), `${back.elapsedMs} ms`);
    // A stall that is shorter than the patience is only a delay.
    setting.proxy.stall();
    const waiting = Promise.all(Array.from({ length: 10 }, () => say(setting)));
    await sleep(1_000);
    setting.proxy.resume();
    for (const { status } of await waiting) assert.equal(status, 201);
  });

  test(`[R5] ${FAULTS} times cut or stalled under load: nothing acknowledged is lost or doubled, every stream ends in words`, {
    timeout: 300_000,
  }, async (context) => {
    await using setting = await setUp();
    const load = startLoad(setting);
    const terminator = new Client({ connectionString: setting.postgres.url });
    await terminator.connect();
    for (let fault = 0; fault < FAULTS; fault++) {
      await sleep(100 + Math.random() * 200);
      if (fault % 3 === 0) setting.proxy.cut();
      else if (fault % 3 === 1)
        await terminator.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'colloquy%'",
        );
      else {
        setting.proxy.stall();
        await sleep(100 + Math.random() * 300);
        if (fault % 2) setting.proxy.cut();
        setting.proxy.resume();
      }
    }
    await terminator.end();
    await load.stop();
    context.diagnostic(`${await check(setting, load.sent)} acknowledged`);
    assert.equal((await say(setting)).status, 201);
  });

  for (const lost of ["answer", "request"] as const)
    test(`[R5] a connection lost with the ${lost === "answer" ? "answer to a commit" : "commit itself"}: stored once, and acknowledged`, async () => {
      await using postgres = await startPostgres();
      const database = await createDatabase(postgres.url);
      await using proxy = await startTcpProxy(postgres.port);
      await using store = await openPostgresStore({
        url: proxy.through(database.url),
        isServer: false,
      });
      const owner = newOwner();
      // The text of a statement is sent with its first use on a connection.
      const broken = proxy.breakAt("COMMIT", lost);
      proxy.cut();
      const given = aConversation();
      await store.createConversation(owner, given, [aMessage("first")]);
      assert.ok(broken(), "it was broken off");
      await Promise.all(
        Array.from({ length: 5 }, () => store.appendMessage(owner, given.id, aMessage("more"))),
      );
      const messages = await store.listMessages(owner, given.id);
      assert.deepEqual(
        messages?.map(({ content }) => content),
        ["first", ...Array(5).fill("more")],
      );
    });

  test("[R5] a turn whose commit was not answered, nor could be asked about in time, does not seem to run for ever", {
    timeout: 60_000,
  }, async () => {
    await using setting = await setUp();
    const { proxy } = setting;
    const { call } = setting.call;
    const id = await call("/conversations", { body: {} }).then(({ body }) => body.data.id);
    const say = () =>
      call(`/conversations/${id}/messages`, {
        body: { content: "Hello" },
        headers: { "idempotency-key": "one" },
      });
    const stored = async () => (await call(`/conversations/${id}/messages`)).body.data;
    // Connections that are new say COMMIT in words.
    proxy.cut();
    const isBroken = proxy.breakAt("COMMIT", "answer");
    const said = say();
    while (!isBroken()) await new Promise(setImmediate);
    proxy.stall();
    assert.equal((await said).status, 503);
    proxy.resume();
    let messages = await stored();
    // Another transaction may have been the one that was broken: then nothing was stored.
    while (messages.length === 1) messages = await stored();
    const again = await say();
    assert.equal(again.status, 201);
    assert.ok(
      messages.length === 0 || messages[1].status === "interrupted",
      JSON.stringify(messages),
    );
    assert.equal((await stored()).length, 2);
  });

  test("[R5] a reply that cannot be stored is 503 after so long and no longer; it is stored when the database is back", {
    timeout: 60_000,
  }, async () => {
    await using setting = await setUp(SHORT_PATIENCE_MS);
    using machine = watchMachine();
    const { proxy, server } = setting;
    const { call } = setting.call;
    const id = await call("/conversations", { body: {} }).then(({ body }) => body.data.id);
    const say = () =>
      call(`/conversations/${id}/messages`, {
        body: { content: "{{reply tokens=4 hold=2}}" },
        headers: { "idempotency-key": "one" },
      });
    const stored = async () => (await call(`/conversations/${id}/messages`)).body.data[1];
    const said = say();
    await server.model.held();
    proxy.stall();
    server.model.release();
    const releasedAt = performance.now();
    const { status, headers } = await said;
    const elapsedMs = performance.now() - releasedAt;
    assert.equal(status, 503);
    assert.ok(headers.get("retry-after"), "says when to come back");
    assert.ok(
      elapsedMs < REPLY_PATIENCE_MS + 2 * SHORT_PATIENCE_MS + MARGIN_MS * machine.slowness(),
      `${elapsedMs} ms`,
    );
    proxy.resume();
    const giveUpAt = performance.now() + SETTLED_MS;
    let reply = await stored();
    while (reply?.content !== "alpha bravo charlie delta ") {
      assert.ok(performance.now() < giveUpAt, JSON.stringify(reply));
      await sleep(100);
      reply = await stored();
    }
    assert.equal(reply.status, "complete");
    assert.deepEqual((await say()).body.data[1], reply, "and is what the same request gets now");
    assert.equal(server.model.requests.length, 1);
  });

  test("one that is away at the start is waited for, and named when it does not come", async () => {
    await using postgres = await startPostgres();
    const database = await createDatabase(postgres.url);
    await using proxy = await startTcpProxy(postgres.port);
    await proxy.close();
    const environment = {
      DATABASE_URL: proxy.through(database.url),
      DATABASE_TIMEOUT_SECONDS: "2",
    };
    await assert.rejects(
      startServer({ backend: "sqlite", environment }),
      /The database cannot be reached now/,
    );
    const starting = startServer({ backend: "sqlite", environment });
    await sleep(500);
    await proxy.open();
    await using server = await starting;
    assert.equal((await caller(server.url).call("/conversations", { method: "POST" })).status, 201);
  });
});
