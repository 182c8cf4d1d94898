import { basename } from "node:path";
import { MAX_UTTERANCE_SAMPLES, UTTERANCE_TOO_LONG } from "../../../domain/audio/limits.ts";
import { createQueue } from "../../../domain/audio/queue.ts";
import { AppError, toAppError } from "../../../domain/errors.ts";
import type { Transcriber, Transcript, Utterance } from "../../../ports/speech.ts";
import { createModelHost, type Job, type ModelHost } from "./host.ts";
import type { JobMessage } from "./protocol.ts";
import { recogniserCandidates } from "./recogniser-models.ts";

export type SherpaTranscriberOptions = {
  /** STT_MODEL_DIR. */
  readonly folder: string;
  readonly threads?: number;
  /** How long the last words may take after the end, before the process is given up. */
  readonly finalTimeoutMs?: number;
};

/** A recogniser of sherpa-onnx in a child process, whatever kind of model the folder holds. */
export const createSherpaTranscriber = (options: SherpaTranscriberOptions): Transcriber => {
  const { folder, threads = 2, finalTimeoutMs = 30_000 } = options;
  const host = createModelHost({
    setting: "STT_MODEL_DIR",
    folder,
    candidates: () => recogniserCandidates(folder, threads),
  });
  return {
    name: `sherpa-onnx:${basename(folder)}`,
    /** Known once it is ready. */
    get hasPartials() {
      return host.loaded?.candidate.kind === "online";
    },
    async ready() {
      await host.ready();
    },
    open: (signal) => openUtterance(host, finalTimeoutMs, signal),
    close: () => host.close(),
  };
};

const openUtterance = (host: ModelHost, finalTimeoutMs: number, signal: AbortSignal): Utterance => {
  const queue = createQueue<Transcript>();
  const early: Int16Array[] = [];
  let job: Job | null = null;
  let length = 0;
  let hasEnded = false;
  let isOver = signal.aborted;
  let timer: NodeJS.Timeout | undefined;

  const finish = () => {
    isOver = true;
    early.length = 0;
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    job?.close();
  };
  const onAbort = () => {
    job?.send({ type: "abort", job: job.number });
    finish();
    queue.end();
  };
  const fail = (error: AppError) => {
    if (isOver) return;
    finish();
    queue.fail(error);
  };
  const stopped = (reason: string) =>
    new AppError("unavailable", "The speech recogniser stopped: please say that again", {
      cause: new Error(reason),
    });
  const hear = (message: JobMessage) => {
    if (isOver) return;
    if (message.type === "partial") queue.push({ text: message.text, isFinal: false });
    if (message.type === "failed") fail(stopped(message.reason));
    if (message.type !== "final") return;
    finish();
    queue.push({ text: message.text, isFinal: true });
    queue.end();
  };
  const send = (samples: Int16Array) => {
    if (job) job.send({ type: "audio", job: job.number, samples });
    else early.push(samples);
  };
  const askForEnd = () => {
    if (!job) return;
    job.send({ type: "end", job: job.number });
    timer = setTimeout(() => host.kill(), finalTimeoutMs);
  };
  const begin = async () => {
    try {
      const opened = await host.open({ message: hear, lost: (reason) => fail(stopped(reason)) });
      if (isOver) return opened.close();
      job = opened;
      opened.send({ type: "hear", job: opened.number });
      for (const samples of early.splice(0)) send(samples);
      if (hasEnded) askForEnd();
    } catch (error) {
      fail(toAppError(error));
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
      send(samples.slice());
    },
    end() {
      if (isOver || hasEnded) return;
      hasEnded = true;
      askForEnd();
    },
    transcripts: queue.values,
  };
};
