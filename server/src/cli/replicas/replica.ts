import cluster from "node:cluster";
import type { CollectedMetrics } from "../../adapters/observers/prometheus/observer.ts";
import type { FromReplica, ToReplica, Welcome } from "./messages.ts";

/** This process as one of several replicas, which another process supervises. */
export type Replica = {
  /** Says that it serves. */
  running(welcome: Welcome): void;
  /** Says why it cannot serve, and lets this process end. */
  failed(words: string): void;
  /** Resolves when it has to finish what runs and end: it was told so, or the process that supervises it is gone. */
  readonly closing: Promise<void>;
  /** The metrics of the other replicas that answer in time. */
  otherMetrics(): Promise<readonly CollectedMetrics[]>;
  /** Answers the other replicas from then on. */
  giveMetrics(collect: () => Promise<CollectedMetrics>): void;
  /**
   * Lets this process end, once no connection is on its way to it: the process that supervises it hears of it after it has
   * heard that no more are taken.
   */
  leave(): Promise<void>;
};

/** Null in a process that nobody supervises. */
export function asReplica(): Replica | null {
  const { worker } = cluster;
  if (!worker) return null;
  const closing = Promise.withResolvers<void>();
  const waiting = new Map<number, (others: readonly CollectedMetrics[]) => void>();
  let collect: (() => Promise<CollectedMetrics>) | null = null;
  let lastId = 0;
  const tell = (message: FromReplica, onTold = () => {}) => {
    if (worker.isConnected()) worker.send(message, onTold);
  };
  const disconnect = () => {
    if (worker.isConnected()) worker.disconnect();
  };
  const mayLeave = Promise.withResolvers<void>();
  // Otherwise Node ends this process at once when the other one is gone, in the middle of replies.
  worker.exitedAfterDisconnect = true;
  process.once("disconnect", () => {
    for (const resolve of waiting.values()) resolve([]);
    closing.resolve();
    mayLeave.resolve();
  });
  // Ctrl-C reaches every process of a terminal; a service manager tells all that to end.
  process.on("SIGINT", () => {});
  process.on("SIGUSR2", () => {});
  process.on("SIGTERM", () => closing.resolve());
  worker.on("message", (message: ToReplica) => {
    if (message.type === "close") return closing.resolve();
    if (message.type === "leave") return mayLeave.resolve();
    if (message.type === "collect_metrics") {
      const { id } = message;
      void collect?.().then((metrics) => tell({ type: "metrics", id, metrics }));
      return;
    }
    waiting.get(message.id)?.(message.others);
    waiting.delete(message.id);
  });
  return {
    running: (welcome) => tell({ type: "running", welcome }),
    failed: (words) => tell({ type: "failed", words }, disconnect),
    closing: closing.promise,
    otherMetrics() {
      if (!worker.isConnected()) return Promise.resolve([]);
      const id = ++lastId;
      const { promise, resolve } = Promise.withResolvers<readonly CollectedMetrics[]>();
      waiting.set(id, resolve);
      tell({ type: "want_metrics", id });
      return promise;
    },
    giveMetrics(given) {
      collect = given;
    },
    async leave() {
      tell({ type: "leaving" });
      if (worker.isConnected()) await mayLeave.promise;
      disconnect();
    },
  };
}
