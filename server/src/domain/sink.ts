/** Where something is pushed as it comes, in place of an iterator that asks for it. */
export type Sink<Item> = {
  /**
   * Takes the items of one moment, at least one, in their order. A promise asks for a pause: nothing more is given until
   * it resolves, and what comes meanwhile is then given at once. What it throws, or rejects with, ends the giving with that error.
   */
  take(items: readonly Item[]): Promise<void> | undefined;
  /** Nothing more comes. Called once, unless the giving was stopped before. @param error why, where it failed */
  end(error?: unknown): void;
};

/** Ends what pushes: from now on neither `take` nor `end` is called. Harmless when called again. */
export type StopGiving = () => void;

/** Begins to push. It may push at once. */
export type Giving<Item> = (sink: Sink<Item>) => StopGiving;

/** A sink that makes something else of each item. */
export const mapped = <From, To>(
  sink: Sink<To>,
  map: (item: From) => readonly To[],
): Sink<From> => ({
  take(items) {
    const [first] = items;
    const made = items.length === 1 && first !== undefined ? map(first) : items.flatMap(map);
    return made.length > 0 ? sink.take(made) : undefined;
  },
  end: (error) => sink.end(error),
});

/**
 * What is pushed, for a reader that asks for it: what comes while it is busy is held back where it comes from. Aborting
 * ends the iteration without an error. Nothing is begun before the first item is asked for.
 */
export async function* pulled<Item>(
  give: Giving<Item>,
  signal: AbortSignal,
): AsyncGenerator<Item, void> {
  if (signal.aborted) return;
  let given: readonly Item[] = [];
  let over: { readonly error?: unknown } | null = null;
  let rouse = () => {};
  let goOn = () => {};
  const onAbort = () => rouse();
  signal.addEventListener("abort", onAbort);
  const stop = give({
    take(items) {
      given = items;
      rouse();
      return new Promise((resolve) => {
        goOn = resolve;
      });
    },
    end(error) {
      over = { error };
      rouse();
    },
  });
  try {
    for (;;) {
      for (const item of given) {
        if (signal.aborted) return;
        yield item;
      }
      if (signal.aborted) return;
      const ended = over as { readonly error?: unknown } | null;
      if (ended?.error !== undefined) throw ended.error;
      if (ended) return;
      given = [];
      const more = new Promise<void>((resolve) => {
        rouse = resolve;
      });
      goOn();
      await more;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    stop();
  }
}

/**
 * Resolves when nothing more comes, or once aborted.
 * @throws what the giving failed with, and what `take` throws
 */
export function pushed<Item>(
  give: Giving<Item>,
  take: Sink<Item>["take"],
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const leave = () => {
      stop();
      resolve();
    };
    const stop = give({
      take,
      end(error) {
        isOver = true;
        signal.removeEventListener("abort", leave);
        if (error === undefined) resolve();
        else reject(error);
      },
    });
    if (isOver) return;
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
  });
}
