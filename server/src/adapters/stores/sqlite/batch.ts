import type { DatabaseSync } from "node:sqlite";
import type { Operation } from "../sql/statement.ts";
import type { Executor } from "./executor.ts";
import type { DatabaseFiles } from "./files.ts";

/** What became of one write of a batch. */
export type Outcome<Problem = unknown> =
  | { readonly isStored: true; readonly result: unknown }
  | { readonly isStored: false; readonly problem: Problem };

/** Makes the operation; called again when the write is done again. */
export type Request = () => Operation<unknown>;

export type RunBatch = (requests: readonly Request[]) => Outcome[];

/**
 * Does writes in one transaction, in their order, so that the disk is waited for once. When one of
 * them fails after it changed something, all are undone and done again one by one: only the guilty one fails.
 */
export function createRunBatch(
  database: DatabaseSync,
  executor: Executor,
  files: DatabaseFiles,
): RunBatch {
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");

  /** Null when all was undone, or may be lost with the files. @throws when the transaction cannot begin, or its only request fails */
  function runTogether(requests: readonly Request[]): Outcome[] | null {
    files.check();
    begin.run();
    try {
      const outcomes = requests.map(runInTransaction);
      commit.run();
      files.check();
      return outcomes;
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      if (requests.length === 1) throw error;
      return null;
    }
  }

  function runInTransaction(request: Request): Outcome {
    const changesBefore = executor.changes;
    try {
      return { isStored: true, result: executor.run(request()) };
    } catch (problem) {
      if (executor.changes !== changesBefore || !database.isTransaction) throw problem;
      return { isStored: false, problem };
    }
  }

  function run(requests: readonly Request[]): Outcome[] {
    try {
      return runTogether(requests) ?? requests.flatMap((request) => run([request]));
    } catch (problem) {
      return requests.map(() => ({ isStored: false, problem }));
    }
  }

  return run;
}
