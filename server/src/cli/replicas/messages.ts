import type { CollectedMetrics } from "../../adapters/observers/prometheus/observer.ts";

/** What a person at a terminal is told, in lines. */
export type Welcome = { readonly facts: readonly string[]; readonly advice: readonly string[] };

/** What a replica tells the process that supervises it. */
export type FromReplica =
  /** It serves. */
  | { readonly type: "running"; readonly welcome: Welcome }
  /** It ends, since it cannot serve. */
  | { readonly type: "failed"; readonly words: string }
  /** It takes no more connections, and ends when it is answered with `leave`. */
  | { readonly type: "leaving" }
  /** It wants the metrics of all replicas. */
  | { readonly type: "want_metrics"; readonly id: number }
  | { readonly type: "metrics"; readonly id: number; readonly metrics: CollectedMetrics };

/** What the process that supervises replicas tells one of them. */
export type ToReplica =
  /** Finish what runs, and end. */
  | { readonly type: "close" }
  /** No connection is on its way to it any more. */
  | { readonly type: "leave" }
  | { readonly type: "collect_metrics"; readonly id: number }
  /** The metrics of the other replicas, in answer to `want_metrics`. */
  | {
      readonly type: "all_metrics";
      readonly id: number;
      readonly others: readonly CollectedMetrics[];
    };
