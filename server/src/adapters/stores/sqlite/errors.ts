import { AppError } from "../../../domain/errors.ts";

const BUSY = 5;
const LOCKED = 6;
const READ_ONLY = 8;
const INPUT_OUTPUT = 10;
const CORRUPT = 11;
const FULL = 13;
const CANNOT_OPEN = 14;
const NOT_A_DATABASE = 26;

/** What to do about it, per primary result code of SQLite, and when trying again makes sense. */
const REMEDIES: Readonly<Record<number, { says: string; retryAfterMs: number }>> = {
  [BUSY]: { says: "The database is busy with another program; try again", retryAfterMs: 1_000 },
  [LOCKED]: { says: "The database is busy with another program; try again", retryAfterMs: 1_000 },
  [READ_ONLY]: {
    says: "The database cannot be written; make its folder and files writable for the server",
    retryAfterMs: 30_000,
  },
  [INPUT_OUTPUT]: {
    says: "The disk failed to read or write the database; check the disk and its free space",
    retryAfterMs: 30_000,
  },
  [CORRUPT]: {
    says: "The database file is damaged; stop the server and restore it from a backup",
    retryAfterMs: 60_000,
  },
  [FULL]: {
    says: "The disk is full: nothing can be stored until there is room again",
    retryAfterMs: 30_000,
  },
  [CANNOT_OPEN]: {
    says: "The database file cannot be opened; make its folder readable and writable for the server",
    retryAfterMs: 30_000,
  },
  [NOT_A_DATABASE]: {
    says: "The database file is not a SQLite database; move it away or restore it from a backup",
    retryAfterMs: 60_000,
  },
};

/** The primary result code of an error of SQLite; null for any other error. */
const resultCodeOf = (error: unknown): number | null =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode & 0xff
    : null;

export const isBusy = (error: unknown): boolean => resultCodeOf(error) === BUSY;

const errorOf = (code: number, cause?: unknown): AppError => {
  const { says, retryAfterMs } = REMEDIES[code] ?? { says: "", retryAfterMs: 0 };
  return new AppError("unavailable", says, { retryAfterMs, cause });
};

export const fullError = (): AppError => errorOf(FULL);
export const damagedError = (cause: unknown): AppError => errorOf(CORRUPT, cause);
export const notADatabaseError = (): AppError => errorOf(NOT_A_DATABASE);

/** Whether the error says that the file is damaged, which no trying again mends. */
export const isDamage = (error: unknown): error is AppError =>
  error instanceof AppError &&
  [CORRUPT, NOT_A_DATABASE].some((code) => REMEDIES[code]?.says === error.message);

/** The error as AppError `unavailable` when it is the database's condition, else as it is. */
export function toStoreError(error: unknown): unknown {
  const code = resultCodeOf(error);
  return code === null || !REMEDIES[code] ? error : errorOf(code, error);
}
