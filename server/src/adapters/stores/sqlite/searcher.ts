import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { AppError } from "../../../domain/errors.ts";
import type { SearchHit } from "../../../ports/search.ts";
import type { FoundPage } from "../sql/search-page.ts";
import type {
  Answers,
  FromSearchThread,
  Question,
  SearchThreadOptions,
} from "./search-messages.ts";
import { fromProblem } from "./thread-messages.ts";

type PageQuestion = Omit<Extract<Question, { kind: "page" }>, "kind">;

/** Searches in threads of their own, which begin with the first search; as many as are asked at once. */
export type Searcher = {
  /** Answers, one after the other, what a search has to ask. */
  lend<Result>(search: (asking: Asking) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
};

export type Asking = {
  ask<Kind extends "end" | "isIndexedTo" | "missing">(
    question: Extract<Question, { kind: Kind }>,
  ): Promise<Answers[Kind]>;
  page(question: PageQuestion): Promise<FoundPage>;
};

type Thread = {
  ask(question: Question): Promise<unknown>;
  readonly isStopped: boolean;
  close(): Promise<void>;
};

const stoppedError = (reason: string, cause?: unknown): AppError =>
  new AppError("unavailable", reason, { retryAfterMs: 2_000, cause });

function startThread(options: SearchThreadOptions): Thread {
  // The extension is .ts in the sources and .js in what is published.
  const entry = new URL(`./search-thread${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(entry, { workerData: options, execArgv: [] });
  let isStopped = false;
  let asked: { resolve(result: unknown): void; reject(error: unknown): void } | null = null;

  const settle = (settling: (waiting: NonNullable<typeof asked>) => void) => {
    const waiting = asked;
    asked = null;
    worker.unref();
    if (waiting) settling(waiting);
  };
  const stop = (cause?: unknown) => {
    isStopped = true;
    settle(({ reject }) =>
      reject(stoppedError("The search ended before its answer; try again", cause)),
    );
  };
  /** Only a search that somebody waits for keeps the process alive. */
  worker.unref();
  worker.on("error", stop);
  worker.on("exit", () => stop());
  worker.on("message", (outcome: FromSearchThread) =>
    settle(({ resolve, reject }) =>
      outcome.isStored ? resolve(outcome.result) : reject(fromProblem(outcome.problem)),
    ),
  );

  return {
    get isStopped() {
      return isStopped;
    },
    ask(question) {
      if (isStopped) return Promise.reject(stoppedError("The store is closed"));
      return new Promise((resolve, reject) => {
        asked = { resolve, reject };
        worker.ref();
        worker.postMessage(question);
      });
    },
    async close() {
      isStopped = true;
      await worker.terminate();
    },
  };
}

export function createSearcher(options: SearchThreadOptions): Searcher {
  const threads = new Set<Thread>();
  let idle: Thread[] = [];
  let isClosed = false;

  async function pageOf(thread: Thread, question: PageQuestion): Promise<FoundPage> {
    let piece = (await thread.ask({ kind: "page", ...question })) as Answers["page"];
    const hits: SearchHit[] = [...piece.hits];
    while (!piece.isLast) {
      await new Promise((resolve) => setImmediate(resolve));
      piece = (await thread.ask({ kind: "more" })) as Answers["more"];
      hits.push(...piece.hits);
    }
    const { total, conversations, isComplete } = piece;
    return { hits, total, conversations, isComplete };
  }

  return {
    async lend(search) {
      if (isClosed) throw stoppedError("The store is closed");
      const thread = idle.pop() ?? startThread(options);
      threads.add(thread);
      try {
        return await search({
          ask: (question) => thread.ask(question) as never,
          page: (question) => pageOf(thread, question),
        });
      } finally {
        if (thread.isStopped) threads.delete(thread);
        else idle.push(thread);
      }
    },
    async close() {
      isClosed = true;
      idle = [];
      await Promise.all([...threads].map((thread) => thread.close()));
    },
  };
}
