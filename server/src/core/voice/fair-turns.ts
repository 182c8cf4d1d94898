import type { Owner } from "../../domain/principal.ts";

/** Work of which only so much is done at a time. Users take turns, however much each of them has asked for. */
export type FairTurns = {
  /** Resolves when it is the user's turn. @returns ends the turn. @throws the signal's reason */
  take(owner: Owner, signal: AbortSignal): Promise<() => void>;
};

/** @param most how much is done at a time */
export function createFairTurns(most: number): FairTurns {
  /** Who waits, in the order in which users have their turn. */
  const waiting = new Map<string, (() => void)[]>();
  let running = 0;

  const end = () => {
    running--;
    const [next] = waiting;
    if (!next) return;
    const [key, [first, ...others]] = next;
    waiting.delete(key);
    if (others.length > 0) waiting.set(key, others);
    first?.();
  };
  const begin = (): (() => void) => {
    running++;
    let isRunning = true;
    return () => {
      if (isRunning) end();
      isRunning = false;
    };
  };

  return {
    async take({ tenantId, userId }, signal) {
      signal.throwIfAborted();
      if (running < most) return begin();
      const key = JSON.stringify([tenantId, userId]);
      const { promise, resolve, reject } = Promise.withResolvers<() => void>();
      const start = () => {
        signal.removeEventListener("abort", leave);
        resolve(begin());
      };
      const leave = () => {
        const others = (waiting.get(key) ?? []).filter((it) => it !== start);
        if (others.length > 0) waiting.set(key, others);
        else waiting.delete(key);
        reject(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      waiting.set(key, [...(waiting.get(key) ?? []), start]);
      return promise;
    },
  };
}
