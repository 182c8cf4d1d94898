import {
  type Buckets,
  bucketsOf,
  bucketsSince,
  type Metrics,
  quantile,
  sumOf,
} from "./prometheus.ts";

/** What the page shows, of one moment. Counts are since the server's start. */
export type Snapshot = {
  readonly atMs: number;
  readonly turns: number;
  readonly failedTurns: number;
  /** Answers with a status of 500 or more. */
  readonly serverErrors: number;
  readonly firstToken: Buckets;
  readonly running: number;
  readonly queued: number;
  readonly sockets: number;
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
  readonly startedAtMs: number;
  readonly byWire: readonly WireCount[];
};

export type WireCount = {
  readonly wire: string;
  readonly turns: number;
  readonly failed: number;
};

export function snapshotOf(metrics: Metrics, atMs: number): Snapshot {
  const turns = metrics.get("colloquy_turns_total") ?? [];
  const wires = [...new Set(turns.map(({ labels }) => labels.wire ?? ""))].sort();
  const isFailed = ({ status }: Readonly<Record<string, string>>) => status === "failed";
  const turnsOf = (wire: string, isFailure: boolean) =>
    sumOf(
      metrics,
      "colloquy_turns_total",
      (labels) => labels.wire === wire && (!isFailure || isFailed(labels)),
    );
  return {
    atMs,
    turns: sumOf(metrics, "colloquy_turns_total"),
    failedTurns: sumOf(metrics, "colloquy_turns_total", isFailed),
    serverErrors: sumOf(metrics, "colloquy_http_request_seconds_count", ({ status = "" }) =>
      status.startsWith("5"),
    ),
    firstToken: bucketsOf(metrics, "colloquy_time_to_first_token_seconds"),
    running: sumOf(metrics, "colloquy_turns_running"),
    queued: sumOf(metrics, "colloquy_turns_queued"),
    sockets: sumOf(metrics, "colloquy_sockets_open"),
    memoryBytes: sumOf(metrics, "colloquy_process_resident_memory_bytes"),
    cpuSeconds: sumOf(metrics, "colloquy_process_cpu_seconds_total"),
    startedAtMs: sumOf(metrics, "colloquy_process_start_time_seconds") * 1000,
    byWire: wires.map((wire) => ({
      wire,
      turns: turnsOf(wire, false),
      failed: turnsOf(wire, true),
    })),
  };
}

/** What happened between two moments. */
export type Pace = {
  readonly turnsPerMinute: number;
  readonly failedTurns: number;
  readonly serverErrors: number;
  /** In seconds; null: no reply began. */
  readonly firstTokenP50: number | null;
  readonly firstTokenP95: number | null;
  /** Of one processor, 0 to 1 and above. */
  readonly processorShare: number;
};

function paceBetween(then: Snapshot, now: Snapshot): Pace {
  const seconds = Math.max(0.001, (now.atMs - then.atMs) / 1000);
  const firstToken = bucketsSince(now.firstToken, then.firstToken);
  return {
    turnsPerMinute: ((now.turns - then.turns) / seconds) * 60,
    failedTurns: now.failedTurns - then.failedTurns,
    serverErrors: now.serverErrors - then.serverErrors,
    firstTokenP50: quantile(firstToken, 0.5),
    firstTokenP95: quantile(firstToken, 0.95),
    processorShare: (now.cpuSeconds - then.cpuSeconds) / seconds,
  };
}

/** Of all replies since the server's start. */
export const everFirstToken = (now: Snapshot): Pick<Pace, "firstTokenP50" | "firstTokenP95"> => ({
  firstTokenP50: quantile(now.firstToken, 0.5),
  firstTokenP95: quantile(now.firstToken, 0.95),
});

/** A minute: shorter, and a rare turn would jump; longer, and it would lag. */
const WINDOW_MS = 60_000;
const MAX_KEPT = 120;

/** Adds a moment; another start of the server begins anew, since its counts do. */
export function withSnapshot(history: readonly Snapshot[], now: Snapshot): readonly Snapshot[] {
  const last = history.at(-1);
  if (last && last.startedAtMs !== now.startedAtMs) return [now];
  return [...history, now].slice(-MAX_KEPT);
}

/** The pace of the minute before each moment. */
export const pacesOf = (history: readonly Snapshot[]): Pace[] =>
  history.slice(1).map((now, index) => {
    const before = history.slice(0, index + 1);
    const then = before.findLast(({ atMs }) => now.atMs - atMs >= WINDOW_MS) ?? before[0];
    return paceBetween(then ?? now, now);
  });
