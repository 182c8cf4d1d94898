import { Client } from "pg";
import type { PostgresServer } from "../server/test/postgres-server.ts";
import type { TestDatabase } from "../server/test/services.ts";
import { startTcpProxy } from "../server/test/tcp-proxy.ts";
import { useOfTree } from "./accounting.ts";
import { createConversations } from "./conversation-pool.ts";

/** What one turn costs a database. */
export type DatabaseCosts = {
  readonly statements: number;
  readonly transactions: number;
  readonly bytesThere: number;
  readonly bytesBack: number;
  readonly logBytes: number;
  readonly cpuMicroseconds: number;
};

const PER_CONVERSATION = 4;
/** So long until the database has counted what it did. */
const COUNTING_MS = 1_500;

/** Counts at the database and on the way to it, over so many turns of one client. */
export async function measureDatabaseCosts(
  postgres: PostgresServer,
  database: TestDatabase,
  turns: number,
  startServer: (databaseUrl: string) => Promise<{ readonly port: number } & AsyncDisposable>,
): Promise<DatabaseCosts> {
  const client = new Client({ connectionString: database.administratorUrl });
  await client.connect();
  await client.query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements");
  await using proxy = await startTcpProxy(postgres.port);
  await using server = await startServer(proxy.through(database.url));
  const ids = await createConversations(server.port, turns / PER_CONVERSATION);

  const read = async () => {
    await new Promise((resolve) => setTimeout(resolve, COUNTING_MS));
    const { rows } = await client.query(`SELECT
      (SELECT sum(calls) FROM pg_stat_statements)::float8 AS statements,
      (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database())::float8 AS transactions,
      (pg_current_wal_insert_lsn() - '0/0')::float8 AS log_bytes`);
    return { ...rows[0], ...proxy.bytes(), cpu: useOfTree(postgres.pid()).cpuMicroseconds };
  };
  const say = async (id: string | undefined) => {
    const response = await fetch(
      `http://127.0.0.1:${server.port}/v1/chat/conversations/${id}/messages`,
      {
        method: "POST",
        headers: { authorization: "Bearer bench", "content-type": "application/json" },
        body: JSON.stringify({ content: "Hello", model: "mock" }),
      },
    );
    if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  };
  for (const id of ids) await say(id);
  const idle = [await read(), await read()];
  const before = await read();
  for (let turn = 0; turn < turns; turn++) await say(ids[turn % ids.length]);
  const after = await read();
  await client.end();
  /** What is done by the clock (signs of life) is counted alone, and taken off. */
  const perTurn = (name: string) =>
    (after[name] - before[name] - (idle[1][name] - idle[0][name])) / turns;
  return {
    statements: perTurn("statements"),
    transactions: perTurn("transactions"),
    bytesThere: perTurn("there"),
    bytesBack: perTurn("back"),
    logBytes: perTurn("log_bytes"),
    cpuMicroseconds: perTurn("cpu"),
  };
}
