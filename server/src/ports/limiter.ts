/** At most `limit` in any window of `windowMs`. */
export type LimitWindow = { readonly limit: number; readonly windowMs: number };

export type LimitState = {
  readonly allowed: boolean;
  /** The uses that are left in the tightest window. */
  readonly limit: number;
  readonly remaining: number;
  /** The time until the tightest window begins anew. */
  readonly resetMs: number;
};

/** Where replicas share limits and cannot reach each other, each has its share of them. */
export interface Limiter {
  /** Counts one use of `key` against each of its windows; a use that is refused counts against none. */
  consume(key: string, windows: readonly LimitWindow[]): Promise<LimitState>;
  /**
   * Takes one of `limit` places that may be held at a time; null if none is free. Returns a function that
   * frees the place, to be called once. The places of a replica that dies become
   * free automatically.
   */
  hold(key: string, limit: number): Promise<(() => void) | null>;
}
