// Kills a loaded server at random moments and counts what it had acknowledged.
// Runs: waiting
// Takes: 25 s
// Campaign: KILLS middle=100 in 90 s, full=200 in 180 s
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { openSqliteStore } from "../src/adapters/stores/sqlite/store.ts";
import { type Branch, branchOf } from "../src/domain/branches.ts";
import { startLoad } from "./crash-load.ts";
import {
  type Documents,
  lossesOfDocuments,
  newDocuments,
  pathOfBytes,
  SELECT_FILES,
  SELECT_STRAY_LINKS,
  wrongFiles,
} from "./documents.ts";
import { freePort } from "./free-port.ts";
import { watchMachine } from "./machine-speed.ts";
import { startModelServer } from "./model-server.ts";
import { startProcess } from "./server-process.ts";

const KILLS = Number(process.env.KILLS ?? 3);
/** A second is the aim on a machine that does nothing else; the figures are printed. */
const READY_P50_MS = 3000;
const MAX_LIFE_MS = 400;
const MIN_LIFE_MS = 60;

/** What the store holds, against what was acknowledged to the clients. */
async function lossesIn(
  directory: string,
  acknowledged: ReadonlyMap<string, string>,
  documents: Documents,
) {
  await using store = await openSqliteStore({ directory, exclusive: false });
  const times = new Map<string, number>();
  const unfinished: string[] = [];
  const stray: string[] = [];
  let branches = 0;
  let forks: readonly Branch[] = [];
  for await (const record of store.exportRecords()) {
    if (record.type === "conversation") {
      forks = record.branches;
      branches += forks.length;
      const numbers = forks.map(({ branch }) => branch);
      assert.deepEqual(
        numbers,
        numbers.map((_, index) => index + 1),
      );
      assert.equal(record.conversation.nextBranch, forks.length + 1);
    }
    if (record.type !== "message") continue;
    const { message } = record;
    if (branchOf(message.sequence) > forks.length) stray.push(message.id);
    if (message.status === "streaming") unfinished.push(message.id);
    for (const marker of message.role === "user"
      ? (message.content.match(/#[0-9a-f-]+#/g) ?? [])
      : [])
      times.set(marker, (times.get(marker) ?? 0) + 1);
  }
  using database = new DatabaseSync(join(directory, "colloquy.db"), { readOnly: true });
  const rows = database.prepare(SELECT_FILES).all();
  return {
    ...(await wrongFiles(join(directory, "files"), rows, documents)),
    strayLinks: database.prepare(SELECT_STRAY_LINKS).all(),
    lost: [...acknowledged.keys()].filter((marker) => !times.has(marker)),
    doubled: [...times].filter(([, count]) => count > 1).map(([marker]) => marker),
    unfinished,
    stray,
    branches,
  };
}

test(`[X5] ${KILLS} kills under load through all wires: no acknowledged message, version or file is lost or doubled, no reply is left unfinished`, {
  timeout: 20 * 60_000,
}, async (context) => {
  const directory = await mkdtemp(join(tmpdir(), "colloquy-crash-"));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const model = opened.use(await startModelServer({ record: false }));
  const port = await freePort();
  const acknowledged = new Map<string, string>();
  const documents = newDocuments();
  const readyMs: number[] = [];
  const environment = {
    PORT: String(port),
    HOST: "127.0.0.1",
    DATA_DIR: directory,
    RATE_LIMITS: "off",
    LOG_LEVEL: "error",
    OPENAI_BASE_URL: model.url,
    MODEL: "scripted",
    OLLAMA_BASE_URL: "http://127.0.0.1:9",
  };

  using machine = watchMachine();
  for (let kill = 0; kill < KILLS; kill++) {
    const process = await startProcess(environment);
    readyMs.push(process.readyMs);
    const load = startLoad(process.url, acknowledged, undefined, documents);
    await load.running;
    await new Promise((resolve) =>
      setTimeout(resolve, MIN_LIFE_MS + Math.random() * (MAX_LIFE_MS - MIN_LIFE_MS)),
    );
    await process.kill();
    await load.stop();
    if ((kill + 1) % 20 === 0)
      context.diagnostic(`${kill + 1} kills, ${acknowledged.size} acknowledged messages`);
  }
  // One more start ends what the last kill left unfinished.
  const last = await startProcess(environment);
  const lostDocuments = await lossesOfDocuments(last.url, documents);
  await last.terminate();
  assert.deepEqual(lostDocuments, [], "what wire 004 no longer gives as it was");

  const { branches, ...losses } = await lossesIn(directory, acknowledged, documents);
  assert.ok(branches > 0);
  assert.ok(
    acknowledged.size > KILLS,
    `only ${acknowledged.size} messages were acknowledged: the load was none`,
  );
  for (const wire of [
    "chat",
    "dialogix",
    "conversations",
    "chat-v1",
    "chat-v1 stream",
    "chat-v1 documents",
    "chat socket",
    "completions",
    "responses",
    "ui",
    "realtime",
  ])
    assert.ok([...acknowledged.values()].includes(wire), `nothing was acknowledged by ${wire}`);
  for (const [what, found] of Object.entries(losses)) assert.deepEqual(found, [], what);
  const sorted = readyMs.toSorted((a, b) => a - b);
  const [p50Ms = 0, p99Ms = 0] = [0.5, 0.99].map((part) => sorted[Math.floor(KILLS * part)]);
  context.diagnostic(
    `${acknowledged.size} acknowledged, ${documents.files.size} files, ${documents.turns.length} turns of parts, ready after ${Math.round(p50Ms)} ms (p50), ${Math.round(p99Ms)} ms (p99)`,
  );
  assert.ok(p50Ms < READY_P50_MS * machine.slowness(), `ready after ${p50Ms} ms (p50)`);

  // The check finds a file without its bytes: it can fail.
  const [[id, { sha256 }] = assert.fail()] = documents.files;
  await rm(pathOfBytes(join(directory, "files"), sha256));
  const { withoutBytes } = await lossesIn(directory, acknowledged, documents);
  assert.deepEqual(withoutBytes, [id]);
});

test("[X5] the check finds what is lost when the write-ahead log is thrown away: it can fail", async () => {
  const directory = await mkdtemp(join(tmpdir(), "colloquy-crash-control-"));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const model = opened.use(await startModelServer({ record: false }));
  const port = await freePort();
  const acknowledged = new Map<string, string>();
  const documents = newDocuments();
  const process = await startProcess({
    PORT: String(port),
    HOST: "127.0.0.1",
    DATA_DIR: directory,
    RATE_LIMITS: "off",
    LOG_LEVEL: "error",
    OPENAI_BASE_URL: model.url,
    MODEL: "scripted",
    OLLAMA_BASE_URL: "http://127.0.0.1:9",
  });
  const load = startLoad(process.url, acknowledged, undefined, documents);
  await load.running;
  await process.kill();
  await load.stop();
  for (const suffix of ["-wal", "-shm"])
    await rm(join(directory, `colloquy.db${suffix}`), { force: true });
  assert.notDeepEqual(
    (await lossesIn(directory, acknowledged, documents)).lost,
    [],
    "without it something is",
  );
});
