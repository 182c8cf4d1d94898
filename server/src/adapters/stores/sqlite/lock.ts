import type { DatabaseSync } from "node:sqlite";
import { AppError } from "../../../domain/errors.ts";
import { openPrivateFile } from "./database.ts";
import { isBusy } from "./errors.ts";

/**
 * Takes the folder for this process alone until disposed. The lock is the operating system's, on a
 * small database beside the store's: it is gone with the process, however that ends.
 * @throws AppError unavailable if another process has it
 */
export function lockDirectory(directory: string): Disposable {
  let database: DatabaseSync | undefined;
  try {
    database = openPrivateFile(directory, "colloquy.lock", 0);
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database?.close();
    if (!isBusy(error)) throw error;
    throw new AppError(
      "unavailable",
      `Another Colloquy server is using the data folder ${directory}. Stop it first, or give this one a folder of its own (DATA_DIR).`,
    );
  }
  const held = database;
  return { [Symbol.dispose]: () => held.close() };
}
