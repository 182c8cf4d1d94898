import { AppError } from "../../domain/errors.ts";
import type { Interruption } from "../../domain/message.ts";
import { NamedPlaces, Places } from "../../domain/places.ts";
import type { TurnEnding } from "../../domain/turn.ts";
import type { Clock } from "../../ports/clock.ts";

type LocalTurn<Ending> = {
  readonly conversationId: string;
  readonly ending: Promise<Ending>;
  readonly interrupt: (cause: Interruption) => void;
};

/** The turns that run in this process, and those on their way to the disk. */
export type LocalTurns = {
  /** Counts a turn that is on its way to the disk as running. */
  starting<Result>(begun: Promise<Result>): Promise<Result>;
  /** Keeps the turn until it has ended. */
  add(replyId: string, turn: LocalTurn<TurnEnding>): void;
  /** Keeps a turn that nothing is stored of, until it has ended. */
  addStateless(turn: Omit<LocalTurn<void>, "conversationId">): void;
  /** Undefined: the reply is not generated in this process. */
  endingOf(replyId: string): Promise<TurnEnding> | undefined;
  endingsIn(conversationId: string): readonly Promise<TurnEnding>[];
  /** Ends the reply, if it is generated in this process. */
  interrupt(replyId: string, cause: Interruption): void;
  /** @throws AppError unavailable once `drain` was called */
  checkOpen(): void;
  /** Refuses new turns, waits for those that run, and interrupts those that still run after that time. */
  drain(timeoutMs: number): Promise<void>;
};

export function createLocalTurns(clock: Pick<Clock, "sleep">): LocalTurns {
  const running = new NamedPlaces<LocalTurn<TurnEnding>>();
  const stateless = new Places<Omit<LocalTurn<void>, "conversationId">>();
  const starting = new Places<Promise<unknown>>();
  let isDraining = false;
  return {
    starting(begun) {
      const leave = starting.add(begun.catch(() => {}));
      begun.then(leave, leave);
      return begun;
    },
    add(replyId, turn) {
      running.set(replyId, turn);
      const remove = () => running.delete(replyId);
      turn.ending.then(remove, remove);
    },
    addStateless(turn) {
      const remove = stateless.add(turn);
      turn.ending.then(remove, remove);
    },
    endingOf: (replyId) => running.get(replyId)?.ending,
    endingsIn: (conversationId) =>
      running
        .values()
        .filter((turn) => turn.conversationId === conversationId)
        .map(({ ending }) => ending),
    interrupt: (replyId, cause) => running.get(replyId)?.interrupt(cause),
    checkOpen() {
      if (isDraining)
        throw new AppError(
          "unavailable",
          "The server is shutting down; send this again in a moment",
          { retryAfterMs: 2000 },
        );
    },
    async drain(timeoutMs) {
      isDraining = true;
      await Promise.all(starting);
      const timer = new AbortController();
      const turns = () => [...running.values(), ...stateless];
      const all = () => Promise.allSettled(turns().map(({ ending }) => ending));
      await Promise.race([all(), clock.sleep(timeoutMs, timer.signal).catch(() => {})]);
      timer.abort();
      for (const turn of turns()) turn.interrupt("shutdown");
      await all();
    },
  };
}
