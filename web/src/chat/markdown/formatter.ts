import type { FormatRequest, Formatted, WorkerAnswer } from "./tree.ts";

/**
 * What formats one request for longer is ended. Nobody waits for it so long: whoever asks shows the text as it was
 * written after a while (message-formatting.ts), and formatted when it comes after all.
 */
const MAX_FORMAT_MS = 1_000;
/** A shorter text is always cheap: where it takes long, the machine is busy. */
const SHORT_CHARACTERS = 10_000;
const MAX_SHORT_FORMAT_MS = 5_000;
const MAX_START_MS = 30_000;
const MAX_KEPT = 400;
const MAX_KEPT_NODES = 100_000;
/** Texts that were too much; whatever begins with one of them is not tried again. */
const MAX_GIVEN_UP = 20;

export type Formatter = {
  /** What has become of such a request before, or undefined. */
  known(request: FormatRequest): Formatted | undefined;
  /**
   * Never rejects.
   * @param isWanted asked when its turn has come
   * @returns null where nobody wanted it any more
   */
  format(request: FormatRequest, isWanted: () => boolean): Promise<Formatted | null>;
  /** Loads what formats. */
  start(): void;
  /** Whether that was loaded, so that most answers are a matter of milliseconds. */
  isLoaded(): boolean;
};

type Job = {
  readonly request: FormatRequest;
  readonly isWanted: () => boolean;
  readonly finish: (formatted: Formatted | null) => void;
};

const keyOf = (request: FormatRequest): string =>
  request.kind === "text" ? request.text : `${request.language}\n${request.code}`;

const UNAVAILABLE: Formatted = { problem: "unavailable" };

/** A worker that formats, one request after the other, and is replaced by another where it takes too long. */
function createFormatter(): Formatter {
  const kept = keepResults();
  const waiting: Job[] = [];
  let worker: Worker | null = null;
  let isReady = false;
  let isLoaded = false;
  let isReplaced = false;
  let running: Job | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const end = () => {
    clearTimeout(timer);
    worker?.terminate();
    worker = null;
    isReady = false;
  };
  const finish = (job: Job, formatted: Formatted) => {
    running = null;
    kept.put(keyOf(job.request), formatted);
    job.finish(formatted);
  };
  /** The worker does not load: nobody waits for it. The next request tries again. */
  const fail = () => {
    end();
    const jobs = running ? [running, ...waiting] : [...waiting];
    running = null;
    waiting.length = 0;
    for (const job of jobs) job.finish(UNAVAILABLE);
  };
  const limit = (job: Job) => {
    const isShort = keyOf(job.request).length < SHORT_CHARACTERS;
    timer = setTimeout(
      () => {
        end();
        isReplaced = true;
        finish(job, { problem: "too_slow" });
        start();
      },
      isShort ? MAX_SHORT_FORMAT_MS : MAX_FORMAT_MS,
    );
  };
  const next = () => {
    if (running || !isReady || !worker) return;
    let job = waiting.shift();
    for (; job; job = waiting.shift()) {
      const before = kept.get(keyOf(job.request));
      if (!before && job.isWanted()) break;
      job.finish(before ?? null);
    }
    if (!job) return;
    const current = job;
    running = current;
    limit(current);
    worker.postMessage(current.request);
  };
  const onAnswer = ({ data }: MessageEvent<WorkerAnswer>) => {
    clearTimeout(timer);
    // What was loaded before a worker was replaced comes from the browser's store.
    isLoaded = data.kind !== "loading" || isReplaced;
    if (data.kind === "loading") {
      timer = setTimeout(fail, MAX_START_MS);
      return;
    }
    if (data.kind === "loaded") {
      if (running) limit(running);
      return;
    }
    if (data.kind === "ready") isReady = true;
    if (data.kind === "formatted" && running) finish(running, data.formatted);
    next();
  };
  const start = () => {
    if (worker) return;
    worker = new Worker(new URL("./worker/format.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = onAnswer;
    worker.onerror = fail;
    timer = setTimeout(fail, MAX_START_MS);
  };

  return {
    known: (request) => kept.get(keyOf(request)),
    start,
    isLoaded: () => isLoaded,
    format(request, isWanted) {
      return new Promise((finish) => {
        waiting.push({ request, isWanted, finish });
        start();
        next();
      });
    },
  };
}

/** The results of the last requests, so that what comes into view again is there at once. */
function keepResults() {
  const results = new Map<string, Formatted>();
  const givenUp: { readonly text: string; readonly formatted: Formatted }[] = [];
  let nodeCount = 0;
  const weightOf = (formatted: Formatted | undefined) =>
    formatted && "nodes" in formatted ? formatted.nodeCount : 0;
  const remove = (key: string) => {
    nodeCount -= weightOf(results.get(key));
    results.delete(key);
  };
  return {
    get(key: string): Formatted | undefined {
      const formatted = results.get(key);
      if (!formatted) return givenUp.find(({ text }) => key.startsWith(text))?.formatted;
      results.delete(key);
      results.set(key, formatted);
      return formatted;
    },
    put(key: string, formatted: Formatted): void {
      if ("problem" in formatted) {
        if (formatted.problem === "unavailable") return;
        givenUp.push({ text: key, formatted });
        if (givenUp.length > MAX_GIVEN_UP) givenUp.shift();
        return;
      }
      remove(key);
      results.set(key, formatted);
      nodeCount += formatted.nodeCount;
      for (const oldest of results.keys()) {
        if (results.size <= MAX_KEPT && nodeCount <= MAX_KEPT_NODES) break;
        if (oldest !== key) remove(oldest);
      }
    },
  };
}

/** For what is written, and for program text in it: colours hold up no words. */
export const textFormatter = createFormatter();
export const codeFormatter = createFormatter();
