import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Call, Operation, PlainStatement } from "../sql/statement.ts";

/** Does operations on one connection, one statement after the other. */
export type Executor = {
  run<Result>(operation: Operation<Result>): Result;
  /** How many rows were changed, since the start, by the operations that ran here. */
  readonly changes: number;
};

export function createExecutor(database: DatabaseSync): Executor {
  const prepared = new Map<PlainStatement, StatementSync>();
  let changes = 0;

  function prepare(statement: PlainStatement): StatementSync {
    const known = prepared.get(statement);
    if (known) return known;
    const fresh = database.prepare(statement.sql);
    fresh.setReturnArrays(statement.givesArrays);
    prepared.set(statement, fresh);
    return fresh;
  }

  function execute({ statement, values, wants }: Call): unknown {
    const ready = prepare(statement);
    if (wants === "changes") {
      const changed = Number(ready.run(...values).changes);
      changes += changed;
      return changed;
    }
    if (statement.isWrite) changes++;
    return wants === "first" ? ready.get(...values) : ready.all(...values);
  }

  return {
    get changes() {
      return changes;
    },
    run(operation) {
      let step = operation.next();
      while (!step.done) step = operation.next(execute(step.value));
      return step.value;
    },
  };
}
