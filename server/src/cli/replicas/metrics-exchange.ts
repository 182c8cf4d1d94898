import type { CollectedMetrics } from "../../adapters/observers/prometheus/observer.ts";
import type { FromReplica } from "./messages.ts";
import type { RunningReplica } from "./start-replica.ts";

/** Replicas that do not give their metrics within that time are left out. */
const MAX_WAIT_MS = 1000;

type Collection = {
  readonly missing: Set<RunningReplica>;
  readonly metrics: CollectedMetrics[];
  readonly end: () => void;
};

/** Gives the metrics of all replicas to the one that a Prometheus has reached. */
export function createMetricsExchange(replicas: () => readonly RunningReplica[]) {
  const collections = new Map<number, Collection>();
  let lastId = 0;

  function collectFor(asking: RunningReplica, itsId: number): void {
    const id = ++lastId;
    const metrics: CollectedMetrics[] = [];
    const missing = new Set(replicas().filter((replica) => replica !== asking));
    const end = () => {
      clearTimeout(timer);
      if (collections.delete(id)) asking.send({ type: "all_metrics", id: itsId, others: metrics });
    };
    const timer = setTimeout(end, MAX_WAIT_MS);
    collections.set(id, { missing, metrics, end });
    for (const replica of missing) replica.send({ type: "collect_metrics", id });
    if (missing.size === 0) end();
  }

  return {
    take(message: FromReplica, from: RunningReplica): void {
      if (message.type === "want_metrics") collectFor(from, message.id);
      if (message.type !== "metrics") return;
      const collection = collections.get(message.id);
      if (!collection?.missing.delete(from)) return;
      collection.metrics.push(message.metrics);
      if (collection.missing.size === 0) collection.end();
    },
  };
}
