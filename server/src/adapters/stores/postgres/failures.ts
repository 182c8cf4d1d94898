import { AppError } from "../../../domain/errors.ts";

/** What came of asking the database, when it was no answer. */
export class DatabaseFailure extends Error {
  /** SQLSTATE, a code of Node's, or null. */
  readonly code: string | null;

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = "DatabaseFailure";
    this.code =
      cause instanceof Error && "code" in cause && typeof cause.code === "string"
        ? cause.code
        : null;
  }

  /** The connection is of no use any more; a new one may be. */
  get isConnectionLost(): boolean {
    return this.code === null || !SQL_STATE.test(this.code) || LOST.test(this.code);
  }

  /** The same may succeed when it is tried again. */
  get isPassing(): boolean {
    return this.isConnectionLost || AGAIN.test(this.code ?? "");
  }
}

const SQL_STATE = /^[0-9A-Z]{5}$/;
/** Connection exceptions, a server that stops, crashed or starts, one that may only be read (after a failover), changed plans. */
const LOST = /^(?:08...|57P0[1-5]|25006|25P0[23]|0A000)$/;
/** Serialisation, deadlock, a lock or a statement that took too long, too many connections. */
const AGAIN = /^(?:40...|55P03|57014|53300)$/;

const RETRY_AFTER_MS = 2_000;

/** What an operator can do, by the class of the SQLSTATE or code of Node's. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/^28/, "The database refuses the user or password of DATABASE_URL"],
  [/^3D000$/, "The database of DATABASE_URL does not exist: create it"],
  [/^42501$/, "The user of DATABASE_URL may not do this: make it the owner of the database"],
  [
    /^25006$/,
    "The database may only be read: it is a standby, or was set so. Give DATABASE_URL the one that may be written",
  ],
  [/^53100$/, "The database's disk is full: nothing can be stored until there is room again"],
  [/^53/, "The database is out of connections or memory; try again in a moment"],
  [/^(?:ENOTFOUND|EAI_AGAIN)$/, "The host of DATABASE_URL is not known"],
];

/** The failure as AppError `unavailable` when it is the database's condition, else its cause. */
export function toStoreError(error: unknown): unknown {
  if (!(error instanceof DatabaseFailure)) return error;
  const remedy = REMEDIES.find(([pattern]) => pattern.test(error.code ?? ""))?.[1];
  if (!remedy && !error.isPassing) return error.cause;
  return new AppError(
    "unavailable",
    remedy ?? "The database cannot be reached now; try again in a moment",
    { retryAfterMs: RETRY_AFTER_MS, cause: error.cause },
  );
}
