import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Call, Operation, PlainStatement } from "../sql/statement.ts";

/** Does operations on one connection, one statement after the other. */
export type Executor = {
  run<Result>(operation: Operation<Result>): Result;
  /** Answers one call of an operation. */
  execute(call: Call): unknown;
  /** How many rows were changed, since the start, by the operations that ran here. */
  readonly changes: number;
};

/** @param isOver asked after each row of many: from then on the others are left out */
export function createExecutor(database: DatabaseSync, isOver?: () => boolean): Executor {
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
    if (wants === "first") return ready.get(...values);
    return isOver ? untilOver(ready.iterate(...values), isOver) : ready.all(...values);
  }

  function untilOver(found: Iterable<unknown>, isOver: () => boolean): unknown[] {
    const rows: unknown[] = [];
    for (const row of found) {
      rows.push(row);
      if (isOver()) break;
    }
    return rows;
  }

  return {
    get changes() {
      return changes;
    },
    execute,
    run(operation) {
      let step = operation.next();
      while (!step.done) step = operation.next(execute(step.value));
      return step.value;
    },
  };
}
