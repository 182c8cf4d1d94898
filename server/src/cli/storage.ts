import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { type OpenStore, openStorage, storageName } from "../wiring/storage.ts";
import { fileProblem } from "./wording.ts";

/** What the commands work on: a data folder, or a database. */
export type Storage = {
  /** `./data (DATA_DIR)` */
  readonly name: string;
  /** Null with a database. */
  readonly folder: string | null;
  /** Whether anything was ever stored there. @throws Error in words */
  isInUse(): Promise<boolean>;
  /** Beside a server that may be using it. Makes it if need be. @throws Error in words */
  open(): Promise<OpenStore>;
};

export function storageOf(config: Config): Storage {
  const open = () =>
    openStorage(config, {
      isServer: false,
      onMigration: (words) => void process.stderr.write(`${words}\n`),
    });
  if (config.databaseUrl !== null)
    return {
      name: `${storageName(config)} (DATABASE_URL)`,
      folder: null,
      isInUse: async () => true,
      open,
    };
  const folder = resolve(config.dataDirectory);
  const inWords = (error: unknown) => fileProblem(error, `The data folder ${folder} (DATA_DIR)`);
  return {
    name: `${folder} (DATA_DIR)`,
    folder,
    async isInUse() {
      try {
        return (await readdir(folder)).length > 0;
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
        throw inWords(error);
      }
    },
    async open() {
      try {
        return await open();
      } catch (error) {
        throw inWords(error);
      }
    },
  };
}
