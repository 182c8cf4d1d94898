import { resolve } from "node:path";
import { openSqliteStore } from "../adapters/stores/sqlite/store.ts";
import type { Config } from "../config/config.ts";
import type { Store } from "../ports/store.ts";

export type StorageOptions = {
  /** A server, not a tool that works beside one. */
  readonly isServer: boolean;
  readonly onCommit?: (elapsedMs: number, writes: number) => void;
  /**
   * Told in words that a file of an older version is brought to the newest, which can take minutes, and
   * when it is done.
   */
  readonly onMigration?: (words: string) => void;
};

/** Counting or copying a large installation takes its time. */
const TOOL_STATEMENT_MS = 10 * 60_000;

export type OpenStore = Store & AsyncDisposable;

/** The store by the settings: PostgreSQL where there is a DATABASE_URL, else SQLite. @throws AppError unavailable */
export async function openStorage(config: Config, options: StorageOptions): Promise<OpenStore> {
  const { isServer, onMigration, ...others } = options;
  if (config.databaseUrl === null)
    return openSqliteStore({
      directory: resolve(config.dataDirectory),
      exclusive: isServer,
      ...(onMigration && { onMigration }),
      ...others,
    });
  const { openPostgresStore } = await import("../adapters/stores/postgres/store.ts");
  return openPostgresStore({
    url: config.databaseUrl,
    poolSize: config.databasePoolSize,
    patienceMs: config.databaseTimeoutMs,
    isServer,
    ...(!isServer && { attemptMs: TOOL_STATEMENT_MS }),
    ...others,
  });
}

/** The place of the store for people to read, without a password. */
export function storageName({ databaseUrl, dataDirectory }: Config): string {
  if (databaseUrl === null) return `SQLite in ${dataDirectory}`;
  const { host, pathname } = new URL(databaseUrl);
  return `PostgreSQL at ${host}${pathname}`;
}
