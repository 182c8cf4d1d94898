import cluster, { type Worker } from "node:cluster";
import { DRAIN_MS } from "../../main.ts";
import type { FromReplica, ToReplica, Welcome } from "./messages.ts";

/** A replica that does not serve within that time is ended. */
const MAX_START_MS = 120_000;
/** What a replica may take to close, its last replies included. */
const MAX_CLOSE_MS = DRAIN_MS + 10_000;

/** A process that serves. */
export type RunningReplica = {
  readonly pid: number;
  readonly welcome: Welcome;
  /** Why it ended; never rejects. */
  readonly ended: Promise<string>;
  send(message: ToReplica): void;
  /** Lets it finish what runs; resolves when it has ended. */
  close(): Promise<void>;
  kill(): void;
};

/**
 * Starts one more process with the arguments of this one; resolves when it serves.
 * @throws Error in words for the operator, when it ends before that
 */
export async function startReplica(
  environment: Readonly<Record<string, string>>,
  onMessage: (message: FromReplica, from: RunningReplica) => void,
): Promise<RunningReplica> {
  const worker = cluster.fork(environment);
  const ended = new Promise<string>((resolve) => {
    worker.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
    // A process that could not be started has no exit: its program is gone, or there are too many.
    worker.on("error", (error) => {
      if (worker.process.pid === undefined) resolve(error.message);
    });
  });
  const failed = Promise.withResolvers<never>();
  const started = Promise.withResolvers<RunningReplica>();
  worker.on("message", (message: FromReplica) => {
    if (message.type === "failed") return failed.reject(new Error(message.words));
    if (message.type === "running") replica = running(worker, message.welcome, ended);
    if (!replica) return;
    if (message.type === "leaving") return replica.send({ type: "leave" });
    started.resolve(replica);
    onMessage(message, replica);
  });
  let replica: RunningReplica | null = null;
  void ended.then((reason) =>
    failed.reject(new Error(`A replica ended by ${reason} before it served.`)),
  );
  const timer = setTimeout(() => {
    failed.reject(new Error(`A replica did not serve within ${MAX_START_MS / 1000} seconds.`));
    worker.process.kill("SIGKILL");
  }, MAX_START_MS);
  try {
    return await Promise.race([started.promise, failed.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function running(worker: Worker, welcome: Welcome, ended: Promise<string>): RunningReplica {
  const send = (message: ToReplica) => {
    if (worker.isConnected()) worker.send(message, () => {});
  };
  const kill = () => void worker.process.kill("SIGKILL");
  return {
    pid: worker.process.pid ?? 0,
    welcome,
    ended,
    send,
    kill,
    async close() {
      send({ type: "close" });
      const timer = setTimeout(kill, MAX_CLOSE_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}
