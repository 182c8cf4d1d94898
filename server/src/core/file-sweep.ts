import type { Clock } from "../ports/clock.ts";
import type { FileRows } from "../ports/file-rows.ts";
import type { FileStore, StoredBytes } from "../ports/file-store.ts";
import type { FileObserver } from "./files.ts";

const SWEEP_MS = 10 * 60_000;
/** Uploaded and never sent: so long there is time to send it. */
const UNUSED_KEPT_MS = 24 * 3_600_000;
/** Bytes are on disk before their row: a row that is not there by then does not come. */
const UNCLAIMED_KEPT_MS = 3_600_000;
const BATCH = 200;

export type FileSweep = {
  /** Deletes what nobody has. @throws AppError unavailable */
  sweep(): Promise<void>;
  /** The same every few minutes, until aborted. */
  run(signal: AbortSignal): Promise<void>;
};

/** Deletes files that no message has, and bytes that no file has: what a crash, a deletion or a changed mind has left. */
export function createFileSweep(
  rows: FileRows,
  bytes: FileStore,
  clock: Clock,
  observer: Pick<FileObserver, "deleted">,
): FileSweep {
  const before = (keptMs: number): Date => new Date(clock.now().getTime() - keptMs);

  async function deleteUnclaimed(batch: readonly StoredBytes[], limit: Date): Promise<void> {
    const used = await rows.usedDigests(batch.map(({ sha256 }) => sha256));
    for (const { sha256, bytes: size } of batch) {
      if (used.has(sha256)) continue;
      const isNeeded = async () => (await rows.usedDigests([sha256])).has(sha256);
      if (await bytes.delete(sha256, limit, isNeeded)) observer.deleted(size);
    }
  }

  async function sweep(): Promise<void> {
    await rows.forgetUnusedFiles(before(UNUSED_KEPT_MS));
    const limit = before(UNCLAIMED_KEPT_MS);
    await bytes.forgetUnfinished(limit);
    let batch: StoredBytes[] = [];
    for await (const stored of bytes.list()) {
      if (stored.storedAt < limit) batch.push(stored);
      if (batch.length < BATCH) continue;
      await deleteUnclaimed(batch, limit);
      batch = [];
    }
    await deleteUnclaimed(batch, limit);
  }

  return {
    sweep,
    async run(signal) {
      while (!signal.aborted) {
        // A disk or a database that is away now is asked again the next time.
        await sweep().catch(() => {});
        await clock.sleep(SWEEP_MS, signal).catch(() => {});
      }
    },
  };
}
