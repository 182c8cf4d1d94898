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
  signal?: AbortSignal,
): AsyncGenerator<Item, void> {
  if (signal?.aborted) return;
  let given: readonly Item[] = [];
  let over: { readonly error?: unknown } | null = null;
  let rouse = () => {};
  let goOn = () => {};
  const onAbort = () => rouse();
  signal?.addEventListener("abort", onAbort);
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
        if (signal?.aborted) return;
        yield item;
      }
      if (signal?.aborted) return;
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
    signal?.removeEventListener("abort", onAbort);
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
  signal?: AbortSignal,
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
        signal?.removeEventListener("abort", leave);
        if (error === undefined) resolve();
        else reject(error);
      },
    });
    if (isOver) return;
    if (signal?.aborted) leave();
    else signal?.addEventListener("abort", leave, { once: true });
  });
}

/** What an iterator gives, pushed; stopping aborts its signal. */
export const given =
  <Item>(open: (signal: AbortSignal) => AsyncIterable<Item>): Giving<Item> =>
  (sink) => {
    const leaving = new AbortController();
    const { signal } = leaving;
    const push = async () => {
      for await (const item of open(signal)) {
        if (signal.aborted) return;
        await sink.take([item]);
      }
    };
    push().then(
      () => signal.aborted || sink.end(),
      (error: unknown) => signal.aborted || sink.end(error),
    );
    return () => leaving.abort();
  };

/**
 * Keeps what is pushed until somebody takes it: the sink on one side, and what gives it on to one taker on the other.
 * @param most of what is kept without asking for a pause, in items
 */
export function kept<Item>(most = 0): { readonly sink: Sink<Item>; readonly give: Giving<Item> } {
  let items: Item[] = [];
  let taker: Sink<Item> | null = null;
  let isPaused = false;
  let over: { readonly error?: unknown } | null = null;
  let goOn = () => {};
  const pass = () => {
    if (!taker || isPaused) return;
    if (items.length > 0) {
      const all = items;
      items = [];
      try {
        const pause = taker.take(all);
        if (pause) return pauseFor(pause);
      } catch (error) {
        return fail(error);
      }
    }
    goOn();
    if (over) finish(over.error);
  };
  const pauseFor = (pause: Promise<void>) => {
    isPaused = true;
    pause.then(() => {
      isPaused = false;
      pass();
    }, fail);
  };
  const fail = (error: unknown) => {
    over = { error };
    finish(error);
  };
  const finish = (error: unknown) => {
    const to = taker;
    taker = null;
    to?.end(error);
  };
  return {
    sink: {
      take(more) {
        if (over) return undefined;
        if (taker && !isPaused && items.length === 0) return taker.take(more);
        items.push(...more);
        if (!isPaused && items.length <= most) return undefined;
        return new Promise((resolve) => {
          goOn = resolve;
        });
      },
      end(error) {
        if (over) return;
        over = { error };
        if (!isPaused) pass();
      },
    },
    give(sink) {
      taker = sink;
      pass();
      return () => {
        if (taker === sink) taker = null;
      };
    },
  };
}
