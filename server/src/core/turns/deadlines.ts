import type { Clock } from "../../ports/clock.ts";

/** Ends answers that never end, also those that only pretend to come. */
export type Deadlines = {
  readonly timeoutMs: number;
  /** Calls, once, when the time is up. @returns ends the wait */
  add(onLate: () => void): () => void;
  /** Counts the time, until aborted. */
  run(signal: AbortSignal): Promise<void>;
};

const TICK_MS = 500;

/** One timer for all. It counts what it slept: a clock that is set to another year ends nothing. */
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
        // The first to be added is the first to be late.
        for (const one of waiting) {
          if (one.until >= elapsedMs) break;
          waiting.delete(one);
          one.onLate();
        }
      }
    },
  };
}
