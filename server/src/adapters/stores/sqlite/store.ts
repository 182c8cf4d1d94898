import type { DatabaseSync } from "node:sqlite";
import { AppError } from "../../../domain/errors.ts";
import { createPace, type Pace } from "../../../domain/turns-of-the-loop.ts";
import type { AbandonedReply, Store } from "../../../ports/store.ts";
import { createReads } from "../sql/operations.ts";
import { createProbe } from "../sql/probe.ts";
import { createSearchQueue } from "../sql/search-queue.ts";
import type { Operation, WrittenStatement } from "../sql/statement.ts";
import { createSqlStore, type Write } from "../sql/store.ts";
import { createAbandonedReplies } from "./abandoned.ts";
import { createKeptCount } from "./conversation-counts.ts";
import { type OnMigration, openDatabase, type Synchronous } from "./database.ts";
import { isDamage, toStoreError } from "./errors.ts";
import { createExecutor } from "./executor.ts";
import { createIndexing } from "./indexing.ts";
import { lockDirectory } from "./lock.ts";
import { createSearchReads } from "./search.ts";
import { createSearcher, type Searcher } from "./searcher.ts";
import { sqliteStatementWriter } from "./statement-writer.ts";
import { createThreadWork, type WriteName } from "./thread-messages.ts";
import { type OnCommit, startWriter, type Writer } from "./writer.ts";

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
  readonly onCommit?: OnCommit;
  readonly onMigration?: OnMigration;
}): Promise<SqliteStore> {
  const { directory, exclusive, synchronous = "FULL", onCommit = () => {}, onMigration } = options;
  try {
    await using opening = new AsyncDisposableStack();
    const lock = exclusive ? opening.use(lockDirectory(directory)) : null;
    const database = opening.adopt(openDatabase(directory, synchronous, onMigration), (it) =>
      it.close(),
    );
    lock?.noteStore();
    database.exec("PRAGMA query_only = ON");
    const statements: WrittenStatement[] = [];
    createThreadWork(sqliteStatementWriter((written) => statements.push(written)));
    const writer = startWriter(
      { directory, synchronous, keepsTidy: exclusive, statements },
      onCommit,
    );
    opening.defer(() => writer.close());
    const searchStatements: WrittenStatement[] = [];
    createSearchReads(
      sqliteStatementWriter((written) => searchStatements.push(written)),
      () => false,
    );
    const searcher = createSearcher({ directory, synchronous, statements: searchStatements });
    opening.defer(() => searcher.close());
    return storeOf(directory, database, writer, searcher, opening.move());
  } catch (error) {
    throw toStoreError(error);
  }
}

/** Reads here, on a connection of their own; writes in the writer's thread, searches in theirs. */
function storeOf(
  directory: string,
  database: DatabaseSync,
  writer: Writer,
  searcher: Searcher,
  opened: AsyncDisposableStack,
): SqliteStore {
  const statementWriter = sqliteStatementWriter();
  const reads = createReads(statementWriter, createKeptCount(statementWriter));
  const searches = createSearchQueue();
  const indexing = createIndexing(write);
  const executor = createExecutor(database);
  let lastOfOthers: number | null = executor.run(
    createAbandonedReplies(statementWriter).lastMessage(),
  );

  /** A long operation lets the event loop go on between its statements. */
  async function read<Result>(operation: Operation<Result>): Promise<Result> {
    if (!database.isOpen) throw closedError();
    try {
      let pace: Pace | null = null;
      for (let step = operation.next(); ; ) {
        if (step.done) return step.value;
        if (pace?.isDue()) await pace.pause();
        step = operation.next(executor.execute(step.value));
        if (!step.done) pace ??= createPace();
      }
    } catch (error) {
      throw failed(database.isOpen ? toStoreError(error) : closedError());
    }
  }

  async function write(name: WriteName, given: readonly unknown[]): Promise<unknown> {
    try {
      return await writer.write(name, given);
    } catch (error) {
      throw failed(error);
    }
  }

  let damage: AppError | null = null;
  const probe = createProbe(async () => {
    writer.check();
    if (damage) throw damage;
    await read(reads.isClaimed());
    await write("examine", [directory, new Date()]);
  });
  function failed(error: unknown): unknown {
    probe.doubt();
    if (isDamage(error)) damage ??= error;
    return error;
  }

  const close = () => opened.disposeAsync();
  return {
    ...createSqlStore(reads, {
      read: (_, operation) => read(operation),
      async pausingRead(_, operation) {
        await new Promise((resolve) => setImmediate(resolve));
        return read(operation);
      },
      write: ((name, ...given) => write(name, given)) as Write,
      search: (owner, query, page) =>
        searches.run(owner, () =>
          searcher.lend(async (asking) => {
            const isIndexing = !(await indexing.isDoneInTime(owner, asking));
            return { ...(await asking.page({ owner, query, page })), isIndexing };
          }),
        ),
      async interruptAbandonedReplies(now) {
        if (lastOfOthers === null) return [];
        const replies = await writer.write("interruptRepliesTo", [lastOfOthers, now]);
        lastOfOthers = null;
        return replies as AbandonedReply[];
      },
      ping: probe.check,
      close,
    }),
    [Symbol.asyncDispose]: close,
  };
}

const closedError = (): AppError =>
  new AppError("unavailable", "The store is closed", { retryAfterMs: 30_000 });
