import {
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type MetricObject,
  Registry,
} from "prom-client";
import { finishReasonOf } from "../../../domain/finish-reason.ts";
import type { TurnObserver } from "../../../ports/observer.ts";

const FIRST_TOKEN_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60];
const COMMIT_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1];
const REQUEST_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60];

type Problem = {
  readonly provider: string;
  readonly model: string | null;
  readonly words: string;
  readonly lastAt: Date;
};

/** The metrics of one process, to be added to those of others. */
export type CollectedMetrics = readonly MetricObject[];

/** The server's figures, in seconds where they are times, for a Prometheus to read. */
export type PrometheusMetrics = {
  readonly observer: TurnObserver;
  /** @param route the route's pattern, never an address with ids in it */
  request(method: string, route: string, status: number, elapsedMs: number): void;
  /** One transaction of the store. */
  commit(elapsedMs: number, writes: number): void;
  /** The metrics of files. */
  readonly files: { stored(bytes: number): void; deleted(bytes: number): void };
  /** The identity of this server. */
  info(labels: { readonly version: string; readonly store: string }): void;
  /** Reads the number of open WebSockets whenever it is asked for. */
  countSockets(count: () => number): void;
  /** Reads what keeps providers from answering until the operator mends it, whenever it is asked for. */
  tellProblems(list: () => readonly Problem[]): void;
  /** @param others the metrics of other processes of this server, which are added to its own */
  render(
    others?: readonly CollectedMetrics[],
  ): Promise<{ readonly contentType: string; readonly text: string }>;
  collect(): Promise<CollectedMetrics>;
};

export function prometheusMetrics(): PrometheusMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: "colloquy_" });
  const registers = [registry];
  const turns = new Counter({
    name: "colloquy_turns_total",
    help: "Turns that have ended, by wire and ending",
    labelNames: ["wire", "status", "error"],
    registers,
  });
  const finishes = new Counter({
    name: "colloquy_finishes_total",
    help: "Answers that models ended, by why they did",
    labelNames: ["reason"],
    registers,
  });
  const running = new Gauge({
    name: "colloquy_turns_running",
    help: "Turns that ask the model now",
    registers,
  });
  const queued = new Gauge({
    name: "colloquy_turns_queued",
    help: "Turns that wait for an earlier one of their conversation",
    registers,
  });
  const firstToken = new Histogram({
    name: "colloquy_time_to_first_token_seconds",
    help: "From the stored message to the reply's first text",
    labelNames: ["wire"],
    buckets: FIRST_TOKEN_BUCKETS,
    registers,
  });
  const duration = new Histogram({
    name: "colloquy_turn_seconds",
    help: "From the stored message to the stored reply",
    labelNames: ["wire"],
    buckets: FIRST_TOKEN_BUCKETS,
    registers,
  });
  const tokens = new Counter({
    name: "colloquy_tokens_total",
    help: "Tokens as the provider counted them; prompt_cached are among prompt, reasoning among completion",
    labelNames: ["kind"],
    registers,
  });
  const calls = new Counter({
    name: "colloquy_tool_calls_total",
    help: "Calls of tools that the server made for replies, by source and outcome",
    labelNames: ["source", "outcome"],
    registers,
  });
  const callDuration = new Histogram({
    name: "colloquy_tool_call_seconds",
    help: "From the call that leaves the server to its result",
    labelNames: ["source"],
    buckets: FIRST_TOKEN_BUCKETS,
    registers,
  });
  const cost = new Counter({
    name: "colloquy_cost_usd_total",
    help: "US dollars as the provider counted them",
    registers,
  });
  const commits = new Histogram({
    name: "colloquy_store_commit_seconds",
    help: "Transactions of the store, fsync included",
    buckets: COMMIT_BUCKETS,
    registers,
  });
  const writes = new Counter({
    name: "colloquy_store_writes_total",
    help: "Writes in those transactions",
    registers,
  });
  const requests = new Histogram({
    name: "colloquy_http_request_seconds",
    help: "HTTP requests",
    labelNames: ["method", "route", "status"],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const files = new Counter({
    name: "colloquy_files_total",
    help: "Files that were uploaded, and bytes of files that were deleted since nobody had them",
    labelNames: ["event"],
    registers,
  });
  const fileBytes = new Counter({
    name: "colloquy_file_bytes_total",
    help: "What those files weigh",
    labelNames: ["event"],
    registers,
  });
  const countFile = (event: "stored" | "deleted") => (bytes: number) => {
    files.inc({ event });
    fileBytes.inc({ event }, bytes);
  };
  const info = new Gauge({
    name: "colloquy_info",
    help: "Always 1; its labels say what this server is",
    labelNames: ["version", "store"],
    aggregator: "first",
    registers,
  });
  let problems: () => readonly Problem[] = () => [];
  new Gauge({
    name: "colloquy_model_problem",
    help: "When a provider last could not answer for a reason that the operator has to mend, and which",
    labelNames: ["provider", "model", "problem"],
    aggregator: "max",
    registers,
    collect() {
      this.reset();
      for (const { provider, model, words, lastAt } of problems())
        this.set({ provider, model: model ?? "", problem: words }, lastAt.getTime() / 1000);
    },
  });
  let sockets = () => 0;
  new Gauge({
    name: "colloquy_sockets_open",
    help: "Open WebSockets",
    registers,
    collect() {
      this.set(sockets());
    },
  });

  const observer: TurnObserver = {
    begin({ origin: wire }) {
      const beganAt = performance.now();
      const elapsedSeconds = () => (performance.now() - beganAt) / 1000;
      let isAsked = false;
      queued.inc();
      return {
        asked() {
          isAsked = true;
          queued.dec();
          running.inc();
        },
        firstToken: () => firstToken.observe({ wire }, elapsedSeconds()),
        called({ source }) {
          const calledAt = performance.now();
          return {
            ended(outcome) {
              calls.inc({ source, outcome });
              callDuration.observe({ source }, (performance.now() - calledAt) / 1000);
            },
          };
        },
        ended({ status, usage, finishReason, errorCode }) {
          (isAsked ? running : queued).dec();
          turns.inc({ wire, status, error: errorCode ?? "" });
          duration.observe({ wire }, elapsedSeconds());
          // A provider's own word may be anything, and every value of a label is kept.
          if (finishReason) finishes.inc({ reason: finishReasonOf(finishReason) });
          if (!usage) return;
          tokens.inc({ kind: "prompt" }, usage.promptTokens);
          tokens.inc({ kind: "completion" }, usage.completionTokens);
          if (usage.cachedTokens) tokens.inc({ kind: "prompt_cached" }, usage.cachedTokens);
          if (usage.reasoningTokens) tokens.inc({ kind: "reasoning" }, usage.reasoningTokens);
          if (usage.costUsd) cost.inc(usage.costUsd);
        },
      };
    },
  };
  return {
    observer,
    files: { stored: countFile("stored"), deleted: countFile("deleted") },
    request: (method, route, status, elapsedMs) =>
      requests.observe({ method, route, status: String(status) }, elapsedMs / 1000),
    commit(elapsedMs, count) {
      commits.observe(elapsedMs / 1000);
      writes.inc(count);
    },
    info: (labels) => info.set(labels, 1),
    countSockets(count) {
      sockets = count;
    },
    tellProblems(list) {
      problems = list;
    },
    async render(others = []) {
      const shown = others.length
        ? AggregatorRegistry.aggregate([
            await registry.getMetricsAsJSON(),
            ...others.map((one) => [...one]),
          ])
        : registry;
      return { contentType: registry.contentType, text: await shown.metrics() };
    },
    collect: () => registry.getMetricsAsJSON(),
  };
}
