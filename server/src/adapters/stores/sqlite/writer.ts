import type { Outcome, Request, RunBatch } from "./batch.ts";
import { toStoreError } from "./errors.ts";

/** Does writes in the order of the calls; each resolves once it is on disk. */
export type Writer = {
  write(request: Request): Promise<unknown>;
  /** Resolves when all that was asked for is done. */
  drain(): Promise<void>;
};

type Waiting = {
  readonly request: Request;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
};

const MOST_IN_A_BATCH = 256;

/** Writes that arrive in the same turn of the event loop share one transaction. */
export function createWriter(runBatch: RunBatch): Writer {
  const waiting: Waiting[] = [];
  let drained = Promise.withResolvers<void>();
  drained.resolve();

  function flush(): void {
    const batch = waiting.splice(0, MOST_IN_A_BATCH);
    if (waiting.length > 0) setImmediate(flush);
    else drained.resolve();
    const outcomes = runBatch(batch.map(({ request }) => request));
    for (const [place, { resolve, reject }] of batch.entries()) {
      const outcome = outcomes[place] as Outcome;
      if (outcome.isStored) resolve(outcome.result);
      else reject(toStoreError(outcome.error));
    }
  }

  return {
    write(request) {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      if (waiting.push({ request, resolve, reject }) === 1) {
        drained = Promise.withResolvers();
        setImmediate(flush);
      }
      return promise;
    },
    drain: () => drained.promise,
  };
}
