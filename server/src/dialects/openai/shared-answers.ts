// Answers that nothing keeps, held for a while for the clients that send their request once more.
import { keyOfAnother } from "../../domain/errors.ts";
import type { Owner } from "../../domain/principal.ts";

/** An answer that comes from a model that was asked once. */
export type OneAnswer<Head, Event> = {
  /** What is known of it from its beginning on; nothing large, since it is held. */
  readonly head: Head;
  /** For one reader; aborting stops the model. @throws AppError where it fails before its first event */
  follow(signal: AbortSignal): AsyncIterable<Event>;
};

/** What its events say of an answer. It is held with the answer, and so must not hold a request. */
export type Reading<Event> = {
  /** Whether the event is the last one, of an answer that may be given again or of one that may not; null: more comes. */
  endOf(event: Event): "whole" | "failed" | null;
  /** How much of the memory for all answers it takes, in characters. */
  sizeOf(event: Event): number;
};

type Request = {
  readonly owner: Owner;
  /** Null: the request cannot be known again, and its answer is nobody else's. */
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | null;
  /**
   * Whether a client that goes away may send its request again, so that the model goes on for LINGER_MS. Otherwise it is
   * stopped at once.
   */
  readonly mayComeBack: boolean;
};

export type SharedAnswers = {
  /**
   * The answer to that request: the one that is there already, from its beginning, or a new one.
   * @throws AppError conflict where the key was used for another request, and what `ask` throws
   */
  answerTo<Head, Event>(
    request: Request,
    ask: () => Promise<OneAnswer<Head, Event>>,
    reading: Reading<Event>,
  ): Promise<OneAnswer<Head, Event>>;
};

/** How long an answer is held after it was asked for. */
const HELD_MS = 60_000;
const MAX_HELD = 1_000;
/** Of all answers together. */
const MAX_HELD_CHARACTERS = 32 * 1024 * 1024;
/** Of an event besides its text. */
const EVENT_CHARACTERS = 100;
/** The clients of this shape wait half a second before they send a request for the second time. */
const LINGER_MS = 2_000;

/** An answer that several may read, each from its beginning. */
type Shared = { read(signal: AbortSignal, lingerMs: number): AsyncIterable<unknown> };

type Held = {
  readonly fingerprint: string;
  readonly atMs: number;
  characters: number;
  answer: Promise<{ readonly head: unknown; readonly shared: Shared }> | null;
};

/** By user and key, in the order of their times. */
type AllHeld = Map<string, Held>;

/** @param now in milliseconds */
export function createSharedAnswers(now: () => number): SharedAnswers {
  const held: AllHeld = new Map();
  return {
    async answerTo<Head, Event>(
      { owner, idempotency, mayComeBack }: Request,
      ask: () => Promise<OneAnswer<Head, Event>>,
      reading: Reading<Event>,
    ) {
      if (!idempotency) return ask();
      forgetOld(held, now());
      const { key, fingerprint } = idempotency;
      const name = JSON.stringify([owner.tenantId, owner.userId, key]);
      const found = held.get(name);
      if (found && found.fingerprint !== fingerprint) throw keyOfAnother();
      const entry = found ?? enter(held, name, { fingerprint, atMs: now() }, ask, reading);
      const lingerMs = mayComeBack ? LINGER_MS : 0;
      const { head, shared } = (await entry.answer) as { head: Head; shared: Shared };
      return {
        head,
        follow: (signal) => shared.read(signal, lingerMs) as AsyncIterable<Event>,
      };
    },
  };
}

function forgetOld(held: AllHeld, nowMs: number): void {
  let characters = 0;
  for (const one of held.values()) characters += one.characters;
  for (const [name, one] of held) {
    const isTooMuch = held.size > MAX_HELD || characters > MAX_HELD_CHARACTERS;
    if (!isTooMuch && nowMs - one.atMs <= HELD_MS) return;
    characters -= one.characters;
    held.delete(name);
  }
}

// The functions below are apart so that what is held holds no request with all its messages.

function enter<Head, Event>(
  held: AllHeld,
  name: string,
  begun: Pick<Held, "fingerprint" | "atMs">,
  ask: () => Promise<OneAnswer<Head, Event>>,
  reading: Reading<Event>,
): Held {
  const entry: Held = { ...begun, characters: 0, answer: null };
  held.set(name, entry);
  entry.answer = begin(ask, reading, watcherOf(held, name, entry));
  return entry;
}

type Watcher = { grew(characters: number): void; failed(): void };

const watcherOf = (held: AllHeld, name: string, entry: Held): Watcher => ({
  grew(characters) {
    entry.characters += characters;
  },
  failed() {
    if (held.get(name) === entry) held.delete(name);
  },
});

async function begin<Head, Event>(
  ask: () => Promise<OneAnswer<Head, Event>>,
  reading: Reading<Event>,
  watcher: Watcher,
) {
  try {
    const { head, follow } = await ask();
    const stopping = new AbortController();
    const source = follow(stopping.signal)[Symbol.asyncIterator]();
    return { head, shared: share(source, stopping, reading, watcher) };
  } catch (error) {
    watcher.failed();
    throw error;
  }
}

/**
 * Lets several read what one could. The model is read no faster than by the fastest of them, and stopped a while after
 * the last has gone.
 */
function share<Event>(
  from: AsyncIterator<Event>,
  stopping: AbortController,
  { endOf, sizeOf }: Reading<Event>,
  watcher: Watcher,
): Shared {
  const events: Event[] = [];
  /** Null: all of it was read. */
  let source: AsyncIterator<Event> | null = from;
  let pulling: Promise<void> | null = null;
  let readers = 0;
  let lingering: NodeJS.Timeout | undefined;
  const pull = async (): Promise<void> => {
    try {
      const next = await source?.next();
      if (!next || next.done) {
        source = null;
        return;
      }
      events.push(next.value);
      watcher.grew(sizeOf(next.value) + EVENT_CHARACTERS);
      const end = endOf(next.value);
      if (end === "failed") watcher.failed();
      if (end) {
        void source?.return?.();
        source = null;
      }
    } catch (error) {
      source = null;
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
  /** Goes on for a client that may come back. */
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
    lingering = setTimeout(stop, lingerMs);
    lingering.unref();
    goOn().catch(() => undefined);
  };
  return {
    async *read(signal, lingerMs) {
      readers++;
      clearTimeout(lingering);
      let hasLeft = false;
      const leaveOnce = (): void => {
        if (!hasLeft) leave(lingerMs);
        hasLeft = true;
      };
      signal.addEventListener("abort", leaveOnce, { once: true });
      if (signal.aborted) leaveOnce();
      try {
        for (let at = 0; !signal.aborted; ) {
          const event = events[at];
          if (event !== undefined) {
            at++;
            yield event;
          } else if (source === null) return;
          else await more();
        }
      } finally {
        signal.removeEventListener("abort", leaveOnce);
        leaveOnce();
      }
    },
  };
}
