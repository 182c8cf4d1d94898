import { RateLimiterMemory, type RateLimiterRes } from "rate-limiter-flexible";
import type { Limiter, LimitState, LimitWindow } from "../../../ports/limiter.ts";

/** Counts in this process. */
export function memoryLimiter(): Limiter {
  const counters = new Map<string, RateLimiterMemory>();
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
      for (const window of windows) {
        const used = await counterOf(window).get(key);
        if (used && used.consumedPoints >= window.limit)
          tightest = tighter(tightest, stateOf(window, used, false));
      }
      if (tightest) return tightest;
      for (const window of windows)
        tightest = tighter(
          tightest,
          stateOf(window, await counterOf(window).penalty(key, 1), true),
        );
      return (
        tightest ?? {
          allowed: true,
          limit: Number.POSITIVE_INFINITY,
          remaining: Number.POSITIVE_INFINITY,
          resetMs: 0,
        }
      );
    },
  };
}

const stateOf = (
  { limit, windowMs }: LimitWindow,
  used: RateLimiterRes,
  allowed: boolean,
): LimitState => ({
  allowed,
  limit,
  remaining: Math.max(0, limit - used.consumedPoints),
  resetMs: used.msBeforeNext < 0 ? windowMs : used.msBeforeNext,
});

/** Of two refusals the longer one, otherwise the one with less left. */
function tighter(a: LimitState | null, b: LimitState): LimitState {
  if (!a) return b;
  if (!a.allowed || !b.allowed) return a.resetMs >= b.resetMs ? a : b;
  return a.remaining <= b.remaining ? a : b;
}
