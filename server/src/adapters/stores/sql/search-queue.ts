import { AppError } from "../../../domain/errors.ts";
import type { Owner } from "../../../domain/principal.ts";

export type SearchQueue = {
  /** Does the search when it is its turn. @throws AppError rate_limited, unavailable, and what the search throws */
  run<Result>(owner: Owner, search: () => Promise<Result>): Promise<Result>;
};

/** Who types quickly leaves some searches behind; more than these are no person's. */
const MAX_WAITING_OF_AN_OWNER = 8;
const MAX_WAITING = 1_000;
const RETRY_AFTER_MS = 1_000;

/** One place is left over while one owner searches without a pause. */
const MAX_SEARCHES_AT_ONCE = 2;

/** Lets few searches run at a time, and of each owner one: a heavy one delays only its owner's others. */
export function createSearchQueue(maxAtOnce = MAX_SEARCHES_AT_ONCE): SearchQueue {
  const waiting = new Set<{ readonly key: string; readonly start: () => void }>();
  const searching = new Set<string>();

  function startNext(): void {
    for (const next of waiting) {
      if (searching.size >= maxAtOnce) return;
      if (searching.has(next.key)) continue;
      waiting.delete(next);
      searching.add(next.key);
      next.start();
    }
  }

  return {
    async run({ tenantId, userId }, search) {
      const key = JSON.stringify([tenantId, userId]);
      let waitingOfOwner = 0;
      for (const other of waiting) if (other.key === key) waitingOfOwner++;
      if (waitingOfOwner >= MAX_WAITING_OF_AN_OWNER)
        throw new AppError(
          "rate_limited",
          "Too many of your searches are waiting; send the next one when they have been answered",
          { retryAfterMs: RETRY_AFTER_MS },
        );
      if (waiting.size >= MAX_WAITING)
        throw new AppError(
          "unavailable",
          "Too many people are searching at once; try again in a moment",
          {
            retryAfterMs: RETRY_AFTER_MS,
          },
        );
      const { promise: turn, resolve: start } = Promise.withResolvers<void>();
      waiting.add({ key, start });
      startNext();
      await turn;
      try {
        return await search();
      } finally {
        searching.delete(key);
        startNext();
      }
    },
  };
}
