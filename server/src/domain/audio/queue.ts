/** An AsyncIterable that one writer fills for one reader. */
export type Queue<T> = {
  push(value: T): void;
  /** Ends the queue. Its remaining items can still be read, and later calls have no effect. */
  end(): void;
  /** Fails the queue. Its remaining items can still be read; the next read rejects with this error. */
  fail(error: unknown): void;
  readonly values: AsyncIterable<T>;
};

type Ending = { readonly error?: unknown } | null;

export const createQueue = <T>(): Queue<T> => {
  const waiting: T[] = [];
  let ending: Ending = null;
  let wake = Promise.withResolvers<void>();

  const finish = (how: Ending) => {
    ending ??= how;
    wake.resolve();
  };

  const read = async function* (): AsyncGenerator<T> {
    for (;;) {
      const value = waiting.shift();
      if (value !== undefined) {
        yield value;
        continue;
      }
      if (ending) {
        if ("error" in ending) throw ending.error;
        return;
      }
      wake = Promise.withResolvers();
      await wake.promise;
    }
  };

  return {
    push(value) {
      if (ending) return;
      waiting.push(value);
      wake.resolve();
    },
    end: () => finish({}),
    fail: (error) => finish({ error }),
    values: { [Symbol.asyncIterator]: read },
  };
};
