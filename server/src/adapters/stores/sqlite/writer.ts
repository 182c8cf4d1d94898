import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { AppError } from "../../../domain/errors.ts";
import {
  type FromThread,
  fromProblem,
  type ThreadOptions,
  type ToThread,
  type WriteMessage,
  type WriteName,
} from "./thread-messages.ts";
import { charactersOf, MAX_OVERTAKING_CHARACTERS, overtaking } from "./write-order.ts";

/** Does writes in the order of the calls; each resolves once it is on disk. */
export type Writer = {
  write(name: WriteName, given: readonly unknown[]): Promise<unknown>;
  /** @throws AppError unavailable if nothing can be written any more */
  check(): void;
  /** Resolves when all that was asked for is done, and the database is closed. */
  close(): Promise<void>;
};

type Waiting = {
  readonly message: WriteMessage;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
};

/** So that the first ones of a burst do not wait for its last. */
const MAX_BATCH_WRITES = 256;
/** More than the disk takes in some seconds: from here on it is better to say so than to wait. */
const MAX_WAITING = 20_000;

/** Of long replies: what is sent to the writer's thread at once is copied by the event loop. */
const MAX_CHARACTERS_IN_A_BATCH = 4 * 1024 * 1024;

const isLong = ({ message }: Waiting): boolean => charactersOf(message) > MAX_OVERTAKING_CHARACTERS;

function batchSize(waiting: readonly Waiting[]): number {
  let characters = 0;
  for (const [writes, { message }] of waiting.entries()) {
    if (writes >= MAX_BATCH_WRITES) return writes;
    characters += charactersOf(message);
    if (writes > 0 && characters > MAX_CHARACTERS_IN_A_BATCH) return writes;
  }
  return waiting.length;
}

/** Told of each transaction: how long it took to be on disk, and how many writes shared it. */
export type OnCommit = (elapsedMs: number, writes: number) => void;

/** Writes that arrive while the disk is busy with others share the next transaction. */
export function startWriter(options: ThreadOptions, onCommit: OnCommit): Writer {
  // The extension is .ts in the sources and .js in what is published.
  const entry = new URL(`./writer-thread${extname(import.meta.url)}`, import.meta.url);
  // What the process was started with (--eval, --inspect-brk, …) is not for this thread.
  const thread = new Worker(entry, { workerData: options, execArgv: [] });
  const exited = new Promise((resolve) => thread.once("exit", resolve));
  let waiting: Waiting[] = [];
  let inWork: Waiting[] = [];
  let isPostPlanned = false;
  /** Whether the last batch had several writes. Then others are likely to come in this moment, which share the next one. */
  let isBusy = false;
  /** How many ends of long replies are in `waiting`. */
  let longWaiting = 0;
  let isLongNext = false;
  let postedAt = 0;
  let stopped: AppError | null = null;
  let drained = Promise.withResolvers<void>();

  /** Only what waits for the disk keeps the process alive. */
  thread.unref();
  thread.on("message", settle);
  thread.on("error", (error) => stop("Nothing can be stored: restart the server", error));
  thread.on("exit", () => stop("The store is closed"));

  function post(): void {
    isPostPlanned = false;
    if (inWork.length > 0) return;
    if (waiting.length === 0) {
      thread.unref();
      drained.resolve();
      return;
    }
    inWork = takeBatch();
    isBusy = inWork.length > 1;
    thread.ref();
    postedAt = performance.now();
    thread.postMessage(inWork.map(({ message }) => message) satisfies ToThread);
  }

  /** While long replies wait, every second batch is what others have to write. */
  function takeBatch(): Waiting[] {
    const messages = longWaiting > 0 && !isLongNext ? waiting.map(({ message }) => message) : [];
    const places = new Set(overtaking(messages, MAX_BATCH_WRITES));
    isLongNext = places.size > 0;
    if (isLongNext) {
      const batch = waiting.filter((_, place) => places.has(place));
      waiting = waiting.filter((_, place) => !places.has(place));
      return batch;
    }
    const writes = batchSize(waiting);
    const batch = waiting.slice(0, writes);
    waiting = waiting.slice(writes);
    longWaiting -= batch.filter(isLong).length;
    return batch;
  }

  function settle(outcomes: FromThread): void {
    const done = inWork;
    inWork = [];
    onCommit(performance.now() - postedAt, done.length);
    post();
    for (const [place, { resolve, reject }] of done.entries()) {
      const outcome = outcomes[place];
      if (outcome?.isStored) resolve(outcome.result);
      else reject(outcome && fromProblem(outcome.problem));
    }
  }

  function stop(reason: string, cause?: unknown): void {
    stopped ??= new AppError("unavailable", reason, { retryAfterMs: 30_000, cause });
    for (const { reject } of [...inWork, ...waiting]) reject(stopped);
    inWork = [];
    waiting = [];
    drained.resolve();
  }

  return {
    write(name, given) {
      if (stopped) return Promise.reject(stopped);
      if (waiting.length >= MAX_WAITING)
        return Promise.reject(
          new AppError(
            "unavailable",
            "The disk cannot keep up with what is being said; try again",
            {
              retryAfterMs: 2_000,
            },
          ),
        );
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const write: Waiting = { message: [name, given], resolve, reject };
      waiting.push(write);
      if (isLong(write)) longWaiting++;
      if (inWork.length > 0 || isPostPlanned) return promise;
      // What may be overtaken waits for what may overtake it.
      isPostPlanned = isBusy || isLong(write);
      if (isPostPlanned) setImmediate(post);
      else post();
      return promise;
    },
    check() {
      if (stopped) throw stopped;
    },
    async close() {
      if (stopped) return;
      if (inWork.length + waiting.length > 0) {
        drained = Promise.withResolvers();
        await drained.promise;
      }
      if (stopped) return;
      stopped = new AppError("unavailable", "The store is closed", { retryAfterMs: 30_000 });
      thread.ref();
      thread.postMessage("close" satisfies ToThread);
      await exited;
    },
  };
}
