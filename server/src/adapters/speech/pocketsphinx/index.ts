import { availableParallelism } from "node:os";
import { concatenateSamples } from "../../../domain/audio/edges.ts";
import { MAX_UTTERANCE_SAMPLES, UTTERANCE_TOO_LONG } from "../../../domain/audio/limits.ts";
import { createQueue } from "../../../domain/audio/queue.ts";
import { samplesIn } from "../../../domain/audio.ts";
import { AppError, speechUnavailable } from "../../../domain/errors.ts";
import type { Transcriber, Transcript, Utterance } from "../../../ports/speech.ts";
import { INSTALL_POCKETSPHINX, type PocketsphinxPaths } from "./find.ts";
import { createWorkerPool, type WorkerPool } from "./pool.ts";
import type { FromChild } from "./protocol.ts";
import { sentenceOf } from "./sentence.ts";
import type { Worker } from "./worker.ts";

export type PocketsphinxOptions = {
  readonly paths: PocketsphinxPaths;
  /** Processes at the same time, each of some 150 MB: who speaks beyond that waits for one. */
  readonly processes?: number;
  readonly idleMs?: number;
  /** How long the last words may take once all sound is decoded, before the process is given up. */
  readonly finalTimeoutMs?: number;
};

/** Messages to a process are not smaller than this. */
const PARCEL_SAMPLES = samplesIn(100);

/** Debian's pocketsphinx, in child processes. American English; its accuracy is basic. */
export const createPocketsphinxTranscriber = (options: PocketsphinxOptions): Transcriber => {
  const { paths, idleMs = 60_000, finalTimeoutMs = 10_000 } = options;
  const most = options.processes ?? Math.max(4, 2 * availableParallelism());
  const pool = createWorkerPool({ paths, most, idleMs });
  return {
    name: "pocketsphinx",
    hasPartials: true,
    async ready() {
      try {
        await pool.ready();
      } catch (cause) {
        throw speechUnavailable(
          "unavailable",
          "hearing",
          `The speech recogniser pocketsphinx does not start; to install it again: ${INSTALL_POCKETSPHINX}`,
          { cause },
        );
      }
    },
    expect: (speakers) => pool.expect(speakers),
    open: (signal) => openUtterance(pool, finalTimeoutMs, signal),
    close: () => pool.close(),
  };
};

let nextUtterance = 1;

const openUtterance = (
  pool: WorkerPool,
  finalTimeoutMs: number,
  signal: AbortSignal,
): Utterance => {
  const queue = createQueue<Transcript>();
  let parcels: Int16Array[] = [];
  let length = 0;
  let parcelLength = 0;
  let hasEnded = false;
  let isOver = signal.aborted;
  const utterance = nextUtterance++;
  let worker: Worker | null = null;
  let timer: NodeJS.Timeout | undefined;

  const flush = () => {
    if (parcelLength > 0) worker?.send({ type: "audio", samples: concatenateSamples(parcels) });
    parcels = [];
    parcelLength = 0;
  };
  const finish = () => {
    isOver = true;
    parcels = [];
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  };
  const fail = (cause: unknown) => {
    if (isOver) return;
    finish();
    const message = "The speech recogniser stopped: please say that again";
    queue.fail(new AppError("unavailable", message, { cause }));
  };
  const onAbort = () => {
    finish();
    queue.end();
    worker?.send({ type: "abort", utterance });
  };
  const hear = (message: FromChild, by: Worker) => {
    if (!("utterance" in message) || message.utterance !== utterance) return;
    if (message.type === "busy") return awaitFinal(by);
    if (message.type !== "partial") pool.release(by);
    if (isOver || message.type === "aborted") return;
    const isFinal = message.type === "final";
    if (isFinal) finish();
    queue.push({ text: sentenceOf(message.text), isFinal });
    if (isFinal) queue.end();
  };
  const awaitFinal = (by: Worker) => {
    if (isOver) return;
    clearTimeout(timer);
    timer = setTimeout(() => by.kill(), finalTimeoutMs);
  };
  const askForEnd = (by: Worker) => {
    flush();
    by.send({ type: "end" });
    awaitFinal(by);
  };

  const begin = async () => {
    try {
      const taken = await pool.take(signal);
      if (isOver) return pool.release(taken);
      worker = taken;
      taken.listen((message) => hear(message, taken));
      void taken.gone.then(fail);
      taken.send({ type: "open", utterance });
      flush();
      if (hasEnded) askForEnd(taken);
    } catch (error) {
      fail(error);
    }
  };

  signal.addEventListener("abort", onAbort, { once: true });
  if (isOver) queue.end();
  else void begin();
  return {
    push(samples) {
      if (isOver || hasEnded) return;
      if (length + samples.length > MAX_UTTERANCE_SAMPLES)
        throw new AppError("too_large", UTTERANCE_TOO_LONG);
      length += samples.length;
      parcels.push(samples.slice());
      parcelLength += samples.length;
      if (worker && parcelLength >= PARCEL_SAMPLES) flush();
    },
    end() {
      if (isOver || hasEnded) return;
      hasEnded = true;
      if (worker) askForEnd(worker);
    },
    transcripts: queue.values,
  };
};
