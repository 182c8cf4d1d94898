/** A write, as far as it matters for what it must wait for. */
export type Scheduled = {
  /** The owner's number. */
  readonly key: number;
  /** What of the owner's things it is about, where that is one; null: perhaps all of them. */
  readonly about: string | null;
};

export type Schedule = {
  /** The places of the writes that may start now; each is given once. */
  takeReady(): number[];
  /** It has ended: what waited for it may be ready. */
  end(place: number): void;
};

/**
 * In which order writes are done: those of different owners, and of one owner about different things,
 * side by side; those about the same thing one after the other, in their order. One about all of an
 * owner's things waits for those before it, and those after it wait for it.
 */
export function createSchedule(writes: readonly Scheduled[]): Schedule {
  const waiting = new Map<number, number[]>();
  const running = new Map<number, Set<string | null>>();
  for (const [place, { key }] of writes.entries()) {
    const queue = waiting.get(key);
    if (queue) queue.push(place);
    else waiting.set(key, [place]);
    running.set(key, new Set());
  }
  /** Owners of whom something may have become ready. */
  let changed = new Set(waiting.keys());

  function takeReadyOf(key: number): number[] {
    const busy = running.get(key) ?? new Set();
    const ready: number[] = [];
    const left: number[] = [];
    const passed = new Set<string | null>();
    let isBarred = busy.has(null);
    for (const place of waiting.get(key) ?? []) {
      const about = writes[place]?.about ?? null;
      const isFree =
        about === null
          ? busy.size === 0 && left.length === 0
          : !busy.has(about) && !passed.has(about);
      if (isFree && !isBarred) {
        ready.push(place);
        busy.add(about);
      } else {
        left.push(place);
        passed.add(about);
      }
      isBarred ||= about === null;
    }
    waiting.set(key, left);
    return ready;
  }

  return {
    takeReady() {
      const ready = [...changed].flatMap(takeReadyOf);
      changed = new Set();
      return ready;
    },
    end(place) {
      const write = writes[place];
      if (!write) return;
      running.get(write.key)?.delete(write.about);
      changed.add(write.key);
    },
  };
}
