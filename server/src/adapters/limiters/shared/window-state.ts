import type { RateLimiterRes } from "rate-limiter-flexible";
import type { LimitState, LimitWindow } from "../../../ports/limiter.ts";

export const stateOf = (
  { limit, windowMs }: LimitWindow,
  used: RateLimiterRes,
  allowed: boolean,
): LimitState => ({
  allowed,
  limit,
  remaining: Math.max(0, limit - used.consumedPoints),
  // After the clock was set back no wait is longer than the window.
  resetMs: used.msBeforeNext < 0 ? windowMs : Math.min(windowMs, used.msBeforeNext),
});

/** The longer of two refusals, otherwise the state with less left. */
export function tighter(a: LimitState | null, b: LimitState): LimitState {
  if (!a) return b;
  if (a.allowed !== b.allowed) return a.allowed ? b : a;
  if (!a.allowed) return a.resetMs >= b.resetMs ? a : b;
  return a.remaining <= b.remaining ? a : b;
}

export const UNLIMITED: LimitState = {
  allowed: true,
  limit: Number.POSITIVE_INFINITY,
  remaining: Number.POSITIVE_INFINITY,
  resetMs: 0,
};
