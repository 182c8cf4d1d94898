import type { Call, Operation } from "../sql/statement.ts";
import type { Scope } from "../sql/store.ts";
import { BEGIN, COMMIT, keyOf, lockCall, ROLLBACK, scopeCall, TRANSACTION_ID } from "./calls.ts";
import { DatabaseFailure } from "./failures.ts";

export type Request = {
  readonly scope: Scope;
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
  readonly outcomes: readonly Outcome[];

  constructor(transactionId: string, outcomes: readonly Outcome[], cause: unknown) {
    super("The connection was lost during a commit", { cause });
    this.transactionId = transactionId;
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
 * Does writes in one transaction, so that the disk is waited for once. Those of one owner go one after
 * the other, in their order, behind a lock that no other server has meanwhile; those of different
 * owners go side by side, a statement of each in one way there and back. When one fails after it
 * changed something, all are undone and done again one by one: only the guilty one fails.
 * @throws DatabaseFailure (nothing was stored), UnknownOutcome
 */
export async function runBatch(
  ask: Ask,
  requests: readonly Request[],
  replica: number | null,
): Promise<readonly Outcome[]> {
  try {
    return await runTogether(ask, requests, replica);
  } catch (error) {
    const isOneOfThem =
      error instanceof Undone || (error instanceof DatabaseFailure && !error.isPassing);
    if (!isOneOfThem) throw error;
    await ask([ROLLBACK]);
    if (requests.length === 1)
      return [{ isStored: false, problem: error instanceof Undone ? error.problem : error }];
  }
  const outcomes: Outcome[] = [];
  for (const request of requests) outcomes.push(...(await runBatch(ask, [request], replica)));
  return outcomes;
}

async function runTogether(
  ask: Ask,
  requests: readonly Request[],
  replica: number | null,
): Promise<readonly Outcome[]> {
  const outcomes = new Array<Outcome>(requests.length);
  const queues = new Map<number, number[]>();
  for (const [place, { scope }] of requests.entries()) {
    const queue = queues.get(keyOf(scope));
    if (queue) queue.push(place);
    else queues.set(keyOf(scope), [place]);
  }

  /** The next operation of the queue that asks something. */
  function startNext(queue: number[]): Running | null {
    for (let place = queue.shift(); place !== undefined; place = queue.shift()) {
      const request = requests[place];
      if (!request) continue;
      const { scope, start } = request;
      const running: Running = { place, scope, operation: start(), call: null, hasChanged: false };
      go(running, undefined);
      if (running.call) return running;
    }
    return null;
  }

  function go(running: Running, answer: unknown): void {
    const asked = running.call;
    if (asked) running.hasChanged ||= hasChanged(asked, answer);
    running.call = null;
    try {
      const step = running.operation.next(answer);
      if (step.done) outcomes[running.place] = { isStored: true, result: step.value };
      else running.call = step.value;
    } catch (problem) {
      if (running.hasChanged) throw new Undone(problem);
      outcomes[running.place] = { isStored: false, problem };
    }
  }

  let heads = [...queues.values()].map((queue) => ({ queue, running: startNext(queue) }));
  let opening: Call[] = [
    BEGIN,
    lockCall(
      replica,
      requests.flatMap(({ scope, alsoLocked }) => (alsoLocked ? [scope, alsoLocked] : [scope])),
    ),
  ];
  let transactionId: string | null = null;
  let scope: Scope | null = null;
  for (;;) {
    heads = heads.filter(({ running }) => running !== null);
    if (heads.length === 0) break;
    const calls = [...opening];
    const places: number[] = [];
    for (const { running } of heads) {
      if (!running?.call) continue;
      if (running.scope !== scope) calls.push(scopeCall(running.scope));
      scope = running.scope;
      places.push(calls.length);
      calls.push(running.call);
    }
    if (transactionId === null) calls.push(TRANSACTION_ID);
    opening = [];
    const answers = await ask(calls);
    transactionId ??= (answers.at(-1) as { id: string | null }).id;
    for (const [index, head] of heads.entries()) {
      if (head.running) go(head.running, answers[places[index] ?? 0]);
      if (!head.running?.call) head.running = startNext(head.queue);
    }
  }
  if (opening.length > 0) return outcomes;
  try {
    await ask([COMMIT]);
  } catch (error) {
    if (transactionId === null || !(error instanceof DatabaseFailure) || !error.isConnectionLost)
      throw error;
    throw new UnknownOutcome(transactionId, outcomes, error);
  }
  return outcomes;
}

const hasChanged = ({ wants, statement }: Call, answer: unknown): boolean =>
  wants === "changes" ? Number(answer) > 0 : statement.isWrite;
