import { AppError } from "../../domain/errors.ts";
import type { Owner } from "../../domain/principal.ts";
import type { TurnEnding } from "../../domain/turn.ts";
import type { Turns } from "../turns/turn.ts";

/** How many of something each user has at this moment, on this server. */
export type ConcurrencyLimit = {
  /** One more. @returns takes it away again; may be called twice. @throws AppError rate_limited */
  enter(owner: Owner): () => void;
};

const RETRY_MS = 1000;

/** @param what that there are too many of, as people say it. @param most null: any number */
export function createConcurrencyLimit(what: string, most: number | null): ConcurrencyLimit {
  if (most === null) return { enter: () => () => {} };
  const counts = new Map<string, number>();
  return {
    enter({ tenantId, userId }) {
      const key = JSON.stringify([tenantId, userId]);
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

/** The same turns, of which nobody has more at a time than the limit allows: they go on when nobody watches. */
export function withConcurrencyLimit(turns: Turns, limit: ConcurrencyLimit): Turns {
  const until = (ending: Promise<TurnEnding>, leave: () => void) => {
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
