// What the PostgreSQL store uses of `pg` beyond its documented interface is there, and does what the store expects.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import {
  breakOff,
  type ProtocolConnection,
  processIdOf,
} from "../src/adapters/stores/postgres/connection.ts";
import { exchange } from "../src/adapters/stores/postgres/exchange.ts";
import { createDatabase, type TestDatabase } from "./services.ts";

const CHANGED = "pg has changed: adapt adapters/stores/postgres/connection.ts and exchange.ts";

describe("the connection inside a client of pg", () => {
  let database: TestDatabase;
  let client: pg.Client;
  before(async () => {
    database = await createDatabase();
    client = new pg.Client({ connectionString: database.url });
    client.on("error", () => {});
    await client.connect();
  });
  after(async () => {
    await client.end().catch(() => {});
    await database[Symbol.asyncDispose]();
  });

  const call = (sql: string, ...values: string[]) => ({
    statement: { sql, isWrite: false, givesArrays: false },
    values,
    wants: "first" as const,
  });
  const inside = () =>
    (client as unknown as { readonly connection: ProtocolConnection }).connection;

  test("has every message of the extended query protocol that the store sends", () => {
    for (const name of ["parse", "describe", "bind", "execute", "close", "sync"] as const)
      assert.equal(typeof inside()[name], "function", `${CHANGED} (${name})`);
    for (const name of ["cork", "uncork", "destroy"] as const)
      assert.equal(typeof inside().stream[name], "function", `${CHANGED} (stream.${name})`);
  });

  test("the number of its process is the one that the database gives", async () => {
    const { rows } = await client.query("SELECT pg_backend_pid() AS pid");
    assert.equal(processIdOf(client), rows[0]?.pid, CHANGED);
  });

  test("several statements go there in one piece, and their answers come back in order", async () => {
    const { stream } = inside() as unknown as { stream: import("node:net").Socket };
    const sent: number[] = [];
    const writeAll = stream._writev!;
    stream._writev = function (chunks, done) {
      sent.push(chunks.length);
      return writeAll.call(this, chunks, done);
    };
    try {
      const calls = [
        call("SELECT $1::text AS said", "one"),
        call("SELECT $1::int + 1 AS next", "2"),
      ];
      for (const round of ["prepared with it", "prepared before"]) {
        sent.length = 0;
        const answers = await exchange(client, calls, 10_000);
        assert.deepEqual(answers, [{ said: "one" }, { next: 3 }], `${CHANGED} (${round})`);
        assert.equal(sent.length, 1, `${CHANGED} (${round}: ${sent.length} writes)`);
      }
    } finally {
      stream._writev = writeAll;
    }
  });

  test("a statement that failed is closed and prepared again", async () => {
    const failing = call("SELECT 1 / $1::int AS share", "0");
    await assert.rejects(exchange(client, [failing], 10_000));
    const { statement, wants } = failing;
    const answers = await exchange(client, [{ statement, wants, values: ["1"] }], 10_000);
    assert.deepEqual(answers, [{ share: 1 }], CHANGED);
  });

  test("one that is broken off fails what it was asked, at once", async () => {
    const asleep = exchange(client, [call("SELECT pg_sleep(60) AS slept")], 60_000);
    breakOff(client);
    await assert.rejects(asleep, CHANGED);
  });
});
