import { closeSync, linkSync, openSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

export const DATABASE_FILE = "colloquy.db";
/** Not empty once the folder has had a store (lock.ts). */
export const LOCK_FILE = "colloquy.lock";
/** What SQLite keeps beside a database while it is open, and after a crash. */
const COMPANIONS = ["-wal", "-journal"];
const UNFINISHED = /^colloquy\.db\.\d+\.new(?:-\w+)?$/;

/** Bytes; 0 where there is none. */
const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/**
 * Why no new database may begin in that folder: something is left of another one, whose data would seem
 * to be gone. Null where there is a database, and where there never was one.
 */
export function remainsOfDatabase(directory: string): string | null {
  const path = join(directory, DATABASE_FILE);
  if (sizeOf(path) > 0) return null;
  const left = COMPANIONS.map((suffix) => `${DATABASE_FILE}${suffix}`).find(
    (name) => sizeOf(join(directory, name)) > 0,
  );
  const isEmpty = statSync(path, { throwIfNoEntry: false }) !== undefined;
  if (left !== undefined)
    return `The data folder ${directory} has ${left}, and ${isEmpty ? `${DATABASE_FILE} is empty` : `no ${DATABASE_FILE}`}: they belong together, and each alone is not the whole.`;
  if (isEmpty) return `The database ${path} is empty (0 bytes): what was in it is gone.`;
  return sizeOf(join(directory, LOCK_FILE)) > 0
    ? `The data folder ${directory} has had a store, as its ${LOCK_FILE} says, and has no ${DATABASE_FILE}: what was in it is not there.`
    : null;
}

export const REMEDY_FOR_REMAINS =
  "Put the missing file back, or restore a backup into an empty folder (colloquy restore FILE). If nothing in it is needed, move the folder away.";

/** Makes the database file of a new folder at once and not empty, so that no crash leaves an empty one. */
export function beginDatabase(directory: string): void {
  const path = join(directory, DATABASE_FILE);
  if (statSync(path, { throwIfNoEntry: false })) return;
  for (const name of readdirSync(directory))
    if (UNFINISHED.test(name) && !isAlive(Number(name.split(".")[2])))
      rmSync(join(directory, name), { force: true });
  const made = `${path}.${process.pid}.new`;
  closeSync(openSync(made, "w", 0o600));
  try {
    const database = new DatabaseSync(made);
    database.exec("PRAGMA journal_mode = WAL");
    database.close();
    linkSync(made, path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    // A file system without links.
    if (code === "EPERM" || code === "ENOTSUP") renameSync(made, path);
    // Unless another process was first.
    else if (code !== "EEXIST") throw error;
  } finally {
    rmSync(made, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
