import { closeSync, openSync, readSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "../../../domain/errors.ts";
import { createHealthWrites } from "../sql/probe.ts";
import type { Operation, StatementWriter } from "../sql/statement.ts";
import { damagedError, fullError, notADatabaseError } from "./errors.ts";

/** With less than that the next messages may not fit. */
const MIN_FREE_BYTES = 1024 ** 2;
/** A file up to that size is checked as a whole, which takes some milliseconds. */
const MAX_WHOLE_CHECK_BYTES = 4 * 1024 ** 2;
/** Of a larger one so many messages are read, wherever they are. */
const SAMPLES = 20;
const MAGIC = "SQLite format 3\0";

/** A short look at the database, and a write. */
export function createExamination(write: StatementWriter) {
  const { noteHealth } = createHealthWrites(write);
  return {
    *examine(directory: string, at: Date): Operation<void> {
      examineFile(directory);
      yield* noteHealth(at);
    },
  };
}

/** By a connection of its own, which has nothing in its cache. @throws AppError unavailable, errors of SQLite */
function examineFile(directory: string): void {
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize < MIN_FREE_BYTES) throw fullError();
  const path = join(directory, "colloquy.db");
  const { size } = statSync(path);
  if (size > 0 && beginningOf(path) !== MAGIC) throw notADatabaseError();
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    if (size <= MAX_WHOLE_CHECK_BYTES) checkWhole(database);
    else readSamples(database);
  } finally {
    database.close();
  }
}

function beginningOf(path: string): string {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(MAGIC.length);
    readSync(file, bytes, 0, bytes.length, 0);
    return bytes.toString("latin1");
  } finally {
    closeSync(file);
  }
}

function checkWhole(database: DatabaseSync): void {
  const [answer = "ok"] = Object.values(database.prepare("PRAGMA quick_check(1)").get() ?? {});
  if (answer !== "ok") throw damagedError(new AppError("internal", String(answer)));
}

function readSamples(database: DatabaseSync): void {
  const last = Number(database.prepare("SELECT max(row_id) AS last FROM messages").get()?.last);
  const near = database.prepare("SELECT * FROM messages WHERE row_id >= ? LIMIT 1");
  for (let sample = 0; sample < SAMPLES; sample++) near.get(Math.floor(Math.random() * (last + 1)));
  database.prepare("SELECT * FROM conversations ORDER BY row_id DESC LIMIT 1").get();
}
