import { speechUnavailable } from "../../../domain/errors.ts";
import { hasSherpa } from "./library.ts";
import { type ModelProcess, startModelProcess } from "./model-process.ts";
import type { JobMessage, ModelCandidate, ToChild } from "./protocol.ts";

export type HostOptions = {
  /** `STT_MODEL_DIR` or `TTS_MODEL_DIR`, for messages. */
  readonly setting: "STT_MODEL_DIR" | "TTS_MODEL_DIR";
  readonly folder: string;
  /** @throws Error when the folder cannot be used */
  readonly candidates: () => ModelCandidate[];
  readonly loadTimeoutMs?: number;
};

/** The receiver of the messages of a job. */
export type JobListener = {
  message(message: JobMessage): void;
  /** The process died with the job in it. */
  lost(reason: string): void;
};

export type Job = {
  readonly number: number;
  send(message: ToChild): void;
  /** Drops the job. Its further messages are ignored. */
  close(): void;
};

/** The model's process: started when first needed, and again after it died. */
export type ModelHost = {
  /** @throws AppError unavailable, which tells the operator the setting and the folder */
  ready(): Promise<ModelProcess>;
  /** What is loaded, once it is. */
  readonly loaded: ModelProcess | null;
  open(listener: JobListener): Promise<Job>;
  kill(): void;
  close(): Promise<void>;
};

const LOAD_TIMEOUT_MS = 120_000;

export const createModelHost = (options: HostOptions): ModelHost => {
  const { setting, folder, loadTimeoutMs = LOAD_TIMEOUT_MS } = options;
  const jobs = new Map<number, JobListener>();
  let starting: Promise<ModelProcess> | null = null;
  let loaded: ModelProcess | null = null;
  let nextJob = 1;
  let isClosed = false;

  const unavailable = (reason: string, cause?: unknown) =>
    speechUnavailable(
      "unavailable",
      setting === "STT_MODEL_DIR" ? "hearing" : "speaking",
      `The model in ${setting} (${folder}) cannot be used: ${reason}`,
      { cause },
    );

  const forget = (reason: string) => {
    loaded = null;
    starting = null;
    const lost = [...jobs.values()];
    jobs.clear();
    for (const listener of lost) listener.lost(reason);
  };

  const start = async (): Promise<ModelProcess> => {
    if (isClosed) throw unavailable("it is closed");
    if (!hasSherpa())
      throw unavailable("sherpa-onnx-node is not installed (npm install sherpa-onnx-node)");
    const failures: string[] = [];
    for (const candidate of candidatesOf()) {
      try {
        const process = await startModelProcess(candidate, loadTimeoutMs);
        if (isClosed) process.kill();
        process.listen((message) => jobs.get(message.job)?.message(message));
        void process.gone.then(forget);
        loaded = process;
        return process;
      } catch (error) {
        failures.push(`as ${candidate.description}: ${reasonOf(error)}`);
      }
    }
    throw unavailable(failures.join("; "));
  };

  const candidatesOf = () => {
    try {
      return options.candidates();
    } catch (error) {
      throw unavailable(reasonOf(error), error);
    }
  };

  const ready = () => {
    const current = starting ?? start();
    starting = current;
    // A failed load is tried again with the next request.
    current.catch(() => {
      if (starting === current) starting = null;
    });
    return current;
  };

  return {
    ready,
    get loaded() {
      return loaded;
    },
    async open(listener) {
      const process = await ready();
      const number = nextJob++;
      jobs.set(number, listener);
      process.hold(true);
      return {
        number,
        send: process.send,
        close() {
          jobs.delete(number);
          if (jobs.size === 0) process.hold(false);
        },
      };
    },
    kill: () => loaded?.kill(),
    async close() {
      isClosed = true;
      const process = await starting?.catch(() => null);
      process?.kill();
      await process?.gone;
    },
  };
};

const reasonOf = (error: unknown): string =>
  error instanceof Error && "code" in error && error.code === "ENOENT"
    ? "there is no such folder"
    : error instanceof Error
      ? error.message
      : String(error);
