import { Places } from "../../domain/places.ts";
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

type Deadline = { readonly until: number; readonly onLate: () => void; leave: () => void };

/** One timer serves all deadlines. It counts the time that it slept, so setting the machine's clock ends nothing. */
export function createDeadlines(clock: Pick<Clock, "sleep">, timeoutMs: number): Deadlines {
  const waiting = new Places<Deadline>();
  let elapsedMs = 0;
  return {
    timeoutMs,
    add(onLate) {
      const one: Deadline = { until: elapsedMs + timeoutMs, onLate, leave: () => {} };
      one.leave = waiting.add(one);
      return one.leave;
    },
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(TICK_MS, signal).catch(() => {});
        elapsedMs += TICK_MS;
        for (const one of waiting) {
          if (one.until >= elapsedMs) continue;
          one.leave();
          one.onLate();
        }
      }
    },
  };
}
