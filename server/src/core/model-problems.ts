import { AppError } from "../domain/errors.ts";
import type { Clock } from "../ports/clock.ts";

/** A provider cannot answer until the operator mends something. */
export type ModelProblem = {
  readonly provider: string;
  /** As its provider names it; null: the list of its models. */
  readonly model: string | null;
  /** What the provider said and which setting to look at: for operators alone. */
  readonly words: string;
  readonly lastAt: Date;
};

export type ModelProblems = {
  /** Keeps what an operator has to mend of that error; other errors are passed over. */
  note(provider: string, model: string | null, error: unknown): void;
  /** It answered. */
  solved(provider: string, model: string | null): void;
  /** Those that stand, the newest first. */
  list(): ModelProblem[];
};

const MAX_PROBLEMS = 20;
/** A problem that stands is told again after so long. */
const TOLD_AGAIN_MS = 60_000;

/** @param onProblem told of each problem when it is new, and about every minute while requests meet it */
export function createModelProblems(
  clock: Pick<Clock, "now">,
  onProblem: (problem: ModelProblem) => void,
): ModelProblems {
  const standing = new Map<string, { problem: ModelProblem; toldAtMs: number }>();
  const keyOf = (provider: string, model: string | null) => JSON.stringify([provider, model]);
  return {
    note(provider, model, error) {
      if (!(error instanceof AppError) || error.forOperator === undefined) return;
      const key = keyOf(provider, model);
      const before = standing.get(key);
      const problem = { provider, model, words: error.forOperator, lastAt: clock.now() };
      const nowMs = problem.lastAt.getTime();
      const isTold =
        before?.problem.words === problem.words && nowMs - before.toldAtMs < TOLD_AGAIN_MS;
      standing.delete(key);
      standing.set(key, { problem, toldAtMs: isTold ? before.toldAtMs : nowMs });
      if (standing.size > MAX_PROBLEMS) standing.delete(standing.keys().next().value ?? key);
      if (!isTold) onProblem(problem);
    },
    solved(provider, model) {
      if (standing.size > 0) standing.delete(keyOf(provider, model));
    },
    list: () => [...standing.values()].map(({ problem }) => problem).reverse(),
  };
}
