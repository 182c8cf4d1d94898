// The real services that tests share: those of TEST_DATABASE_URL and TEST_REDIS_URL, or else started
// by the first test of this process that asks. Whoever breaks a service starts one of its own
// (startPostgres, startRedis).
import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { type PostgresServer, startPostgres } from "./postgres-server.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";

let postgres: Promise<Pick<PostgresServer, "url">> | undefined;
let redis: Promise<Pick<RedisServer, "url">> | undefined;

/** The URL of a PostgreSQL that all tests of this process share; make databases with `createDatabase`. */
export async function sharedPostgresUrl(): Promise<string> {
  const given = process.env.TEST_DATABASE_URL;
  // What is asked of this one has nothing to do with power cuts; those who break one start their own.
  postgres ??= given ? Promise.resolve({ url: given }) : startPostgres(["fsync=off"]);
  return (await postgres).url;
}

/** The URL of a Redis that all tests of this process share: use keys that nobody else has (a prefix). */
export async function sharedRedisUrl(): Promise<string> {
  const given = process.env.TEST_REDIS_URL;
  redis ??= given ? Promise.resolve({ url: given }) : startRedis();
  return (await redis).url;
}

export type TestDatabase = {
  /** Of a user who owns the database and is no superuser, where such a one may be made. */
  readonly url: string;
  readonly administratorUrl: string;
  [Symbol.asyncDispose](): Promise<void>;
};

let template: Promise<string | null> | undefined;

/**
 * The URL, with its owner, of a database of the newest version without rows, for copying: that of TEST_DATABASE_TEMPLATE, or
 * else one that this process makes once. Null where the PostgreSQL outlives the tests, and the database would.
 */
export async function templateDatabaseUrl(): Promise<string | null> {
  const given = process.env.TEST_DATABASE_TEMPLATE;
  template ??= given
    ? Promise.resolve(given)
    : process.env.TEST_DATABASE_URL
      ? Promise.resolve(null)
      : makeTemplate();
  return await template;
}

async function makeTemplate(): Promise<string> {
  const { openPostgresStore } = await import("../src/adapters/stores/postgres/store.ts");
  const { url } = await createDatabase();
  await (await openPostgresStore({ url, isServer: false })).close();
  return url;
}

/** A database of the newest version without rows, dropped when disposed: copying one takes less than making its tables. */
export async function createMigratedDatabase(): Promise<TestDatabase> {
  const administrator = await sharedPostgresUrl();
  const copied = await templateDatabaseUrl();
  if (copied === null) return await createDatabase();
  const { username, pathname } = new URL(copied);
  const name = newName();
  await onServer(administrator, async (run) => {
    await run(`CREATE DATABASE ${name} TEMPLATE ${pathname.slice(1)}`);
    await run(`ALTER DATABASE ${name} OWNER TO ${username}`);
  });
  const at = (url: string) => Object.assign(new URL(url), { pathname: `/${name}` }).href;
  return {
    url: at(copied),
    administratorUrl: at(administrator),
    [Symbol.asyncDispose]: () =>
      onServer(administrator, async (run) => {
        await run(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }),
  };
}

const NOT_PERMITTED = "42501";

const newName = () => `colloquy_${randomBytes(6).toString("hex")}`;

/** An empty database, dropped when disposed. */
export async function createDatabase(serverUrl?: string, encoding = "UTF8"): Promise<TestDatabase> {
  const administrator = serverUrl ?? (await sharedPostgresUrl());
  const name = newName();
  const url = new URL(administrator);
  const password = randomBytes(12).toString("hex");
  const hasOwnUser = await onServer(administrator, async (run) => {
    const isMade = await run(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`).then(
      () => true,
      (error) => {
        if (error.code === NOT_PERMITTED) return false;
        throw error;
      },
    );
    await run(`CREATE DATABASE ${name} ENCODING '${encoding}' LOCALE 'C' TEMPLATE template0`);
    if (isMade) await run(`ALTER DATABASE ${name} OWNER TO ${name}`);
    return isMade;
  });
  url.pathname = `/${name}`;
  const administratorUrl = String(url);
  if (hasOwnUser) {
    url.username = name;
    url.password = password;
  }
  return {
    url: String(url),
    administratorUrl,
    [Symbol.asyncDispose]: () =>
      onServer(administrator, async (run) => {
        await run(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
        if (hasOwnUser) await run(`DROP ROLE IF EXISTS ${name}`);
      }),
  };
}

async function onServer<Result>(
  url: string,
  work: (run: (statement: string) => Promise<unknown>) => Promise<Result>,
): Promise<Result> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work((statement) => client.query(statement));
  } finally {
    await client.end();
  }
}
