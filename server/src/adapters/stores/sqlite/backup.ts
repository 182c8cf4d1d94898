import { once } from "node:events";
import { extname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { MIGRATIONS } from "./migrations.ts";

export type BackupWork =
  | { readonly kind: "copy"; readonly file: string; readonly to: string }
  | { readonly kind: "check"; readonly file: string };

/**
 * Writes the database as it is at this moment into another file, which is there and empty; others may go on
 * writing to the database meanwhile.
 * @throws Error, as SQLite words it, or the signal's reason
 */
export const copyDatabase = (file: string, to: string, signal: AbortSignal): Promise<void> =>
  inThread({ kind: "copy", file, to }, signal);

/**
 * Reads every page of a database.
 * @throws Error that says what is wrong with it, or the signal's reason
 */
export const checkDatabaseFile = (file: string, signal: AbortSignal): Promise<void> =>
  inThread({ kind: "check", file }, signal);

async function inThread(work: BackupWork, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const entry = new URL(`./backup-thread${extname(import.meta.url)}`, import.meta.url);
  const thread = new Worker(entry, { workerData: work, execArgv: [] });
  const stop = () => void thread.terminate();
  signal.addEventListener("abort", stop);
  try {
    await once(thread, "exit");
  } finally {
    signal.removeEventListener("abort", stop);
  }
  signal.throwIfAborted();
}

/** Why the file is no database of Colloquy that this version can take; null when it is one. */
export function problemOfDatabaseFile(file: string): string | null {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    const [version = 0] = Object.values(database.prepare("PRAGMA user_version").get() ?? {});
    const tables = database
      .prepare(
        "SELECT count(*) AS number FROM sqlite_schema WHERE name IN ('conversations', 'messages', 'api_keys')",
      )
      .get();
    if (tables?.number !== 3) return "is a SQLite database, but none of Colloquy";
    return Number(version) > MIGRATIONS.length
      ? `was written by a newer Colloquy (version ${version}; this program knows up to ${MIGRATIONS.length})`
      : null;
  } catch {
    return "is no SQLite database that can be read";
  } finally {
    database?.close();
  }
}
