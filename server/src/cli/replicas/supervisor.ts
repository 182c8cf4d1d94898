import { setTimeout as pause } from "node:timers/promises";
import { fail, say } from "../command.ts";
import type { Welcome } from "./messages.ts";
import { createMetricsExchange } from "./metrics-exchange.ts";
import { type RunningReplica, startReplica } from "./start-replica.ts";

/** A replica that has served for less than that is started again after ever longer pauses. */
const STEADY_MS = 10_000;
const MIN_PAUSE_MS = 100;
const MAX_PAUSE_MS = 30_000;

export type SupervisorOptions = {
  /** Resolves when the replicas have to finish what runs and end. */
  readonly told: Promise<void>;
  /** Once, when all of them serve. @param welcome what the first one says of itself */
  readonly onRunning: (welcome: Welcome, pids: readonly number[]) => void;
};

/**
 * Runs that many replicas, each a process with the arguments of this one, which share its port. One that ends is
 * started again. On SIGUSR2 each is replaced by a new process, one after the other; the old one finishes its replies.
 * @returns the exit code
 */
export async function superviseReplicas(
  count: number,
  { told, onRunning }: SupervisorOptions,
): Promise<number> {
  /** Those that serve, by their places. */
  const replicas: RunningReplica[] = [];
  const all = new Set<RunningReplica>();
  const stopping = new AbortController();
  const { signal } = stopping;
  const exchange = createMetricsExchange(() => replicas);

  async function start(): Promise<RunningReplica> {
    // They have one folder of files.
    const replica = await startReplica(
      { FILES_SHARED: process.env.FILES_SHARED ?? "true" },
      exchange.take,
    );
    all.add(replica);
    void replica.ended.then(() => all.delete(replica));
    if (signal.aborted) void replica.close();
    return replica;
  }

  /** Has that replica in that place, and another one when it ends by itself. */
  function keep(index: number, replica: RunningReplica, lastPauseMs = 0): void {
    replicas[index] = replica;
    const beganAt = performance.now();
    void replica.ended.then(async (reason) => {
      const isSteady = performance.now() - beganAt >= STEADY_MS;
      let pauseMs = isSteady ? 0 : Math.max(lastPauseMs * 2, MIN_PAUSE_MS);
      const isMissed = () => !signal.aborted && replicas[index] === replica;
      if (isMissed())
        say(
          `Replica ${index + 1} (process ${replica.pid}) ended by ${reason}. It is started again.`,
        );
      while (isMissed()) {
        pauseMs = Math.min(pauseMs, MAX_PAUSE_MS);
        await pause(pauseMs, null, { signal }).catch(() => {});
        if (!isMissed()) return;
        try {
          const next = await start();
          if (isMissed()) keep(index, next, pauseMs);
          else void next.close();
        } catch (error) {
          say(`Replica ${index + 1} cannot be started: ${wordsOf(error)}`);
          pauseMs = Math.max(pauseMs * 2, MIN_PAUSE_MS);
        }
      }
    });
  }

  let isReplacing = false;
  async function replaceAll(): Promise<void> {
    if (isReplacing) return say("The replicas are being replaced already.");
    isReplacing = true;
    try {
      for (const [index, old] of replicas.entries()) {
        const next = await start();
        if (signal.aborted) return;
        keep(index, next);
        await old.close();
        say(`Replica ${index + 1} is process ${next.pid} now, in place of ${old.pid}.`);
      }
    } catch (error) {
      say(`A replica cannot be replaced: ${wordsOf(error)}\nThe ones that are there go on.`);
    } finally {
      isReplacing = false;
    }
  }

  const closeAll = () => Promise.all([...all].map((replica) => replica.close()));
  const onSignal = () => void replaceAll();
  process.on("SIGUSR2", onSignal);
  process.once("exit", () => {
    for (const replica of all) replica.kill();
  });
  void told.then(() => stopping.abort());
  try {
    // The first one brings the database up to date, and finds out what is wrong with the settings.
    keep(0, await start());
    const others = await Promise.all(Array.from({ length: count - 1 }, start));
    for (const [index, replica] of others.entries()) keep(index + 1, replica);
  } catch (error) {
    stopping.abort();
    await closeAll();
    return fail(wordsOf(error));
  }
  const [first] = replicas;
  if (first && !signal.aborted)
    onRunning(
      first.welcome,
      replicas.map(({ pid }) => pid),
    );
  await told;
  await closeAll();
  process.off("SIGUSR2", onSignal);
  return 0;
}

const wordsOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
