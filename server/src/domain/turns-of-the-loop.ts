const waiting: (() => void)[] = [];

/**
 * Waits for a turn of the event loop: of all long works that wait one goes on in each, so that together they
 * hold everybody else up no longer than one of them does.
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

/** How long a piece of a long work may last. */
const MAX_PIECE_MS = 5;

/** Parts a long work into pieces: between its items `if (pace.isDue()) await pace.pause()`. */
export type Pace = {
  /** The piece has lasted long enough. */
  isDue(): boolean;
  /** Lets others have their turn, and begins the next piece. */
  pause(): Promise<void>;
};

/** Begins with a piece. */
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

/** As `items.map(map)`, in pieces. @throws what `map` throws */
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
