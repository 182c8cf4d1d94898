import type { Owner } from "../domain/principal.ts";

/** Time and names, so that a test can have its own. */
export interface Clock {
  now(): Date;
  /** Resolves after that time; rejects with the signal's reason when aborted first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** A new UUID (version 7: later ones sort later). */
export type NewId = () => string;

/** An id of that owner's own, always the same for the same names: a UUID of version 8 (RFC 9562). */
export type DeriveId = (owner: Owner, ...names: readonly string[]) => string;
