import { RateLimiterRedis, type RateLimiterRes } from "rate-limiter-flexible";
import type { Limiter, LimitState, LimitWindow } from "../../../ports/limiter.ts";
import type { RedisLink } from "../../redis/link.ts";
import { stateOf, tighter, UNLIMITED } from "../shared/window-state.ts";
import { heldPlaces } from "./held-places.ts";

/**
 * Counts in Redis for all replicas together. While Redis is unavailable or full, each replica has its share.
 * @param own counts in this process
 */
export function redisLimiter(link: RedisLink, own: Limiter): Limiter & { close(): void } {
  const counters = new Map<string, RateLimiterRedis>();
  const places = heldPlaces(link);
  const counterOf = ({ limit, windowMs }: LimitWindow): RateLimiterRedis => {
    const name = `${limit}/${windowMs}`;
    const known = counters.get(name);
    if (known) return known;
    const counter = new RateLimiterRedis({
      storeClient: link.client,
      keyPrefix: `${link.prefix}limit:${name}`,
      points: limit,
      duration: windowMs / 1000,
    });
    counters.set(name, counter);
    return counter;
  };

  const consumeShared = async (
    key: string,
    windows: readonly LimitWindow[],
  ): Promise<LimitState> => {
    const change = (points: 1 | -1) =>
      link.run(() =>
        Promise.all(
          windows.map((window): Promise<RateLimiterRes> => {
            const counter = counterOf(window);
            return points === 1 ? counter.penalty(key, 1) : counter.reward(key, 1);
          }),
        ),
      );
    let tightest: LimitState | null = null;
    for (const [index, used] of (await change(1)).entries()) {
      const window = windows[index];
      if (!window) continue;
      tightest = tighter(tightest, stateOf(window, used, used.consumedPoints <= window.limit));
    }
    // Requests that are counted in the meantime are refused as well, so the limit is never exceeded.
    if (tightest && !tightest.allowed) await change(-1).catch(() => {});
    return tightest ?? UNLIMITED;
  };

  const consumeShare = async (
    key: string,
    windows: readonly LimitWindow[],
  ): Promise<LimitState> => {
    const share = (limit: number) => Math.max(1, Math.floor(limit / link.replicas));
    const state = await own.consume(
      key,
      windows.map(({ limit, windowMs }) => ({ limit: share(limit), windowMs })),
    );
    const whole = windows.find(({ limit }) => share(limit) === state.limit);
    return { ...state, limit: whole?.limit ?? state.limit };
  };

  return {
    async consume(key, windows) {
      if (!windows.length) return UNLIMITED;
      if (!link.isUp) return consumeShare(key, windows);
      try {
        return await consumeShared(key, windows);
      } catch {
        return consumeShare(key, windows);
      }
    },
    hold: places.hold,
    close: places.close,
  };
}
