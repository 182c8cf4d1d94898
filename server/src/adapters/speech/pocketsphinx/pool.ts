import type { PocketsphinxPaths } from "./find.ts";
import { startWorker, type Worker } from "./worker.ts";

/** Recognisers for whoever speaks: one is always loaded, more come with who may speak soon, and go when nobody needs them. */
export type WorkerPool = {
  ready(): Promise<void>;
  /** Loads so many, if they may be and are not yet. */
  expect(workers: number): void;
  /** A worker of one's own, at once or when one is free. Rejects when none can be started. */
  take(signal: AbortSignal): Promise<Worker>;
  /** Gives it back, ready for the next utterance. */
  release(worker: Worker): void;
  close(): Promise<void>;
};

export type PoolOptions = {
  readonly paths: PocketsphinxPaths;
  /** Processes at the same time. */
  readonly most: number;
  /** One that nobody needed for so long is ended, if it is not the last. */
  readonly idleMs: number;
};

type Waiting = {
  readonly resolve: (worker: Worker) => void;
  readonly reject: (error: Error) => void;
};

const MIN_LIFE_MS = 5_000;

export const createWorkerPool = ({ paths, most, idleMs }: PoolOptions): WorkerPool => {
  const all = new Set<Worker>();
  const free: Worker[] = [];
  const waiting: Waiting[] = [];
  const timers = new Map<Worker, NodeJS.Timeout>();
  let isClosed = false;

  const start = (): Worker => {
    const worker = startWorker(paths);
    all.add(worker);
    const startedAtMs = performance.now();
    void worker.gone.then(() => forget(worker, startedAtMs));
    worker.loaded.then(
      () => offer(worker),
      (error: Error) => {
        worker.kill();
        for (const { reject } of waiting.splice(0)) reject(error);
      },
    );
    return worker;
  };

  /** A process that ran for a while is restarted. A process that failed at once would fail again. */
  const forget = (worker: Worker, startedAtMs: number) => {
    all.delete(worker);
    clearTimeout(timers.get(worker));
    timers.delete(worker);
    const place = free.indexOf(worker);
    if (place >= 0) free.splice(place, 1);
    const isWanted = all.size === 0 || waiting.length > 0;
    if (!isClosed && isWanted && performance.now() - startedAtMs > MIN_LIFE_MS) start();
  };

  const offer = (worker: Worker) => {
    if (!all.has(worker)) return;
    const next = waiting.shift();
    worker.hold(next !== undefined);
    if (next) return next.resolve(worker);
    free.push(worker);
    const timer = setTimeout(() => {
      if (all.size > 1 && free.includes(worker)) worker.kill();
    }, idleMs);
    timers.set(worker, timer.unref());
  };

  return {
    async ready() {
      const [known] = all;
      await (known ?? start()).loaded;
    },
    expect(workers) {
      while (!isClosed && all.size < Math.min(workers, most)) start();
    },
    take(signal) {
      if (isClosed) return Promise.reject(new Error("the recogniser is closed"));
      const worker = free.pop();
      if (worker) {
        clearTimeout(timers.get(worker));
        worker.hold(true);
        return Promise.resolve(worker);
      }
      const { promise, resolve, reject } = Promise.withResolvers<Worker>();
      const onAbort = () => {
        const place = waiting.indexOf(entry);
        if (place >= 0) waiting.splice(place, 1);
        reject(signal.reason);
      };
      const settled = () => signal.removeEventListener("abort", onAbort);
      const entry = { resolve, reject };
      promise.then(settled, settled);
      waiting.push(entry);
      signal.addEventListener("abort", onAbort, { once: true });
      if (all.size < most) start();
      return promise;
    },
    release: offer,
    async close() {
      isClosed = true;
      for (const { reject } of waiting.splice(0)) reject(new Error("the recogniser is closed"));
      const workers = [...all];
      for (const worker of workers) worker.kill();
      await Promise.all(workers.map((worker) => worker.gone));
    },
  };
};
