import { AppError } from "../../domain/errors.ts";
import type { Owner, Principal } from "../../domain/principal.ts";
import type { Turns } from "../turns/turn.ts";

/** Counts how many of something each user has at this moment, on this server. */
export type ConcurrencyLimit = {
  /** Counts one more. @returns a function that counts one less; may be called twice. @throws AppError rate_limited */
  enter(owner: Owner & Pick<Partial<Principal>, "onlyShare">): () => void;
};

const RETRY_MS = 1000;

/** @param what the things that are counted, for the error's sentence. @param most the bound; null: none */
export function createConcurrencyLimit(what: string, most: number | null): ConcurrencyLimit {
  if (most === null) return { enter: () => () => {} };
  const counts = new Map<string, number>();
  return {
    enter({ tenantId, userId, onlyShare }) {
      // The readers of a link are counted by themselves: none of them is its owner.
      const key = JSON.stringify([tenantId, userId, ...(onlyShare ? [onlyShare.id] : [])]);
      const count = counts.get(key) ?? 0;
      if (count >= most)
        throw new AppError(
          "rate_limited",
          `Too many ${what} at a time: at most ${most} for each user. Wait until one has ended`,
          { retryAfterMs: RETRY_MS },
        );
      counts.set(key, count + 1);
      let isIn = true;
      return () => {
        if (!isIn) return;
        isIn = false;
        const left = (counts.get(key) ?? 1) - 1;
        if (left > 0) counts.set(key, left);
        else counts.delete(key);
      };
    },
  };
}

/** The same turns, with a bound on how many each user has at a time. A turn counts until it ends, whether it is watched or not. */
export function withConcurrencyLimit(turns: Turns, limit: ConcurrencyLimit): Turns {
  const until = (ending: Promise<unknown>, leave: () => void) => {
    ending.then(leave, leave);
  };
  return {
    ...turns,
    async start(owner, request) {
      const leave = limit.enter(owner);
      try {
        const turn = await turns.start(owner, request);
        until(turn.ending, leave);
        return turn;
      } catch (error) {
        leave();
        throw error;
      }
    },
    async ask(owner, request) {
      const leave = limit.enter(owner);
      try {
        const turn = await turns.ask(owner, request);
        until(turn.ending, leave);
        return turn;
      } catch (error) {
        leave();
        throw error;
      }
    },
    async prepare(owner, request) {
      const leave = limit.enter(owner);
      try {
        const prepared = await turns.prepare(owner, request);
        return {
          opening: prepared.opening,
          async commit() {
            try {
              const turn = await prepared.commit();
              until(turn.ending, leave);
              return turn;
            } catch (error) {
              leave();
              throw error;
            }
          },
          discard() {
            leave();
            prepared.discard();
          },
        };
      } catch (error) {
        leave();
        throw error;
      }
    },
  };
}
