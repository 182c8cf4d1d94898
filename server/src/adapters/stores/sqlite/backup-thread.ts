import { DatabaseSync } from "node:sqlite";
import { workerData } from "node:worker_threads";
import type { BackupWork } from "./backup.ts";

/* Does one statement, which may take minutes, while the main thread shows how far it is. */

const BUSY_TIMEOUT_MS = 60_000;

const work = workerData as BackupWork;
const database = new DatabaseSync(work.file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
try {
  if (work.kind === "copy") database.prepare("VACUUM INTO ?").run(work.to);
  else {
    const [first] = database.prepare("PRAGMA integrity_check(1)").all();
    const words = Object.values(first ?? {}).join();
    if (words !== "ok") throw new Error(`it is damaged (${words})`);
  }
} finally {
  database.close();
}
