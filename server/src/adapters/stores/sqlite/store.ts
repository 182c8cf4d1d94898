import { SqliteQueryCompiler } from "kysely";
import type { Store } from "../../../ports/store.ts";
import { createReads, createWrites } from "../sql/operations.ts";
import { createStatementWriter, type Operation } from "../sql/statement.ts";
import { createSqlStore, type Write } from "../sql/store.ts";
import { createRunBatch } from "./batch.ts";
import { openDatabase, type Synchronous } from "./database.ts";
import { toStoreError } from "./errors.ts";
import { createExecutor } from "./executor.ts";
import { lockDirectory } from "./lock.ts";
import { createSearchReads } from "./search.ts";
import { createSearchIndex } from "./search-index.ts";
import { createCatchUp, startUpkeep } from "./upkeep.ts";
import { createWriter } from "./writer.ts";

export type SqliteStore = Store & AsyncDisposable;

/**
 * Opens the store in that folder, which is made if need be.
 * @param options.exclusive refuses if another process has it so, and keeps it until closed: what a
 *   server does. A tool that works beside a running server leaves it out.
 * @throws AppError unavailable, saying what to do
 */
export async function openSqliteStore(options: {
  readonly directory: string;
  readonly exclusive: boolean;
  /** `FULL` unless said otherwise; anything else can lose what was acknowledged. */
  readonly synchronous?: Synchronous;
}): Promise<SqliteStore> {
  try {
    return open(options.directory, options.exclusive, options.synchronous ?? "FULL");
  } catch (error) {
    throw toStoreError(error);
  }
}

function open(directory: string, exclusive: boolean, synchronous: Synchronous): SqliteStore {
  using opening = new DisposableStack();
  if (exclusive) opening.use(lockDirectory(directory));
  const database = opening.adopt(openDatabase(directory, synchronous), (it) => it.close());
  const statementWriter = createStatementWriter(() => new SqliteQueryCompiler());
  const reads = createReads(statementWriter);
  const writes = createWrites(statementWriter);
  const searchReads = createSearchReads(statementWriter);
  const ping = statementWriter<Record<never, never>>()((it) =>
    it.selectFrom("meta").select("name").limit(1),
  );

  const executor = createExecutor(database);
  const writer = createWriter(createRunBatch(database, executor));
  async function read<Result>(operation: Operation<Result>): Promise<Result> {
    try {
      return executor.run(operation);
    } catch (error) {
      throw toStoreError(error);
    }
  }
  const write = ((name: keyof typeof writes, ...given: never[]) =>
    writer.write(() =>
      (writes[name] as (...given: never[]) => Operation<unknown>)(...given),
    )) as Write;

  const index = createSearchIndex(statementWriter);
  const catchUp = createCatchUp({ index, read, write: writer.write });
  const upkeep = exclusive && startUpkeep(database, catchUp, () => executor.changes);

  const opened = opening.move();
  async function close(): Promise<void> {
    if (upkeep) await upkeep[Symbol.asyncDispose]();
    await writer.drain();
    opened.dispose();
  }

  return {
    ...createSqlStore(reads, {
      read,
      async pausingRead(operation) {
        await new Promise((resolve) => setImmediate(resolve));
        return read(operation);
      },
      write,
      async search(owner, query, page) {
        await catchUp.complete();
        return read(searchReads.searchHits(owner, query, page));
      },
      async ping() {
        await read(ping.first({}));
      },
      close,
    }),
    [Symbol.asyncDispose]: close,
  };
}
