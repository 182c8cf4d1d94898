import type { DatabaseSync } from "node:sqlite";
import type { Operation } from "../sql/statement.ts";
import type { createSearchIndex, SearchMark } from "./search-index.ts";

const CHECK_EVERY_MS = 1_000;
/** Above that many writes between two checks the server is busy, and upkeep waits. */
const BUSY_WRITES = 500;
/** How much of a second upkeep may take. */
const INDEX_FOR_MS = 300;

type Parts = {
  readonly index: ReturnType<typeof createSearchIndex>;
  readonly read: <Result>(operation: Operation<Result>) => Promise<Result>;
  readonly write: (request: () => Operation<void>) => Promise<unknown>;
};

export type CatchUp = ReturnType<typeof createCatchUp>;

/** Brings the search index up to what is stored. */
export function createCatchUp({ index, read, write }: Parts) {
  let batch: Promise<unknown> | null = null;

  async function indexTo(end: SearchMark, isTimeUp: () => boolean): Promise<boolean> {
    while (!(await read(index.isIndexedTo(end)))) {
      if (isTimeUp()) return false;
      batch ??= write(() => index.indexNext(end)).finally(() => {
        batch = null;
      });
      await batch;
    }
    return true;
  }

  return {
    /** Resolves when all that is stored now is indexed. */
    async complete(): Promise<void> {
      await indexTo(await read(index.searchEnd()), () => false);
    },
    /** Gives whether all is indexed. */
    async forAWhile(milliseconds: number): Promise<boolean> {
      const end = Date.now() + milliseconds;
      return indexTo(await read(index.searchEnd()), () => Date.now() > end);
    },
  };
}

/**
 * While there is little to do: indexes what is new, then moves the write-ahead log into the
 * database, so that a burst of writes or a search finds less to catch up on.
 */
export function startUpkeep(
  database: DatabaseSync,
  catchUp: CatchUp,
  countWrites: () => number,
): AsyncDisposable {
  const checkpoint = database.prepare("PRAGMA wal_checkpoint(PASSIVE)");
  let seen = countWrites();
  let isTidy = false;
  let running = Promise.resolve();

  async function tidy(): Promise<void> {
    const writes = countWrites();
    const isBusy = writes - seen > BUSY_WRITES;
    if (writes !== seen) isTidy = false;
    seen = writes;
    if (isBusy || isTidy) return;
    if (!(await catchUp.forAWhile(INDEX_FOR_MS))) return;
    checkpoint.run();
    seen = countWrites();
    isTidy = true;
  }

  let isRunning = false;
  const timer = setInterval(() => {
    if (isRunning) return;
    isRunning = true;
    // What fails here (a full disk, say) fails in a request too, and is tried again.
    running = tidy()
      .catch(() => {})
      .finally(() => {
        isRunning = false;
      });
  }, CHECK_EVERY_MS).unref();

  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await running;
    },
  };
}
