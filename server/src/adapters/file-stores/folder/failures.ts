import { AppError } from "../../../domain/errors.ts";

const RETRY_AFTER_MS = 30_000;

/** What the disk says, for whoever sent or asked for a file. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: "The disk is full: no file can be stored until there is room again",
  EDQUOT: "The disk is full: no file can be stored until there is room again",
  EROFS: "The folder of files cannot be written; make it writable for the server",
  EACCES: "The folder of files cannot be used; make it readable and writable for the server",
  EPERM: "The folder of files cannot be used; make it readable and writable for the server",
  EMFILE: "The server has too many files open; send this again in a moment",
  ENFILE: "The server has too many files open; send this again in a moment",
  EIO: "The disk failed to read or write a file; check the disk",
  ENOTDIR: "The folder of files is not a folder; move away what is in its place",
};

/** The error as AppError `unavailable` when it is the disk's condition, else as it is. */
export function toFileError(error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || error instanceof AppError) return error;
  const says = REMEDIES[String(error.code)];
  if (says === undefined) return error;
  return new AppError("unavailable", says, { retryAfterMs: RETRY_AFTER_MS, cause: error });
}
