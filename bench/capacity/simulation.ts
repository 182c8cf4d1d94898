import { type Costs, type Demand, type Plan, tokensPerSecond } from "./plan.ts";

/*
 * A simulation of queues. Turns arrive at random (Poisson) at any replica. A replica does one thing at
 * a time, and what its tokens take is gone from it. A database is a processor for each of its writers;
 * a writer takes all that waits for it into one transaction, and waits for the disk once.
 */

export type Outcome = {
  readonly turns: number;
  /** From a turn's arrival until its message is on the disk and acknowledged. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  readonly replicaShare: number;
  readonly databaseShare: number;
};

export type Simulation = {
  readonly costs: Costs;
  readonly demand: Demand;
  readonly plan: Plan;
  readonly seconds: number;
  /** The first second is not counted: queues are empty then. */
  readonly warmUpSeconds?: number;
  /** At that time a replica goes, and its streams come back at the others within two seconds. */
  readonly lossAtSecond?: number;
  readonly random: () => number;
};

type Writer = { waiting: Turn[]; isBusy: boolean };
type Turn = { readonly arrivedAtMs: number };

const RESUMED_WITHIN_MS = 2000;
const MAX_BATCH_WRITES = 128;

/** A queue of events by time. */
function eventQueue() {
  const heap: { readonly atMs: number; readonly run: () => void }[] = [];
  const isBefore = (a: number, b: number) => (heap[a]?.atMs ?? 0) < (heap[b]?.atMs ?? 0);
  const swap = (a: number, b: number) => {
    const [one, other] = [heap[a], heap[b]];
    if (one && other) [heap[a], heap[b]] = [other, one];
  };
  return {
    add(atMs: number, run: () => void) {
      heap.push({ atMs, run });
      for (let at = heap.length - 1; at > 0; ) {
        const parent = (at - 1) >> 1;
        if (!isBefore(at, parent)) break;
        swap(at, parent);
        at = parent;
      }
    },
    take() {
      const first = heap[0];
      const last = heap.pop();
      if (!first || !last || heap.length === 0) return first;
      heap[0] = last;
      for (let at = 0; ; ) {
        let least = at;
        for (const child of [2 * at + 1, 2 * at + 2])
          if (child < heap.length && isBefore(child, least)) least = child;
        if (least === at) return first;
        swap(at, least);
        at = least;
      }
    },
  };
}

export function simulate(simulation: Simulation): Outcome {
  const { costs, demand, plan, seconds, random } = simulation;
  const events = eventQueue();
  const tokenShare = (tokensPerSecond(demand) * costs.token) / 1e6;
  const replicas = Array.from({ length: plan.replicas }, () => ({ freeAtMs: 0, isThere: true }));
  const writers: Writer[] = Array.from(
    { length: plan.databases * plan.databaseProcessors },
    () => ({
      waiting: [],
      isBusy: false,
    }),
  );
  const latencies: number[] = [];
  const countedFromMs = 1000 * (simulation.warmUpSeconds ?? 1);
  let there = plan.replicas;
  let replicaBusyMs = 0;
  let databaseBusyMs = 0;

  const one = <Item>(items: readonly Item[]): Item =>
    items[Math.floor(random() * items.length)] as Item;
  const pickReplica = () => {
    for (;;) {
      const replica = one(replicas);
      if (replica.isThere) return replica;
    }
  };
  /** Work of a replica; gives when it is done. */
  const work = (nowMs: number, microseconds: number): number => {
    const replica = pickReplica();
    const speed = Math.max(0.01, 1 - tokenShare / there);
    const tookMs = microseconds / 1000 / speed;
    replica.freeAtMs = Math.max(nowMs, replica.freeAtMs) + tookMs;
    replicaBusyMs += microseconds / 1000;
    return replica.freeAtMs;
  };
  const write = (writer: Writer, nowMs: number) => {
    if (writer.isBusy || writer.waiting.length === 0) return;
    writer.isBusy = true;
    const batch = writer.waiting.splice(0, MAX_BATCH_WRITES);
    const workMs = (batch.length * costs.databaseTurn) / 1000;
    databaseBusyMs += workMs;
    const doneMs = nowMs + workMs + costs.commitMs;
    events.add(doneMs, () => {
      for (const { arrivedAtMs } of batch)
        if (arrivedAtMs >= countedFromMs) latencies.push(doneMs - arrivedAtMs);
      writer.isBusy = false;
      write(writer, doneMs);
    });
  };
  const arrive = (nowMs: number) => {
    // Half of a turn's work is before its message is stored, half after.
    const readMs = work(nowMs, costs.turn / 2);
    events.add(readMs, () => {
      const writer = one(writers);
      writer.waiting.push({ arrivedAtMs: nowMs });
      write(writer, readMs);
      work(readMs, costs.turn / 2);
    });
    const nextMs = nowMs - (1000 / demand.turnsPerSecond) * Math.log(1 - random());
    if (nextMs < seconds * 1000) events.add(nextMs, () => arrive(nextMs));
  };
  events.add(0, () => arrive(0));
  const { lossAtSecond } = simulation;
  if (lossAtSecond !== undefined)
    events.add(lossAtSecond * 1000, () => {
      const lost = one(replicas);
      lost.isThere = false;
      there -= 1;
      const resumes = Math.round(demand.openStreams / plan.replicas);
      for (let resume = 0; resume < resumes; resume++) {
        const atMs = lossAtSecond * 1000 + random() * RESUMED_WITHIN_MS;
        events.add(atMs, () => void work(atMs, costs.resume));
      }
    });
  for (let event = events.take(); event; event = events.take()) event.run();

  latencies.sort((a, b) => a - b);
  const quantile = (part: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? Number.NaN;
  return {
    turns: latencies.length,
    latencyMs: { p50: quantile(0.5), p99: quantile(0.99) },
    replicaShare: replicaBusyMs / (seconds * 1000) / plan.replicas + tokenShare / plan.replicas,
    databaseShare: databaseBusyMs / (seconds * 1000) / plan.databases / plan.databaseProcessors,
  };
}
