import type { Clock } from "../../ports/clock.ts";

/** Ends answers that take too long, including those that keep sending without getting anywhere. */
export type Deadlines = {
  readonly timeoutMs: number;
  /** Calls `onLate`, once, when the time is up. @returns a function that ends the wait */
  add(onLate: () => void): () => void;
  /** Counts the time, until aborted. */
  run(signal: AbortSignal): Promise<void>;
};

const TICK_MS = 500;

/** One timer serves all deadlines. It counts the time that it slept, so setting the machine's clock ends nothing. */
export function createDeadlines(clock: Pick<Clock, "sleep">, timeoutMs: number): Deadlines {
  const waiting = new Set<{ readonly until: number; readonly onLate: () => void }>();
  let elapsedMs = 0;
  return {
    timeoutMs,
    add(onLate) {
      const one = { until: elapsedMs + timeoutMs, onLate };
      waiting.add(one);
      return () => waiting.delete(one);
    },
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(TICK_MS, signal).catch(() => {});
        elapsedMs += TICK_MS;
        // The deadlines are in the order in which they were added, so the first is due first.
        for (const one of waiting) {
          if (one.until >= elapsedMs) break;
          waiting.delete(one);
          one.onLate();
        }
      }
    },
  };
}
