// The services that the other tests stand on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Redis } from "ioredis";
import { Client } from "pg";
import { skipWithoutPostgres, startPostgres } from "./postgres-server.ts";
import { skipWithoutRedis, startRedis } from "./redis-server.ts";
import { createDatabase, sharedRedisUrl } from "./services.ts";

async function ask(url: string, statement: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return Object.values((await client.query(statement)).rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}

test("a database of one's own, by a user whom row-level security holds", {
  skip: skipWithoutPostgres(),
}, async () => {
  await using database = await createDatabase();
  assert.equal(await ask(database.url, "SHOW server_encoding"), "UTF8");
  assert.equal(
    await ask(
      database.url,
      "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user",
    ),
    false,
  );
});

test("a PostgreSQL that crashes and comes back with what it had", {
  skip: skipWithoutPostgres(),
}, async () => {
  await using server = await startPostgres();
  await using database = await createDatabase(server.url);
  assert.equal(await ask(database.url, "SHOW fsync"), "on");
  await ask(database.url, "CREATE TABLE kept AS SELECT 7 AS number");
  await server.stop("immediate");
  await assert.rejects(ask(database.url, "SELECT 1"));
  await server.start();
  assert.equal(await ask(database.url, "SELECT number FROM kept"), 7);
});

test("a Redis that is shared, and one that is killed and comes back empty", {
  skip: skipWithoutRedis(),
}, async () => {
  const shared = new Redis(await sharedRedisUrl());
  assert.equal(await shared.ping(), "PONG");
  await shared.quit();
  await using server = await startRedis(["--maxmemory", "3mb"]);
  const own = new Redis(server.url, { lazyConnect: true });
  own.on("error", () => {});
  await own.connect();
  await own.set("kept", "7");
  await server.kill();
  await server.start();
  assert.equal(await own.get("kept"), null);
  own.disconnect();
});
