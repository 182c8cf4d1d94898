import type { DatabaseSync } from "node:sqlite";
import { AppError } from "../../../domain/errors.ts";
import { LOCK_FILE } from "./beginning.ts";
import { openPrivateFile } from "./database.ts";
import { isBusy } from "./errors.ts";

export type DirectoryLock = Disposable & {
  /** Notes for good that the folder has a store, so that a start which finds none can tell that it was lost. */
  noteStore(): void;
};

/**
 * Takes the folder for this process alone until disposed. The lock is the operating system's, on a
 * small database beside the store's: it is gone with the process, however that ends.
 * @throws AppError unavailable if another process has it
 */
export function lockDirectory(directory: string): DirectoryLock {
  let database: DatabaseSync | undefined;
  try {
    database = openPrivateFile(directory, LOCK_FILE, 0);
    // The lock is kept over a commit, and nothing is left beside the file.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    database?.close();
    if (!isBusy(error)) throw error;
    throw new AppError(
      "unavailable",
      `Another Colloquy server is using the data folder ${directory}. Stop it first, or give this one a folder of its own (DATA_DIR).`,
    );
  }
  const held = database;
  return {
    noteStore() {
      if (isNoted(held)) return;
      try {
        held.exec("PRAGMA user_version = 1; COMMIT");
      } catch {
        // A full disk: noted by the next start.
      }
      if (!held.isTransaction) held.exec("BEGIN EXCLUSIVE");
    },
    [Symbol.dispose]: () => held.close(),
  };
}

const isNoted = (database: DatabaseSync): boolean =>
  Number(Object.values(database.prepare("PRAGMA user_version").get() ?? {})[0]) > 0;
