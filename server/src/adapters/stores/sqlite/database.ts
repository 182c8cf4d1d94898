import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "../../../domain/errors.ts";
import {
  beginDatabase,
  DATABASE_FILE,
  REMEDY_FOR_REMAINS,
  remainsOfDatabase,
} from "./beginning.ts";
import { MIGRATIONS } from "./migrations.ts";

/** How hard a commit waits for the disk. Anything but FULL can lose what was acknowledged: for comparison only. */
export type Synchronous = "FULL" | "NORMAL" | "OFF";

const BUSY_TIMEOUT_MS = 5_000;
/** How long a process waits for another one that is bringing the database to the newest version. */
const MIGRATION_TIMEOUT_MS = 30 * 60_000;
const CACHE_KIBIBYTES = 64 * 1024;
/** Of 4 KiB each: how much the write-ahead log grows before a commit moves it into the database. */
const CHECKPOINT_PAGES = 4_000;
/** What is left of the log after it grew more, because someone was reading. */
const LOG_BYTES_KEPT = 64 * 1024 ** 2;

/**
 * Makes the folder and the file for their owner alone, and opens the file.
 * @param begin makes the file where it is not there yet; otherwise it begins empty
 * @throws AppError unavailable if the file system refuses
 */
export function openPrivateFile(
  directory: string,
  name: string,
  timeout: number,
  begin: (directory: string) => void = () => {},
): DatabaseSync {
  const path = join(directory, name);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    begin(directory);
    closeSync(openSync(path, "a", 0o600));
    chmodSync(path, 0o600);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError(
      "unavailable",
      `The data folder ${directory} cannot be used (${reason}). Make it writable for the server, or choose another (DATA_DIR).`,
      { cause: error },
    );
  }
  return new DatabaseSync(path, { timeout });
}

/** Told in words that the database is brought to a newer version, before that begins and when it is done. */
export type OnMigration = (words: string) => void;

/**
 * A connection to the store's database, of the newest version.
 * @throws AppError unavailable where something is left of another database than the one that is there
 */
export function openDatabase(
  directory: string,
  synchronous: Synchronous,
  onMigration: OnMigration = () => {},
): DatabaseSync {
  const remains = remainsOfDatabase(directory);
  if (remains !== null) throw new AppError("unavailable", `${remains} ${REMEDY_FOR_REMAINS}`);
  const database = openPrivateFile(directory, DATABASE_FILE, BUSY_TIMEOUT_MS, beginDatabase);
  try {
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${synchronous};
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      PRAGMA journal_size_limit = ${LOG_BYTES_KEPT};
      PRAGMA cache_size = -${CACHE_KIBIBYTES};
      PRAGMA temp_store = MEMORY;
    `);
    migrate(database, onMigration);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

const versionOf = (database: DatabaseSync): number =>
  Number(Object.values(database.prepare("PRAGMA user_version").get() ?? {})[0]);

/** All or nothing: a crash leaves the database as it was, and the next start begins again. */
function migrate(database: DatabaseSync, onMigration: OnMigration): void {
  if (versionOf(database) === MIGRATIONS.length) return;
  database.exec(`PRAGMA busy_timeout = ${MIGRATION_TIMEOUT_MS}`);
  database.exec("BEGIN IMMEDIATE");
  try {
    const version = versionOf(database);
    if (version > MIGRATIONS.length)
      throw new AppError(
        "unavailable",
        `The database was written by a newer Colloquy (its version is ${version}, this program knows up to ${MIGRATIONS.length}). Upgrade this program, or give it another data folder.`,
      );
    const isOld = version > 0 && version < MIGRATIONS.length;
    const beganAt = performance.now();
    if (isOld) onMigration(announcement(database, version));
    for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    database.exec("COMMIT");
    const seconds = Math.ceil((performance.now() - beganAt) / 1000);
    if (isOld) onMigration(`The database has version ${MIGRATIONS.length} now (${seconds} s).`);
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
  database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
}

function announcement(database: DatabaseSync, version: number): string {
  const messages = Number(
    database.prepare("SELECT coalesce(max(row_id), 0) AS last FROM messages").get()?.last,
  );
  return `The database is brought from version ${version} to ${MIGRATIONS.length}. With about ${messages} messages this can take ${messages > 100_000 ? "minutes" : "some seconds"}, and the disk needs twice as much free space as the database takes. If this is interrupted, nothing is lost: the next start begins again.`;
}
