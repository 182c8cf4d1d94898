// Kills a server at random moments while files are uploaded and deleted, and compares the rows with the bytes.
// Runs: waiting
// Takes: 25 s
// Campaign: FILE_KILLS middle=25 in 60 s, full=60 in 150 s
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { SELECT_FILES, wrongFiles } from "./documents.ts";
import { upload } from "./file-samples.ts";
import { freePort } from "./free-port.ts";
import { startProcess } from "./server-process.ts";

const KILLS = Number(process.env.FILE_KILLS ?? 3);
const UPLOADERS = 6;
const MAX_LIFE_MS = 500;

test(`[H11] ${KILLS} kills during uploads: no file without its bytes, no file that was acknowledged is lost`, {
  timeout: 10 * 60_000,
}, async (context) => {
  const directory = await mkdtemp(join(tmpdir(), "colloquy-files-crash-"));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const port = await freePort();
  const environment = {
    PORT: String(port),
    HOST: "127.0.0.1",
    DATA_DIR: directory,
    RATE_LIMITS: "off",
    LOG_LEVEL: "error",
    OLLAMA_BASE_URL: "http://127.0.0.1:9",
  };
  /** By id; false: it was asked for its deletion, which may or may not have happened. */
  const acknowledged = new Map<string, boolean>();
  let uploads = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const server = await startProcess(environment);
    let isOver = false;
    const first = Promise.withResolvers<void>();
    const work = async () => {
      while (!isOver) {
        uploads++;
        const content = randomBytes(1 + Math.floor(Math.random() * 2_000_000)).toString("hex");
        const { status, body } = await upload(server.url, content, { type: "text/plain" });
        if (status !== 201) continue;
        const { id } = body.data;
        acknowledged.set(id, true);
        first.resolve();
        if (Math.random() > 0.2) continue;
        acknowledged.set(id, false);
        await caller(server.url).call(`/files/${id}`, { method: "DELETE" });
      }
    };
    const workers = Array.from({ length: UPLOADERS }, () => work().catch(() => {}));
    await first.promise;
    await new Promise((resolve) => setTimeout(resolve, Math.random() * MAX_LIFE_MS));
    isOver = true;
    await server.kill();
    await Promise.all(workers);
  }
  const database = new DatabaseSync(join(directory, "colloquy.db"));
  const rows = database.prepare(SELECT_FILES).all();
  database.close();
  const { withoutBytes } = await wrongFiles(join(directory, "files"), rows);
  const ids = new Set(rows.map(({ id }) => id));
  const lost = [...acknowledged].filter(([id, isKept]) => isKept && !ids.has(id));
  context.diagnostic(
    `${KILLS} kills, ${uploads} uploads begun, ${acknowledged.size} acknowledged, ${rows.length} rows`,
  );
  assert.deepEqual(withoutBytes, [], "files without their bytes");
  assert.deepEqual(lost, [], "acknowledged files that are gone");
  assert.ok(acknowledged.size >= KILLS);
});
