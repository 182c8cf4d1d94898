// Whether the server says what is wrong with a PostgreSQL that takes no writes, or is away.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { skipWithoutPostgres } from "./postgres-server.ts";
import { createDatabase } from "./services.ts";
import { startServer } from "./start-server.ts";
import { startTcpProxy } from "./tcp-proxy.ts";
import { ALICE, type Server, send } from "./wire-client.ts";

const BETWEEN_LOOKS_MS = 100;
const PATIENCE_MS = 20_000;

const say = (server: Server) => send(server, "POST", "/chat", { message: "Hello", user_id: ALICE });
const list = (server: Server) => send(server, "GET", `/conversations?user_id=${ALICE}`);

/** Resolves when /health answers so; gives the answer. */
async function healthOf(server: Server, wanted: 200 | 503) {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const health = await send(server, "GET", "/health");
    if (health.status === wanted) return health.body;
    assert.ok(performance.now() < end, `it stays ${health.status}: ${health.text}`);
    await sleep(BETWEEN_LOOKS_MS);
  }
}

test("[X2] [X5] a PostgreSQL that takes no more writes: /health says so, reads are answered, nothing is acknowledged, and it is taken again", {
  skip: skipWithoutPostgres(),
  timeout: 60_000,
}, async () => {
  await using database = await createDatabase();
  await using server = await startServer({
    builtIn: true,
    backend: "sqlite",
    environment: { DATABASE_URL: database.url, LOG_LEVEL: "silent" },
  });
  const administrator = new Client({ connectionString: database.administratorUrl });
  await administrator.connect();
  const user = new URL(database.url).username;
  const tables = "conversations, messages, meta, idempotency_keys";
  try {
    assert.equal((await say(server)).status, 200);
    await administrator.query(`REVOKE INSERT, UPDATE ON ${tables} FROM ${user}`);
    const health = await healthOf(server, 503);
    assert.equal(health.status, "unhealthy");
    assert.ok(health.problems.length > 0);
    const refused = await say(server);
    assert.equal(refused.status, 503);
    assert.ok(Number(refused.headers.get("retry-after")) > 0);
    const kept = await list(server);
    assert.equal(kept.status, 200);
    assert.equal(kept.body[0].messages.length, 2);
    await administrator.query(`GRANT INSERT, UPDATE ON ${tables} TO ${user}`);
    await healthOf(server, 200);
    assert.equal((await say(server)).status, 200);
    assert.equal((await list(server)).body[0].messages.length, 4, "what was refused is not stored");
  } finally {
    await administrator.end();
  }
});

test("[X2] a PostgreSQL that is away: /health says so and is 503, requests are 503 with Retry-After, and it is taken again", {
  skip: skipWithoutPostgres(),
  timeout: 60_000,
}, async () => {
  await using database = await createDatabase();
  await using proxy = await startTcpProxy(Number(new URL(database.url).port));
  await using server = await startServer({
    builtIn: true,
    backend: "sqlite",
    environment: {
      DATABASE_URL: proxy.through(database.url),
      DATABASE_TIMEOUT_SECONDS: "1",
      LOG_LEVEL: "silent",
    },
  });
  assert.equal((await say(server)).status, 200);
  await proxy.close();
  const health = await healthOf(server, 503);
  assert.equal(health.status, "unhealthy");
  assert.ok(health.problems.length > 0);
  assert.ok(!JSON.stringify(health).includes(new URL(database.url).password), "no secret");
  for (const refused of [await say(server), await list(server)]) {
    assert.equal(refused.status, 503);
    assert.ok(Number(refused.headers.get("retry-after")) > 0);
  }
  await proxy.open();
  await healthOf(server, 200);
  assert.equal((await say(server)).status, 200);
  assert.equal((await list(server)).body[0].messages.length, 4);
});
