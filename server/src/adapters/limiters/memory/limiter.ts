import type { RateLimiterMemory } from "rate-limiter-flexible";
import type { Limiter, LimitState, LimitWindow } from "../../../ports/limiter.ts";
import { stateOf, tighter, UNLIMITED } from "../shared/window-state.ts";

/** Counts in this process. What counts is loaded with the first request that there is a limit for. */
export function memoryLimiter(): Limiter {
  let loaded: Promise<typeof RateLimiterMemory> | undefined;
  const counters = new Map<string, RateLimiterMemory>();
  const held = new Map<string, number>();
  const counterOf = (
    { limit, windowMs }: LimitWindow,
    Counting: typeof RateLimiterMemory,
  ): RateLimiterMemory => {
    const name = `${limit}/${windowMs}`;
    const known = counters.get(name);
    if (known) return known;
    const counter = new Counting({
      keyPrefix: name,
      points: limit,
      duration: windowMs / 1000,
    });
    counters.set(name, counter);
    return counter;
  };
  return {
    async consume(key, windows) {
      if (windows.length === 0) return UNLIMITED;
      loaded ??= import("rate-limiter-flexible").then((library) => library.RateLimiterMemory);
      const Counting = await loaded;
      const counting = windows.map((window) => counterOf(window, Counting));
      let tightest: LimitState | null = null;
      // Counting is done at once, so that nobody comes in between.
      const used = await Promise.all(counting.map((counter) => counter.penalty(key, 1)));
      for (const [index, window] of windows.entries()) {
        const count = used[index];
        if (count)
          tightest = tighter(
            tightest,
            stateOf(window, count, count.consumedPoints <= window.limit),
          );
      }
      if (tightest && !tightest.allowed)
        await Promise.all(counting.map((counter) => counter.reward(key, 1)));
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
