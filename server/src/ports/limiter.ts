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

export interface Limiter {
  /** Counts one use of `key` against each of its windows; a use that is refused counts against none. */
  consume(key: string, windows: readonly LimitWindow[]): Promise<LimitState>;
}
