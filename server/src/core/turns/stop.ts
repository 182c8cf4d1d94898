import type { Interruption } from "../../domain/message.ts";

/** Tells whether a turn was asked to stop. It costs less for each turn than an AbortSignal. */
export type Stop = {
  /** Null until it is asked to stop. */
  readonly cause: Interruption | null;
  /** Asks it to stop; may be called again, and the first cause stays. */
  readonly now: (cause: Interruption) => void;
  /** Calls the listener when it is asked to stop; at once if it was already. */
  readonly listen: (listener: () => void) => void;
};

export function createStop(): Stop {
  const listeners: (() => void)[] = [];
  let cause: Interruption | null = null;
  return {
    get cause() {
      return cause;
    },
    now(given) {
      cause ??= given;
      for (const listener of listeners.splice(0)) listener();
    },
    listen(listener) {
      if (cause) listener();
      else listeners.push(listener);
    },
  };
}
