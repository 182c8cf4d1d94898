const waiting: (() => void)[] = [];

/**
 * Waits for a turn of the event loop. Only one of all waiting long tasks continues in each turn, so that together they
 * delay everybody else no longer than one of them does.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) setImmediate(goOn);
  });
}

function goOn(): void {
  waiting[0]?.();
  waiting.shift();
  if (waiting.length > 0) setImmediate(goOn);
}

/** The maximum duration of one piece of a long task. */
const MAX_PIECE_MS = 5;

/** Divides a long task into pieces. Call `if (pace.isDue()) await pace.pause()` between its items. */
export type Pace = {
  /** Whether the piece has lasted long enough. */
  isDue(): boolean;
  /** Lets other tasks run, and begins the next piece. */
  pause(): Promise<void>;
};

/** Begins the first piece. */
export function createPace(): Pace {
  let beganAt = performance.now();
  return {
    isDue: () => performance.now() - beganAt > MAX_PIECE_MS,
    async pause() {
      await nextTurn();
      beganAt = performance.now();
    },
  };
}

/** Same as `items.map(map)`, in pieces. @throws whatever `map` throws */
export async function mapInPieces<Item, Result>(
  items: readonly Item[],
  map: (item: Item, index: number) => Result,
  pace: Pace = createPace(),
): Promise<Result[]> {
  const results: Result[] = [];
  for (const [index, item] of items.entries()) {
    results.push(map(item, index));
    if (pace.isDue()) await pace.pause();
  }
  return results;
}
