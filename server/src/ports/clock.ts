/** Time and names, so that a test can have its own. */
export interface Clock {
  now(): Date;
  /** Resolves after that time; rejects with the signal's reason when aborted first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** A new UUID (version 7: later ones sort later). */
export type NewId = () => string;
