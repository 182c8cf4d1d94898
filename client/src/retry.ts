import { ColloquyError } from "./errors.ts";
import type { Wakeups } from "./wakeups.ts";

/** How often and how patiently the client tries again. All times in milliseconds. */
export type RetryPolicy = {
  /** Tries after the first, for a request that may be repeated. */
  readonly requestRetries: number;
  /** Tries in a row, without one event in between, to get back to a stream that was cut off. */
  readonly streamRetries: number;
  /** Before the first retry; doubled for each one after it, with jitter. */
  readonly baseDelayMs: number;
  /** The longest the doubling grows to. */
  readonly maxDelayMs: number;
  /** A `Retry-After` longer than this is not waited for: the error comes at once and carries it. */
  readonly maxRetryAfterMs: number;
};

export const DEFAULT_RETRY: RetryPolicy = {
  requestRetries: 3,
  streamRetries: 10,
  baseDelayMs: 500,
  maxDelayMs: 15_000,
  maxRetryAfterMs: 60_000,
};

/** Whether this machine has a network: `navigator` in browsers, something like NetInfo elsewhere. */
export type NetworkStatus = {
  isOnline(): boolean;
  /** Calls the listener whenever the network comes back, until the returned function is called. */
  onOnline(listener: () => void): () => void;
};

/** What the browser says; without one, always online. */
export const browserNetwork: NetworkStatus = {
  isOnline: () => globalThis.navigator?.onLine !== false,
  onOnline(listener) {
    if (typeof globalThis.addEventListener !== "function") return () => undefined;
    globalThis.addEventListener("online", listener);
    return () => globalThis.removeEventListener("online", listener);
  },
};

/**
 * How long to wait after that many failures in a row (1 for the first), in milliseconds: what the
 * server asked for, or half to all of the doubled base delay.
 * @param random 0 to 1, so that clients that failed together do not come back together
 * @throws the error itself when the server asks for more than `maxRetryAfterMs`
 */
export function retryDelayMs(
  policy: RetryPolicy,
  failures: number,
  error: ColloquyError,
  random: number,
): number {
  if (error.retryAfterMs !== null) {
    if (error.retryAfterMs > policy.maxRetryAfterMs) throw error;
    return error.retryAfterMs + Math.round(policy.baseDelayMs * random);
  }
  const longest = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (failures - 1));
  return Math.round(longest * (0.5 + random / 2));
}

/**
 * Resolves after the delay, or as soon as the network comes back or something wakes it.
 * @throws the signal's reason, when aborted first
 */
export function pause(
  delayMs: number,
  network: NetworkStatus,
  signal?: AbortSignal,
  wakeups?: Wakeups,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const finish = (settle: () => void) => () => {
      clearTimeout(timer);
      stopListening();
      stopSleeping?.();
      signal?.removeEventListener("abort", abort);
      settle();
    };
    const abort = finish(() => reject(signal?.reason));
    const timer = setTimeout(finish(resolve), delayMs);
    const stopListening = network.onOnline(finish(resolve));
    const stopSleeping = wakeups?.listen(finish(resolve));
    signal?.addEventListener("abort", abort);
  });
}

/**
 * What the work gives, if it comes within the time.
 * @throws ColloquyError TIMEOUT, or the signal's reason when aborted first
 */
export async function within<T>(
  work: Promise<T>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<T> {
  let stopWaiting = () => {};
  const interruption = new Promise<never>((_, reject) => {
    const abort = () => reject(signal?.reason);
    const timer = setTimeout(() => {
      reject(new ColloquyError(`Nothing came for ${timeoutMs / 1000} s`, { code: "TIMEOUT" }));
    }, timeoutMs);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    stopWaiting = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
  });
  try {
    return await Promise.race([interruption, work]);
  } finally {
    stopWaiting();
  }
}
