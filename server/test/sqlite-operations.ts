import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createReads } from "../src/adapters/stores/sql/operations.ts";
import { createKeptCount } from "../src/adapters/stores/sqlite/conversation-counts.ts";
import { openDatabase } from "../src/adapters/stores/sqlite/database.ts";
import { createExecutor } from "../src/adapters/stores/sqlite/executor.ts";
import { sqliteStatementWriter } from "../src/adapters/stores/sqlite/statement-writer.ts";
import { createThreadWork } from "../src/adapters/stores/sqlite/thread-messages.ts";

/** The store's operations on a database of their own, one statement after the other, so that what they do can be counted. */
export function openOperations() {
  const directory = mkdtempSync(join(tmpdir(), "colloquy-statements-"));
  const database = openDatabase(directory, "OFF");
  const writer = sqliteStatementWriter();
  return {
    executor: createExecutor(database),
    reads: createReads(writer, createKeptCount(writer)),
    writes: createThreadWork(writer).writes,
    [Symbol.dispose]() {
      database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
