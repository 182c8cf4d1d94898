import { setTimeout as sleep } from "node:timers/promises";
import type { Meter } from "./accounting.ts";
import { Connection } from "./connection.ts";
import { type LoadResult, Recorder } from "./recorder.ts";
import type { Expectation } from "./reply.ts";

/*
 * The load generator: plain sockets to 127.0.0.1, bounded in time and in number. Every reply that is
 * not what was asked for is an error of the run, in the warm-up too.
 */

/** A request to send, and what to do when its reply has ended. */
export type PlannedRequest = { readonly text: string; release(): void };

export type Load = {
  readonly port: number;
  readonly expectation: Expectation;
  readonly meter: Meter;
  readonly measureMs: number;
  nextRequest(): PlannedRequest;
};

export type ClosedLoop = Load & {
  readonly connections: number;
  readonly warmUpMs: number;
  /** Each connection waits between 0.5 and 1.5 of this between a reply and the next request. */
  readonly thinkMs?: number;
};

const MAXIMUM_REQUESTS = 2_000_000;
const MAXIMUM_FAILURES_IN_A_ROW = 20;
const GRACE_MS = 30_000;

async function exchangeOnce(load: Load, connection: Connection, recorder: Recorder) {
  const request = load.nextRequest();
  const reply = recorder.newReply(load.expectation);
  const startedAtMs = performance.now();
  const problem = await connection.exchange(request.text, reply);
  request.release();
  return recorder.count(reply, startedAtMs, problem);
}

/** Resolves when all have ended, or counts those that have not after the time of grace. */
async function settleAll(tasks: readonly Promise<void>[], recorder: Recorder): Promise<void> {
  let unfinished = tasks.length;
  const all = tasks.map((task) =>
    task.finally(() => {
      unfinished -= 1;
    }),
  );
  const grace = new AbortController();
  await Promise.race([
    Promise.all(all),
    sleep(GRACE_MS, undefined, { signal: grace.signal }).catch(() => {}),
  ]);
  grace.abort();
  if (unfinished === 0) return;
  recorder.countError(`${unfinished} replies had not ended ${GRACE_MS / 1000} s after the run`);
}

/** Each connection sends its next request when the reply to the last has ended. */
export async function runClosedLoop(load: ClosedLoop): Promise<LoadResult> {
  const recorder = new Recorder();
  const connections = Array.from({ length: load.connections }, () => new Connection(load.port));
  let isOver = false;
  let requests = 0;

  const work = async (connection: Connection): Promise<void> => {
    let failuresInARow = 0;
    while (!isOver && requests < MAXIMUM_REQUESTS && failuresInARow < MAXIMUM_FAILURES_IN_A_ROW) {
      requests += 1;
      const isGood = await exchangeOnce(load, connection, recorder);
      failuresInARow = isGood ? 0 : failuresInARow + 1;
      if (!isGood) await sleep(20);
      if (load.thinkMs) await sleep(load.thinkMs * (0.5 + Math.random()));
    }
  };

  const tasks = connections.map(work);
  await sleep(load.warmUpMs);
  load.meter.begin();
  recorder.isMeasuring = true;
  await sleep(load.measureMs);
  recorder.isMeasuring = false;
  const use = load.meter.end();
  isOver = true;
  await settleAll(tasks, recorder);
  for (const connection of connections) connection.close();
  const result = recorder.result(use);
  if (result.completed > 0 || result.errors > 0) return result;
  return { ...result, errors: 1, firstError: "no reply ended while measuring" };
}

export type OpenStreams = Load & {
  readonly streams: number;
  /** The streams are opened evenly over this time. */
  readonly rampMs: number;
  readonly settleMs: number;
};

/** How long a stream must last for all of them to be open while measuring. */
export const streamDurationMs = (load: Pick<OpenStreams, "rampMs" | "settleMs" | "measureMs">) =>
  load.rampMs + load.settleMs + load.measureMs + 1000;

/** Many slow streams at once; each is read to its end, so that nothing runs on into the next round. */
export async function runOpenStreams(load: OpenStreams): Promise<LoadResult> {
  const recorder = new Recorder();
  const connections: Connection[] = [];
  const tasks: Promise<void>[] = [];
  let openStreams = 0;

  const open = async (): Promise<void> => {
    const connection = new Connection(load.port);
    connections.push(connection);
    openStreams += 1;
    await exchangeOnce(load, connection, recorder);
    openStreams -= 1;
    connection.close();
  };

  const startedAtMs = performance.now();
  while (tasks.length < load.streams) {
    const share = (performance.now() - startedAtMs) / load.rampMs;
    const due = Math.min(load.streams, Math.ceil(share * load.streams));
    while (tasks.length < due) tasks.push(open());
    await sleep(5);
  }
  await sleep(load.settleMs);
  load.meter.begin();
  recorder.isMeasuring = true;
  await sleep(load.measureMs);
  recorder.isMeasuring = false;
  const use = load.meter.end();
  if (openStreams < load.streams) {
    recorder.countError(`only ${openStreams} of ${load.streams} streams were open all the time`);
  }
  await sleep(load.rampMs);
  await settleAll(tasks, recorder);
  for (const connection of connections) connection.close();
  return recorder.result(use);
}
