import type { MachineUse } from "./accounting.ts";
import { Histogram, median, type Summary } from "./histogram.ts";
import { type Expectation, Reply } from "./reply.ts";

const INSPECTED_SHARE = 1 / 50;

export type LoadResult = {
  /** Replies that ended well while measuring. */
  readonly completed: number;
  readonly completedPerSecond: number;
  readonly errors: number;
  readonly firstError: string | null;
  readonly latencyMs: Summary;
  readonly firstTokenMs: Summary;
  /** From the model's write to our read, of each token. */
  readonly tokenDelayMs: Summary;
  readonly tokens: number;
  /** In how many pieces a streamed reply came; the median of the replies looked at. */
  readonly piecesPerReply: number;
  readonly inspected: number;
  readonly use: MachineUse;
};

/** Collects what happens under load; values only while `isMeasuring`, errors always. */
export class Recorder {
  isMeasuring = false;
  errors = 0;
  readonly #latencyMs = new Histogram();
  readonly #firstTokenMs = new Histogram();
  readonly #tokenDelayMs = new Histogram();
  readonly #pieces: number[] = [];
  #completed = 0;
  #tokens = 0;
  #replies = 0;
  #firstError: string | null = null;

  /** A reply to fill; every fiftieth is kept whole and looked at closely. */
  newReply(expectation: Expectation): Reply {
    const isSampled = this.#replies % Math.round(1 / INSPECTED_SHARE) === 0;
    this.#replies += 1;
    return new Reply(expectation, isSampled, (delayMs) => {
      if (!this.isMeasuring) return;
      this.#tokens += 1;
      this.#tokenDelayMs.add(delayMs);
    });
  }

  /** Counts a reply that has ended; false if it is a failure. */
  count(reply: Reply, startedAtMs: number, connectionProblem: string | null): boolean {
    const endedAtMs = performance.now();
    const { problem, pieces } = connectionProblem
      ? { problem: connectionProblem, pieces: 0 }
      : reply.judge();
    if (problem) {
      this.countError(problem);
      return false;
    }
    if (pieces > 0) this.#pieces.push(pieces);
    if (this.isMeasuring) {
      this.#completed += 1;
      this.#latencyMs.add(endedAtMs - startedAtMs);
      if (reply.firstTokenAtMs !== null) this.#firstTokenMs.add(reply.firstTokenAtMs - startedAtMs);
    }
    return true;
  }

  countError(problem: string): void {
    this.errors += 1;
    this.#firstError ??= problem;
  }

  result(use: MachineUse): LoadResult {
    return {
      completed: this.#completed,
      completedPerSecond: this.#completed / use.seconds,
      errors: this.errors,
      firstError: this.#firstError,
      latencyMs: this.#latencyMs.summary(),
      firstTokenMs: this.#firstTokenMs.summary(),
      tokenDelayMs: this.#tokenDelayMs.summary(),
      tokens: this.#tokens,
      piecesPerReply: median(this.#pieces),
      inspected: this.#pieces.length,
      use,
    };
  }
}
