import { AppError, type ErrorCode, type ErrorDetails } from "../../../domain/errors.ts";
import { createWrites } from "../sql/operations.ts";
import type { Operation, StatementWriter, WrittenStatement } from "../sql/statement.ts";
import { createAbandonedReplies } from "./abandoned.ts";
import type { Outcome } from "./batch.ts";
import type { Synchronous } from "./database.ts";
import { toStoreError } from "./errors.ts";
import { createExamination } from "./examination.ts";
import { createSearchChanges } from "./search-changes.ts";
import { createSearchIndex } from "./search-index.ts";

/* What the main thread and the writing thread say to each other. */

export type ThreadOptions = {
  readonly directory: string;
  readonly synchronous: Synchronous;
  /** Indexes and checkpoints by itself when there is nothing to write. */
  readonly keepsTidy: boolean;
  /** Those of the thread's work, so that it need not write them again. */
  readonly statements: readonly WrittenStatement[];
};

/** A write by its name and what it is given, in a batch of them. */
export type WriteMessage = readonly [name: WriteName, given: readonly unknown[]];
export type ToThread = readonly WriteMessage[] | "close";
/** In the order of the batch. */
export type FromThread = readonly Outcome<Problem>[];

export type WriteName = keyof ReturnType<typeof createThreadWork>["writes"];

/** Everything that the writing thread can do. */
export function createThreadWork(write: StatementWriter) {
  const index = createSearchIndex(write);
  const { interruptRepliesTo } = createAbandonedReplies(write);
  const writes = {
    ...createWrites(write, createSearchChanges(write)),
    indexNext: index.indexNext,
    indexOf: index.indexOf,
    interruptRepliesTo,
    examine: createExamination(write).examine,
  };
  return { index, writes };
}

export type ThreadWrites = Record<WriteName, (...given: readonly unknown[]) => Operation<unknown>>;

/** An error as it goes from thread to thread: classes do not survive that. */
export type Problem =
  | { readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails }
  | { readonly unexpected: unknown };

export function toProblem(thrown: unknown): Problem {
  const error = toStoreError(thrown);
  if (!(error instanceof AppError)) return { unexpected: error };
  const { code, message, field, retryAfterMs, resource, cause } = error;
  return {
    code,
    message,
    details: {
      ...(field !== undefined && { field }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(resource !== undefined && { resource }),
      cause,
    },
  };
}

export const fromProblem = (problem: Problem): unknown =>
  "unexpected" in problem
    ? problem.unexpected
    : new AppError(problem.code, problem.message, problem.details);
