import { randomUUID } from "node:crypto";
import { AppError } from "../../../domain/errors.ts";
import type { Operation } from "../sql/statement.ts";
import type { Scope } from "../sql/store.ts";
import { type Ask, type Outcome, type Request, runBatch, UnknownOutcome } from "./batch.ts";
import { keyOf, type Mark, markedCall, terminateCall, transactionStatusCall } from "./calls.ts";
import { processIdOf } from "./connection.ts";
import { exchange } from "./exchange.ts";
import { DatabaseFailure, toStoreError } from "./failures.ts";
import { type Connections, closedError } from "./pool.ts";

/** Told of each transaction: how long it took to be on disk, and how many writes shared it. */
export type OnCommit = (elapsedMs: number, writes: number) => void;

/** Does writes, those of one owner in the order of the calls; each resolves once it is on disk. */
export type Writer = {
  write(
    scope: Scope,
    start: () => Operation<unknown>,
    more?: Pick<Request, "about" | "alsoLocked">,
  ): Promise<unknown>;
  /** Resolves when all that was asked for is done. */
  close(): Promise<void>;
};

type Waiting = Request & {
  readonly deadlineMs: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
};

/** So that the first ones of a burst do not wait for its last. */
const MAX_BATCH_WRITES = 128;
/** More than the database takes in some seconds: from here on it is better to say so than to wait. */
const MAX_WAITING = 20_000;
const BETWEEN_QUESTIONS_MS = 50;
const SWEEP_MS = 250;

export type WriterOptions = {
  readonly connections: Connections;
  /** How many transactions may be under way at once. */
  readonly lanes: number;
  readonly patienceMs: number;
  readonly replica: number | null;
  readonly onCommit: OnCommit;
};

/** Writes that arrive while a lane is busy with others share its next transaction; an owner has one lane. */
export function startWriter(options: WriterOptions): Writer {
  const { connections, lanes, patienceMs, replica, onCommit } = options;
  const waiting = Array.from({ length: lanes }, (): Waiting[] => []);
  const marks = Array.from({ length: lanes }, nextMarkOf);
  const busy = new Set<number>();
  let isClosed = false;
  let drained = Promise.withResolvers<void>();

  async function work(lane: number): Promise<void> {
    const queue = waiting[lane];
    // Also what waits behind a write that takes long is answered in time.
    const sweeping = setInterval(() => rejectLate(queue), SWEEP_MS).unref();
    while (queue && queue.length > 0) {
      rejectLate(queue);
      const batch = queue.splice(0, MAX_BATCH_WRITES);
      if (batch.length > 0) await settle(lane, batch);
    }
    clearInterval(sweeping);
    busy.delete(lane);
    if (busy.size === 0) drained.resolve();
  }

  /** They are in the order of their deadlines. */
  function rejectLate(queue: Waiting[] = []): void {
    const now = performance.now();
    const onTime = queue.findIndex(({ deadlineMs }) => deadlineMs > now);
    for (const { reject } of queue.splice(0, onTime < 0 ? queue.length : onTime))
      reject(toStoreError(new DatabaseFailure("It did not answer in time")));
  }

  async function settle(lane: number, batch: readonly Waiting[]): Promise<void> {
    const begunAt = performance.now();
    const settled: Outcome[] = [];
    let failure: unknown = null;
    try {
      await store(connections, batch, replica, marks[lane] ?? nextMarkOf(), settled);
      onCommit(performance.now() - begunAt, batch.length);
    } catch (error) {
      failure = error;
    }
    for (const [place, { resolve, reject }] of batch.entries()) {
      const outcome = settled[place];
      if (outcome?.isStored) resolve(outcome.result);
      else reject(toStoreError(outcome ? outcome.problem : failure));
    }
  }

  return {
    write(scope, start, more) {
      if (isClosed) return Promise.reject(closedError());
      const lane = keyOf(scope) % lanes;
      const queue = waiting[lane];
      if (!queue || queue.length >= MAX_WAITING)
        return Promise.reject(
          new AppError(
            "unavailable",
            "The database cannot keep up with what is being said; try again",
            {
              retryAfterMs: 2_000,
            },
          ),
        );
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const deadlineMs = performance.now() + patienceMs;
      queue.push({ scope, start, deadlineMs, resolve, reject, ...more });
      if (!busy.has(lane)) {
        busy.add(lane);
        setImmediate(() => work(lane));
      }
      return promise;
    },

    async close() {
      isClosed = true;
      if (busy.size === 0) return;
      drained = Promise.withResolvers();
      await drained.promise;
    },
  };
}

/**
 * @param settled what became of the first requests, added as soon as it is sure
 * @throws DatabaseFailure when the database was away for too long, UnknownOutcome
 */
async function store(
  connections: Connections,
  batch: readonly Waiting[],
  replica: number | null,
  nextMark: () => Mark,
  settled: Outcome[],
): Promise<void> {
  // What waited for those before it has waited for the database.
  const giveUpAt = batch.at(-1)?.deadlineMs;
  let unknown: { readonly outcome: UnknownOutcome; readonly processId: number | null } | null =
    null;
  return connections.insist(async (timeoutMs) => {
    if (unknown) {
      const { outcome, processId } = unknown;
      if (await wasCommitted(connections, outcome, processId, timeoutMs))
        settled.push(...outcome.outcomes);
      unknown = null;
    }
    const rest = batch.slice(settled.length);
    if (rest.length === 0) return;
    return connections.use(async (client) => {
      try {
        const ask: Ask = (calls) => exchange(client, calls, timeoutMs);
        await runBatch(ask, rest, replica, nextMark, settled);
      } catch (error) {
        if (!(error instanceof UnknownOutcome)) throw error;
        unknown = { outcome: error, processId: processIdOf(client) };
        throw error.cause;
      }
    });
  }, giveUpAt);
}

/**
 * What became of a transaction whose commit was not answered, by the database's own word. The old
 * connection may still be about to commit it: it is ended first. Only its mark says that it was
 * committed: a database that crashed gives ids that it had not written down to others.
 * @throws DatabaseFailure while that cannot be said
 */
async function wasCommitted(
  connections: Connections,
  { transactionId, mark }: UnknownOutcome,
  processId: number | null,
  timeoutMs: number,
): Promise<boolean> {
  const giveUpAt = performance.now() + timeoutMs;
  return connections.use(async (client) => {
    for (;;) {
      const questions = [transactionStatusCall(transactionId), markedCall(mark)];
      const [answer, marked] = await exchange(client, questions, timeoutMs);
      const { status } = answer as { status: string | null };
      if (status !== "in progress")
        return Number((marked as { number: number } | undefined)?.number) === mark.number;
      if (performance.now() > giveUpAt) throw new DatabaseFailure("The commit is still under way");
      if (processId !== null) await exchange(client, [terminateCall(processId)], timeoutMs);
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_QUESTIONS_MS));
    }
  });
}

/** Marks of a writer of its own, one after the other. */
function nextMarkOf(): () => Mark {
  const writer = randomUUID();
  let number = 0;
  return () => ({ writer, number: ++number });
}
