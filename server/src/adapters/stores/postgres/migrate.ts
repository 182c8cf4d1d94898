import type { ClientBase } from "pg";
import { AppError } from "../../../domain/errors.ts";
import { MIGRATIONS } from "./migrations.ts";

/** Any number, the same for all who migrate: of several servers that start together one does it. */
const LOCK = 7_265_571_001;

/** Brings the database to the newest version. @throws AppError unavailable, errors of pg's */
export async function migrate(client: ClientBase): Promise<void> {
  await checkServer(client);
  if ((await versionOf(client)) === MIGRATIONS.length) return;
  await client.query("BEGIN");
  try {
    await client.query(
      "SELECT set_config('lock_timeout', '60s', true), set_config('statement_timeout', '0', true)",
    );
    await client.query(`SELECT pg_advisory_xact_lock(${LOCK})`);
    // First: looking for the table would not see one that was made while this waited for the lock.
    await client.query("CREATE TABLE IF NOT EXISTS schema_version (version integer NOT NULL)");
    const version = await versionOf(client);
    if (version > MIGRATIONS.length)
      throw new AppError(
        "unavailable",
        `The database was written by a newer Colloquy (its version is ${version}, this program knows up to ${MIGRATIONS.length}). Upgrade this program, or give it another database (DATABASE_URL).`,
      );
    for (const migration of MIGRATIONS.slice(version)) await client.query(migration);
    await client.query("DELETE FROM schema_version");
    await client.query("INSERT INTO schema_version VALUES ($1)", [MIGRATIONS.length]);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

async function versionOf(client: ClientBase): Promise<number> {
  const { rows } = await client.query(
    "SELECT to_regclass('schema_version') IS NOT NULL AS is_there",
  );
  if (!rows[0]?.is_there) return 0;
  const { rows: versions } = await client.query("SELECT version FROM schema_version");
  return Number(versions[0]?.version ?? 0);
}

const MIN_VERSION = 13;

async function checkServer(client: ClientBase): Promise<void> {
  const { rows } = await client.query(`SELECT current_setting('server_encoding') AS encoding,
    current_setting('server_version_num')::int / 10000 AS version`);
  const { encoding, version } = rows[0] as { encoding: string; version: number };
  if (version < MIN_VERSION)
    throw new AppError(
      "unavailable",
      `The database of DATABASE_URL is PostgreSQL ${version}; Colloquy needs ${MIN_VERSION} or newer.`,
    );
  if (encoding !== "UTF8")
    throw new AppError(
      "unavailable",
      `The database of DATABASE_URL is kept in ${encoding}, which cannot hold every text. Make one with ENCODING 'UTF8'.`,
    );
}
