import { statSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../../../domain/errors.ts";

export type DatabaseFiles = {
  /** @throws AppError unavailable when they are not the files that were opened: what is written to those is lost */
  check(): void;
};

const RETRY_AFTER_MS = 30_000;

/** The files of a database that is open, by their place and their identity on the disk. */
export function watchDatabaseFiles(directory: string): DatabaseFiles {
  const paths = ["colloquy.db", "colloquy.db-wal"].map((name) => join(directory, name));
  const opened = paths.map(identityOf);
  return {
    check() {
      for (const [index, path] of paths.entries()) {
        const identity = identityOf(path);
        // The log begins with the first write.
        opened[index] ??= identity;
        if (identity !== opened[index]) throw lost();
      }
    },
  };
}

const identityOf = (path: string): string | null => {
  const file = statSync(path, { throwIfNoEntry: false });
  return file ? `${file.dev}:${file.ino}` : null;
};

const lost = (): AppError =>
  new AppError(
    "unavailable",
    "The database of DATA_DIR was removed or replaced while the server was running: nothing can be stored. Put its files back and restart the server",
    { retryAfterMs: RETRY_AFTER_MS },
  );
