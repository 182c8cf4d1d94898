import { RateLimiterMemory } from "rate-limiter-flexible";
import type { Limiter, LimitState, LimitWindow } from "../../../ports/limiter.ts";
import { stateOf, tighter, UNLIMITED } from "../shared/window-state.ts";

/** Counts in this process. */
export function memoryLimiter(): Limiter {
  const counters = new Map<string, RateLimiterMemory>();
  const held = new Map<string, number>();
  const counterOf = ({ limit, windowMs }: LimitWindow): RateLimiterMemory => {
    const name = `${limit}/${windowMs}`;
    const known = counters.get(name);
    if (known) return known;
    const counter = new RateLimiterMemory({
      keyPrefix: name,
      points: limit,
      duration: windowMs / 1000,
    });
    counters.set(name, counter);
    return counter;
  };
  return {
    async consume(key, windows) {
      let tightest: LimitState | null = null;
      // Counting is done at once, so that nobody comes in between.
      const counting = windows.map((window) => counterOf(window).penalty(key, 1));
      const used = await Promise.all(counting);
      for (const [index, window] of windows.entries()) {
        const count = used[index];
        if (count)
          tightest = tighter(
            tightest,
            stateOf(window, count, count.consumedPoints <= window.limit),
          );
      }
      if (tightest && !tightest.allowed)
        await Promise.all(windows.map((window) => counterOf(window).reward(key, 1)));
      return tightest ?? UNLIMITED;
    },
    async hold(key, limit) {
      const count = held.get(key) ?? 0;
      if (count >= limit) return null;
      held.set(key, count + 1);
      return () => {
        const left = (held.get(key) ?? 1) - 1;
        if (left > 0) held.set(key, left);
        else held.delete(key);
      };
    },
  };
}
