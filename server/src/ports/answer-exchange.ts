/** Which replica has an answer that nothing keeps. */
export type AnswerClaim = {
  readonly isHere: boolean;
  /** What the replica said of the answer. */
  readonly tag: string;
  /** Names the replica, for the exchange itself. */
  readonly holder: string;
};

/**
 * Lets replicas find and read the answers that each has in its memory. A claim is known for a minute; the answers
 * themselves pass from one replica to the other, and are kept nowhere.
 */
export interface AnswerExchange {
  /** This replica has the answer of that name from now on, whoever had one before. Does not wait. */
  announce(name: string, tag: string): void;
  /**
   * Who has the answer of that name: this replica, with that tag, where nobody had it, or nobody but `instead`. Null:
   * the replicas cannot be asked now.
   */
  claim(name: string, tag: string, instead: AnswerClaim | null): Promise<AnswerClaim | null>;
  /** Takes a claim of this replica back, if it is still the one that is known. Does not wait. */
  withdraw(name: string, tag: string): void;
  /**
   * The lines of an answer that another replica has, from the first on, also of one that is not whole yet. None at all:
   * that replica is gone, or has it no more. Aborting ends the iteration without an error.
   * @throws AppError unavailable where the replica cannot be reached, or is lost on the way
   */
  follow(name: string, claim: AnswerClaim, signal: AbortSignal): AsyncIterable<string>;
  /** @param open gives the lines of an answer of this replica, which end when the signal is aborted; null: it has none */
  serve(open: OpenAnswer): void;
}

export type OpenAnswer = (
  name: string,
  tag: string,
  signal: AbortSignal,
) => AsyncIterable<string> | null;
