import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import { openSqliteStore, type SqliteStore } from "../adapters/stores/sqlite/store.ts";
import type { Config } from "../config.ts";
import { fileProblem } from "./wording.ts";

export const dataFolderOf = (config: Config): string => resolve(config.dataDirectory);

/** Whether anything was ever stored there. @throws Error in words */
export async function isInUse(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length > 0;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw fileProblem(error, `The data folder ${folder} (DATA_DIR)`);
  }
}

/** The store in that folder, beside a server that may be using it. Makes it if need be. @throws Error in words */
export async function openStore(folder: string): Promise<SqliteStore> {
  try {
    return await openSqliteStore({ directory: folder, exclusive: false });
  } catch (error) {
    throw fileProblem(error, `The data folder ${folder} (DATA_DIR)`);
  }
}
