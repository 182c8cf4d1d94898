import { Meter } from "./accounting.ts";
import { runClosedLoop, runOpenStreams, streamDurationMs } from "./load.ts";
import { DEFAULT_SETTINGS, type ModelSettings } from "./model-settings.ts";
import type { ScenarioName } from "./options.ts";
import type { LoadResult } from "./recorder.ts";
import { BASE_COLLOQUY, type BaselineName, requestsOf, type Site, type Target } from "./targets.ts";

/** One figure of two servers, and what must hold between them. */
export type Comparison = {
  readonly label: string;
  readonly unit: string;
  read(result: LoadResult): number;
  /** What is held against the target: ours / baseline, ours − baseline, or ours alone. */
  readonly by: "ratio" | "difference" | "itself";
  readonly atLeast?: number;
  readonly atMost?: number;
};

export type Scenario = {
  readonly name: ScenarioName;
  readonly title: string;
  readonly baseline: BaselineName;
  readonly comparisons: readonly Comparison[];
  readonly isSeeded?: boolean;
  /** Settings of Colloquy. */
  readonly environment?: Readonly<Record<string, string>>;
  run(target: Target, site: Site, isFirstRound: boolean): Promise<LoadResult>;
};

const FIRST_WARM_UP_MS = 2000;
const WARM_UP_MS = 500;
const CONVERSATIONS = 2000;

const cpuPerReply: Comparison = {
  label: "server CPU a reply",
  unit: "µs",
  read: ({ use, completed }) => use.serverCpuMicroseconds / completed,
  by: "ratio",
};

const latency = (quantile: "p50" | "p99"): Comparison => ({
  label: `latency ${quantile}`,
  unit: "ms",
  read: ({ latencyMs }) => latencyMs[quantile],
  by: "ratio",
});

const throughput = (label: string, atLeast: number): Comparison => ({
  label,
  unit: "/s",
  read: ({ completedPerSecond }) => completedPerSecond,
  by: "ratio",
  atLeast,
});

type ClosedPlan = {
  readonly kind: "sync" | "stream" | "list";
  readonly connections: number;
  readonly settings: ModelSettings;
  readonly thinkMs?: number;
};

/** Fresh conversations every round: a few turns each at most, whatever the speed. */
const closedLoop =
  ({ kind, connections, settings, thinkMs }: ClosedPlan): Scenario["run"] =>
  async (target, { options, model }, isFirstRound) => {
    const pool = await target.openPool(kind === "list" ? connections : CONVERSATIONS);
    return runClosedLoop({
      port: target.port,
      connections,
      expectation: target.wire.expect(kind, settings),
      meter: new Meter(target.process.id, model.id),
      warmUpMs: isFirstRound ? FIRST_WARM_UP_MS : WARM_UP_MS,
      measureMs: options.seconds * 1000,
      ...(thinkMs === undefined ? {} : { thinkMs }),
      nextRequest: requestsOf(target, kind, settings, pool),
    });
  };

const firstToken = (label: string): Comparison => ({
  label,
  unit: "ms",
  read: ({ firstTokenMs }) => firstTokenMs.p50,
  by: "difference",
  atMost: 0.5,
});

const stamped: ModelSettings = { ...DEFAULT_SETTINGS, isTimestamped: true };

/** What a call costs beside the tool's own time: the tool `now` takes none. */
const runWithCall: Scenario["run"] = (target, site, isFirstRound) => {
  const calls = target.name === BASE_COLLOQUY ? 0 : 1;
  const settings = { ...DEFAULT_SETTINGS, calls };
  return closedLoop({ kind: "sync", connections: 1, settings })(target, site, isFirstRound);
};

const OPEN_GAP_MS = 50;
const OPEN_MINIMUM_MEASURE_MS = 4000;

const runOpen: Scenario["run"] = async (target, { options, model }) => {
  const pool = await target.openPool(options.openStreams);
  const times = {
    rampMs: 2000,
    settleMs: 1000,
    measureMs: Math.max(OPEN_MINIMUM_MEASURE_MS, options.seconds * 1000),
  };
  const settings: ModelSettings = {
    ...stamped,
    gapMs: OPEN_GAP_MS,
    tokens: Math.ceil(streamDurationMs(times) / OPEN_GAP_MS),
  };
  return runOpenStreams({
    ...times,
    port: target.port,
    streams: options.openStreams,
    expectation: target.wire.expect("stream", settings),
    meter: new Meter(target.process.id, model.id),
    nextRequest: requestsOf(target, "stream", settings, pool),
  });
};

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "sync",
    title: "Whole replies, 64 connections, against a server that stores one transaction a write",
    baseline: "sqlite",
    comparisons: [throughput("replies", 3), cpuPerReply, latency("p50"), latency("p99")],
    run: closedLoop({ kind: "sync", connections: 64, settings: DEFAULT_SETTINGS }),
  },
  {
    name: "stream",
    title: "Streamed replies of 20 tokens, 16 connections, against the same",
    baseline: "sqlite",
    comparisons: [throughput("replies", 2), cpuPerReply, latency("p50"), latency("p99")],
    run: closedLoop({ kind: "stream", connections: 16, settings: DEFAULT_SETTINGS }),
  },
  {
    name: "ttft",
    title: "Time to the first token, 4 connections with pauses, against a pass-through proxy",
    baseline: "raw",
    comparisons: [firstToken("first token p50, added")],
    run: closedLoop({ kind: "stream", connections: 4, settings: stamped, thinkMs: 10 }),
  },
  {
    name: "open",
    title: "Open streams at 20 tokens a second each, against a pass-through proxy",
    baseline: "raw",
    comparisons: [
      {
        label: "token delay p99, model to client",
        unit: "ms",
        read: ({ tokenDelayMs }) => tokenDelayMs.p99,
        by: "itself",
        atMost: 20,
      },
      {
        label: "server CPU a token",
        unit: "µs",
        read: ({ use, tokens }) => use.serverCpuMicroseconds / tokens,
        by: "ratio",
        atMost: 1.6,
      },
      {
        label: "token delay p99, added",
        unit: "ms",
        read: (r) => r.tokenDelayMs.p99,
        by: "difference",
      },
      {
        label: "token delay p50, added",
        unit: "ms",
        read: (r) => r.tokenDelayMs.p50,
        by: "difference",
      },
      {
        label: "server memory",
        unit: "MB",
        read: ({ use }) => use.serverResidentMegabytes,
        by: "ratio",
      },
    ],
    run: runOpen,
  },
  {
    name: "lists",
    title:
      "GET conversations?limit=50, 16 connections, ours with a large store, against SQLite alone",
    baseline: "sqlite",
    isSeeded: true,
    comparisons: [throughput("lists", 0.7), cpuPerReply, latency("p50"), latency("p99")],
    run: closedLoop({ kind: "list", connections: 16, settings: DEFAULT_SETTINGS }),
  },
  {
    name: "tools",
    title:
      "Whole replies with a call of a tool, 1 connection, against the same replies without one",
    baseline: "colloquy",
    environment: { TOOLS: "now" },
    comparisons: [
      {
        label: "latency p50, added by a call",
        unit: "ms",
        read: ({ latencyMs }) => latencyMs.p50,
        by: "difference",
        atMost: 3,
      },
      { ...latency("p99"), by: "difference" },
      cpuPerReply,
    ],
    run: runWithCall,
  },
];
