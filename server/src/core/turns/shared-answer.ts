// An answer that several read, each from its beginning.
import { createPace } from "../../domain/turns-of-the-loop.ts";
import type { Clock } from "../../ports/clock.ts";
import type { AskedEvent, AskedOutcome } from "./turn.ts";

/** What comes of an answer that may be given again: an ending says when it was. */
export type SharedEvent =
  | Exclude<AskedEvent, { readonly type: "ended" }>
  | { readonly type: "ended"; readonly outcome: AskedOutcome; readonly endedAt: Date };

export type SharedAnswer = {
  /**
   * For one of any number of readers.
   * @param lingerMs how long the model continues if this reader is the last one and leaves
   * @throws AppError as StatelessTurn.follow
   */
  read(signal: AbortSignal, lingerMs: number): AsyncIterable<SharedEvent>;
};

/** Told of what becomes of an answer. */
export type AnswerWatcher = {
  /** @param characters what an event takes of the memory for all answers */
  grew(characters: number): void;
  /** The answer must not be given again. */
  failed(): void;
};

/** Of an event besides its text. */
const EVENT_CHARACTERS = 100;

const sizeOf = (event: SharedEvent): number =>
  EVENT_CHARACTERS + (event.type === "ended" ? 0 : event.text.length);

/**
 * Lets several read what one could. The model is read no faster than by the fastest of them, and stopped a while after
 * the last has gone.
 * @param stopping aborted to end `from`
 */
export function shareAnswer(
  from: AsyncIterator<SharedEvent>,
  stopping: AbortController,
  watcher: AnswerWatcher,
  clock: Pick<Clock, "sleep">,
): SharedAnswer {
  const events: SharedEvent[] = [];
  /** Null: all of it was read. */
  let source: AsyncIterator<SharedEvent> | null = from;
  let pulling: Promise<void> | null = null;
  let readers = 0;
  let lingering = new AbortController();
  const close = (): void => {
    source = null;
    lingering.abort();
  };
  const pull = async (): Promise<void> => {
    try {
      const next = await source?.next();
      if (!next || next.done) {
        close();
        watcher.failed();
        return;
      }
      const event = next.value;
      events.push(event);
      watcher.grew(sizeOf(event));
      if (event.type !== "ended") return;
      if (event.outcome.finishes.length === 0) watcher.failed();
      void source?.return?.();
      close();
    } catch (error) {
      close();
      watcher.failed();
      throw error;
    } finally {
      pulling = null;
    }
  };
  const more = (): Promise<void> => (pulling ??= pull());
  const stop = (): void => {
    if (source === null) return;
    watcher.failed();
    stopping.abort();
    // One that was never read is told to stop by being read.
    more().catch(() => undefined);
  };
  /** Continues for a client that may come back. */
  const goOn = async (): Promise<void> => {
    while (readers === 0 && source !== null && !stopping.signal.aborted) await more();
  };
  const leave = (lingerMs: number): void => {
    readers--;
    if (readers > 0 || source === null) return;
    if (lingerMs === 0) {
      stop();
      return;
    }
    lingering = new AbortController();
    clock.sleep(lingerMs, lingering.signal).then(stop, () => undefined);
    goOn().catch(() => undefined);
  };
  return {
    async *read(signal, lingerMs) {
      readers++;
      lingering.abort();
      let hasLeft = false;
      const leaveOnce = (): void => {
        if (!hasLeft) leave(lingerMs);
        hasLeft = true;
      };
      signal.addEventListener("abort", leaveOnce, { once: true });
      if (signal.aborted) leaveOnce();
      try {
        const pace = createPace();
        let hasWaited = false;
        for (let at = 0; !signal.aborted; ) {
          const event = events[at];
          if (event !== undefined) {
            at++;
            yield event;
            // What is there already comes without any waiting in between.
            if (!hasWaited && pace.isDue()) await pace.pause();
            hasWaited = false;
          } else if (source === null) return;
          else {
            await more();
            hasWaited = true;
          }
        }
      } finally {
        signal.removeEventListener("abort", leaveOnce);
        leaveOnce();
      }
    },
  };
}
