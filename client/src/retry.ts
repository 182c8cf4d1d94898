import { ColloquyError } from "./errors.ts";
import type { Wakeups } from "./wakeups.ts";

/** The number and the timing of retries. All times are in milliseconds. */
export type RetryPolicy = {
  /** The number of retries for a request that may be repeated. */
  readonly requestRetries: number;
  /** The number of consecutive tries, without an event in between, to resume an interrupted stream. */
  readonly streamRetries: number;
  /** The delay before the first retry. It doubles with each further one, with jitter. */
  readonly baseDelayMs: number;
  /** The maximum of the doubled delay. */
  readonly maxDelayMs: number;
  /** The longest `Retry-After` that the client waits for. For a longer one the error is thrown at once. */
  readonly maxRetryAfterMs: number;
};

export const DEFAULT_RETRY: RetryPolicy = {
  requestRetries: 3,
  streamRetries: 10,
  baseDelayMs: 500,
  maxDelayMs: 15_000,
  maxRetryAfterMs: 60_000,
};

/** The state of the network: `navigator` in browsers, a library such as NetInfo elsewhere. */
export type NetworkStatus = {
  isOnline(): boolean;
  /** Calls the listener whenever the network returns, until the returned function is called. */
  onOnline(listener: () => void): () => void;
};

/** The state that the browser reports; outside of browsers always online. */
export const browserNetwork: NetworkStatus = {
  isOnline: () => globalThis.navigator?.onLine !== false,
  onOnline(listener) {
    if (typeof globalThis.addEventListener !== "function") return () => undefined;
    globalThis.addEventListener("online", listener);
    return () => globalThis.removeEventListener("online", listener);
  },
};

/**
 * The delay after that many consecutive failures (1 for the first), in milliseconds: the time that the
 * server asked for, or between half and all of the doubled base delay.
 * @param random from 0 to 1, so that clients that failed together do not return together
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
 * Resolves after the delay, or as soon as the network returns or the delay is cut short.
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
 * The result of the work, if it is there within the time.
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
