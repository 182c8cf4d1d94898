import { AppError } from "../../../domain/errors.ts";
import type { Call, Operation, Value } from "../sql/statement.ts";
import type { Scope } from "../sql/store.ts";
import {
  BEGIN,
  COMMIT,
  enterCall,
  isSameScope,
  keyOf,
  type Mark,
  markCall,
  ROLLBACK,
  scopeCall,
} from "./calls.ts";
import { DatabaseFailure } from "./failures.ts";
import { createSchedule } from "./schedule.ts";

export type Request = {
  readonly scope: Scope;
  /** What of the owner's things it is about, where that is one: others may go on side by side. */
  readonly about?: string | null;
  /** What else is locked meanwhile, where several owners share a row. */
  readonly alsoLocked?: Scope;
  /** Makes the operation; called again when the write is done again. */
  readonly start: () => Operation<unknown>;
};

/** What became of one write of a batch. */
export type Outcome =
  | { readonly isStored: true; readonly result: unknown }
  | { readonly isStored: false; readonly problem: unknown };

/** Sends calls on one connection, gives their answers. @throws DatabaseFailure */
export type Ask = (calls: readonly Call[]) => Promise<unknown[]>;

/** The connection was lost while a commit was under way: only the database knows what became of it. */
export class UnknownOutcome extends Error {
  readonly transactionId: string;
  readonly mark: Mark;
  readonly outcomes: readonly Outcome[];

  constructor(transactionId: string, mark: Mark, outcomes: readonly Outcome[], cause: unknown) {
    super("The connection was lost during a commit", { cause });
    this.transactionId = transactionId;
    this.mark = mark;
    this.outcomes = outcomes;
  }
}

/** One operation on its way. */
type Running = {
  readonly place: number;
  readonly scope: Scope;
  readonly operation: Operation<unknown>;
  /** What it asks now. */
  call: Call | null;
  hasChanged: boolean;
};

/** A write of the batch failed after it changed something: all were undone. */
class Undone extends Error {
  readonly problem: unknown;
  constructor(problem: unknown) {
    super("A batch was undone");
    this.problem = problem;
  }
}

/**
 * Does writes in one transaction, so that the disk is waited for once. An owner's go
 * behind a lock that no other server has meanwhile. What may go side by side does (schedule.ts): a
 * statement of each in one way there and back. When one fails after it
 * changed something, all are undone and done again one by one: only the guilty one fails.
 * @param settled what became of the first requests, added as soon as it is sure
 * @param nextMark gives what a transaction leaves in the database, a new one each time
 * @throws DatabaseFailure (nothing was stored but what is settled), UnknownOutcome
 */
export async function runBatch(
  ask: Ask,
  requests: readonly Request[],
  replica: number | null,
  nextMark: () => Mark,
  settled: Outcome[],
): Promise<void> {
  try {
    settled.push(...(await runTogether(ask, requests, replica, nextMark)));
    return;
  } catch (error) {
    const isOneOfThem =
      error instanceof Undone || (error instanceof DatabaseFailure && !error.isPassing);
    if (!isOneOfThem) throw error;
    await ask([ROLLBACK]);
    if (requests.length === 1) {
      settled.push({ isStored: false, problem: error instanceof Undone ? error.problem : error });
      return;
    }
  }
  for (const request of requests) await runBatch(ask, [request], replica, nextMark, settled);
}

async function runTogether(
  ask: Ask,
  requests: readonly Request[],
  replica: number | null,
  nextMark: () => Mark,
): Promise<readonly Outcome[]> {
  const outcomes = new Array<Outcome>(requests.length);
  const schedule = createSchedule(
    requests.map(({ scope, about }) => ({ key: keyOf(scope), about: about ?? null })),
  );

  /** Those that may start now and ask something. */
  function startReady(): Running[] {
    const started: Running[] = [];
    for (let ready = schedule.takeReady(); ready.length > 0; ready = schedule.takeReady())
      for (const place of ready) {
        const request = requests[place];
        if (!request) continue;
        const { scope, start } = request;
        const operation = start();
        const running: Running = { place, scope, operation, call: null, hasChanged: false };
        go(running, undefined);
        if (running.call) started.push(running);
      }
    return started;
  }

  function go(running: Running, answer: unknown): void {
    const asked = running.call;
    if (asked) running.hasChanged ||= hasChanged(asked, answer);
    running.call = null;
    try {
      const step = running.operation.next(answer);
      if (!step.done) {
        if (step.value.statement.isWrite) refuseNul(step.value.values);
        running.call = step.value;
        return;
      }
      outcomes[running.place] = { isStored: true, result: step.value };
    } catch (problem) {
      if (running.hasChanged) throw new Undone(problem);
      outcomes[running.place] = { isStored: false, problem };
    }
    schedule.end(running.place);
  }

  let heads = startReady();
  let transactionId: string | null = null;
  let scope: Scope | null = null;
  while (heads.length > 0) {
    const calls = transactionId === null ? [BEGIN, enterCall(replica, requests)] : [];
    const places: number[] = [];
    for (const running of heads) {
      if (!running.call) continue;
      if (!isSameScope(running.scope, scope)) calls.push(scopeCall(running.scope));
      scope = running.scope;
      places.push(calls.length);
      calls.push(running.call);
    }
    const answers = await ask(calls);
    transactionId ??= (answers[1] as { transaction_id: string }).transaction_id;
    for (const [index, running] of heads.entries()) go(running, answers[places[index] ?? 0]);
    heads = [...heads.filter(({ call }) => call !== null), ...startReady()];
  }
  if (transactionId === null) return outcomes;
  const mark = nextMark();
  try {
    await ask([markCall(mark), COMMIT]);
  } catch (error) {
    if (!(error instanceof DatabaseFailure) || !error.isConnectionLost) throw error;
    throw new UnknownOutcome(transactionId, mark, outcomes, error);
  }
  return outcomes;
}

/** The one character that PostgreSQL cannot store in a text. */
function refuseNul(values: readonly Value[]): void {
  if (values.some((value) => typeof value === "string" && value.includes("\0")))
    throw new AppError(
      "invalid_request",
      "Text must not contain the character U+0000. Leave it out",
    );
}

const hasChanged = ({ wants, statement }: Call, answer: unknown): boolean =>
  wants === "changes" ? Number(answer) > 0 : statement.isWrite;
