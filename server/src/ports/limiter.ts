/** At most `limit` in any window of `windowMs`. */
export type LimitWindow = { readonly limit: number; readonly windowMs: number };

export type LimitState = {
  readonly allowed: boolean;
  /** Of the tightest window. */
  readonly limit: number;
  readonly remaining: number;
  /** Until the window that is tightest begins anew. */
  readonly resetMs: number;
};

/** Where replicas share limits and cannot reach each other, each has its share of them. */
export interface Limiter {
  /** Counts one use of `key` against each of its windows; a use that is refused counts against none. */
  consume(key: string, windows: readonly LimitWindow[]): Promise<LimitState>;
  /**
   * Takes one of `limit` places that may be held at a time; null if none is free. Gives what gives it
   * back, to be called once. The places of a replica that dies become free by themselves.
   */
  hold(key: string, limit: number): Promise<(() => void) | null>;
}
