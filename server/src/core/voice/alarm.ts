import type { Clock } from "../../ports/clock.ts";

/** Rings once, at the last time it was set to. */
export type Alarm = {
  /** @param atMs of the clock; null: not at all */
  set(atMs: number | null): void;
};

export function createAlarm(clock: Clock, ring: () => void): Alarm {
  let isSetTo: number | null = null;
  let waiting: AbortController | null = null;
  return {
    set(atMs) {
      if (atMs === isSetTo) return;
      waiting?.abort();
      isSetTo = atMs;
      waiting = null;
      if (atMs === null) return;
      waiting = new AbortController();
      const { signal } = waiting;
      const delayMs = Math.max(0, atMs - clock.now().getTime());
      clock.sleep(delayMs, signal).then(
        () => {
          if (signal.aborted) return;
          isSetTo = null;
          ring();
        },
        () => {},
      );
    },
  };
}
