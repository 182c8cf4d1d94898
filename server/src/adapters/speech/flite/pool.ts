import { extname } from "node:path";
import { Worker } from "node:worker_threads";

export type FliteJob = { readonly text: string; readonly voice: string };
export type FliteAnswer =
  | { readonly samples: Int16Array<ArrayBuffer> }
  | { readonly error: string };

/** Threads that speak. Who asks first is served first; whoever asks has one request at a time. */
export type FlitePool = {
  /** Resolves when a thread is warm. */
  ready(): Promise<void>;
  /** Rejects with the signal's reason when aborted: what waits is not begun, what runs is dropped. */
  speak(job: FliteJob, signal: AbortSignal): Promise<Int16Array>;
  close(): Promise<void>;
};

type Request = { readonly job: FliteJob; readonly settle: (result: Int16Array | Error) => void };
type Thread = { worker: Worker; isReady: boolean; request: Request | null; watch: Timer };
type Timer = ReturnType<typeof setTimeout> | undefined;

export const createFlitePool = (options: {
  readonly module: WebAssembly.Module;
  readonly threads: number;
  readonly jobTimeoutMs: number;
}): FlitePool => {
  const waiting: Request[] = [];
  const threads = new Set<Thread>();
  const firstReady = Promise.withResolvers<void>();
  firstReady.promise.catch(() => {});
  let isClosed = false;

  const start = () => {
    const file = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(file, { workerData: options.module });
    const thread: Thread = { worker, isReady: false, request: null, watch: undefined };
    threads.add(thread);
    worker.on("message", (message: FliteAnswer | "ready") => {
      if (message === "ready") {
        thread.isReady = true;
        // From now on only pending work keeps the process of the server alive.
        worker.unref();
        firstReady.resolve();
      } else finish(thread, "error" in message ? new Error(message.error) : message.samples);
      serve();
    });
    worker.on("error", (error) => replace(thread, error));
    worker.on("exit", () => replace(thread, new Error("the thread ended")));
  };

  const finish = (thread: Thread, result: Int16Array | Error) => {
    clearTimeout(thread.watch);
    thread.worker.unref();
    thread.request?.settle(result);
    thread.request = null;
  };

  /** A thread that died before it was ever ready would die again: only what worked is replaced. */
  const replace = (thread: Thread, error: Error) => {
    if (!threads.delete(thread)) return;
    finish(thread, error);
    void thread.worker.terminate();
    if (thread.isReady && !isClosed) start();
    else if (threads.size === 0) fail(error);
    serve();
  };

  const fail = (cause: Error) => {
    firstReady.reject(cause);
    for (const request of waiting.splice(0)) request.settle(cause);
  };

  const serve = () => {
    for (const thread of threads) {
      if (!thread.isReady || thread.request) continue;
      const request = waiting.shift();
      if (!request) return;
      thread.request = request;
      thread.worker.ref();
      thread.worker.postMessage(request.job);
      const late = new Error(`no sound within ${options.jobTimeoutMs} ms`);
      thread.watch = setTimeout(() => replace(thread, late), options.jobTimeoutMs);
    }
  };

  for (let i = 0; i < options.threads; i++) start();

  return {
    ready: () => firstReady.promise,
    speak(job, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<Int16Array>();
      const onAbort = () => {
        const place = waiting.indexOf(request);
        if (place >= 0) waiting.splice(place, 1);
        reject(signal.reason);
      };
      const request: Request = {
        job,
        settle(result) {
          signal.removeEventListener("abort", onAbort);
          if (result instanceof Error) reject(result);
          else resolve(result);
        },
      };
      if (signal.aborted || isClosed) return Promise.reject(signal.reason ?? new Error("closed"));
      signal.addEventListener("abort", onAbort, { once: true });
      waiting.push(request);
      serve();
      return promise;
    },
    async close() {
      isClosed = true;
      const open = [...threads];
      for (const thread of open) replace(thread, new Error("closed"));
      fail(new Error("closed"));
      await Promise.all(open.map((thread) => thread.worker.terminate()));
    },
  };
};
