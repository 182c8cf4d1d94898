import type { DatabaseSync } from "node:sqlite";
import type { RunBatch } from "./batch.ts";
import type { Executor } from "./executor.ts";
import type { createSearchIndex } from "./search-index.ts";

/** So long without a write is a pause, in which a batch is indexed. */
const PAUSE_MS = 20;
const BETWEEN_BATCHES_MS = 2;
/** So long without a write, and with nothing to index, is time to move the write-ahead log into the database. */
const REST_MS = 1_000;

type Parts = {
  readonly executor: Executor;
  readonly runBatch: RunBatch;
  readonly index: ReturnType<typeof createSearchIndex>;
};

/**
 * Uses the pauses between writes, so that neither a search nor a burst finds much to catch up on.
 * What fails here (a full disk, say) fails in a write too, and is tried again after the next one.
 */
export function startHousekeeping(database: DatabaseSync, parts: Parts) {
  const { executor, runBatch, index } = parts;
  const checkpoint = database.prepare("PRAGMA wal_checkpoint(PASSIVE)");
  let timer = setTimeout(indexBatch, PAUSE_MS);

  function indexBatch(): void {
    try {
      const end = executor.run(index.searchEnd());
      if (executor.run(index.isIndexedTo(end, null))) {
        timer = setTimeout(rest, REST_MS);
        return;
      }
      const [outcome] = runBatch([() => index.indexNext(end)]);
      if (outcome?.isStored) timer = setTimeout(indexBatch, BETWEEN_BATCHES_MS);
    } catch {
      // Tried again after the next write.
    }
  }

  function rest(): void {
    try {
      checkpoint.get();
    } catch {
      // The next write tells of it, and is followed by a new attempt.
    }
  }

  return {
    /** Something was written: now is not the time. */
    postpone(): void {
      clearTimeout(timer);
      timer = setTimeout(indexBatch, PAUSE_MS);
    },
    [Symbol.dispose](): void {
      clearTimeout(timer);
    },
  };
}
