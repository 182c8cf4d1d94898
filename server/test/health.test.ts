// Whether the server says what is wrong with its store, and acknowledges nothing that would be lost.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readdirSync, statSync, writeSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startServer } from "./start-server.ts";
import { ALICE, send } from "./wire-client.ts";

const start = async (directory: string) =>
  startServer({
    builtIn: true,
    backend: "sqlite",
    directory,
    environment: { LOG_LEVEL: "silent" },
  });
type Started = Awaited<ReturnType<typeof start>>;

async function folder() {
  const path = await mkdtemp(join(tmpdir(), "colloquy-health-"));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

const say = (server: Started, message = "Hello") =>
  send(server, "POST", "/chat", { message, user_id: ALICE });

async function assertUnhealthy(server: Started, why: RegExp): Promise<void> {
  const health = await send(server, "GET", "/health");
  assert.equal(health.status, 503);
  assert.equal(health.body.status, "unhealthy");
  assert.match(health.body.problems.join("\n"), why);
  assert.equal((await send(server, "GET", "/api/v1/health")).status, 503);
}

test("[X2] a healthy server names no problem", async () => {
  await using there = await folder();
  await using server = await start(join(there.path, "data"));
  const health = await send(server, "GET", "/health");
  assert.equal(health.status, 200);
  assert.equal(health.body.problems, undefined);
});

for (const [what, lose] of [
  ["is removed", (data: string) => rm(data, { recursive: true })],
  [
    "is replaced",
    async (data: string) => {
      await rename(data, `${data}-before`);
      await mkdir(data);
      await writeFile(join(data, "colloquy.db"), "");
    },
  ],
  ["loses its write-ahead log", (data: string) => rm(join(data, "colloquy.db-wal"))],
] as const)
  test(`[X5] when the data folder ${what} under the server, nothing more is acknowledged, and /health says so`, async () => {
    await using there = await folder();
    const data = join(there.path, "data");
    await using server = await start(data);
    assert.equal((await say(server)).status, 200);
    await lose(data);
    const refused = await say(server, "Into nowhere");
    assert.equal(refused.status, 503);
    assert.match(refused.body.detail, /DATA_DIR was removed or replaced/);
    assert.ok(Number(refused.headers.get("retry-after")) >= 1);
    await assertUnhealthy(server, /DATA_DIR was removed or replaced/);
  });

test("[X2] a data folder that comes back is taken again", async () => {
  await using there = await folder();
  const data = join(there.path, "data");
  await using server = await start(data);
  await rename(data, `${data}-away`);
  assert.equal((await say(server)).status, 503);
  await rename(`${data}-away`, data);
  assert.equal((await say(server)).status, 200);
  assert.equal((await send(server, "GET", "/health")).status, 200);
});

/** Moves everything out of the write-ahead log, as a server does when it is closed. */
async function storedIn(data: string): Promise<void> {
  await using server = await start(data);
  for (let count = 0; count < 8; count++)
    assert.equal((await say(server, "x".repeat(30_000))).status, 200);
}

for (const [what, from] of [
  ["in its middle", 0.3],
  ["at its beginning", 0],
] as const)
  test(`[X2] /health says that the database is damaged ${what}`, async () => {
    await using there = await folder();
    const data = join(there.path, "data");
    await storedIn(data);
    await using server = await start(data);
    assert.equal((await send(server, "GET", "/health")).status, 200);
    const path = join(data, "colloquy.db");
    const { size } = statSync(path);
    const file = openSync(path, "r+");
    writeSync(file, Buffer.alloc(Math.floor(size / 2), 0xa5), 0, null, Math.floor(size * from));
    closeSync(file);
    // The last look is believed for five seconds at most.
    const patience = performance.now() + 60_000;
    while ((await send(server, "GET", "/health")).status === 200) {
      assert.ok(performance.now() < patience, "the damage is not noticed");
      await sleep(250);
    }
    await assertUnhealthy(server, /damaged|not a SQLite database/);
  });

test("[X2] /health says that the disk is full, and that it has room again", {
  timeout: 120_000,
}, async (context) => {
  await using there = await folder();
  const disk = join(there.path, "disk");
  await mkdir(disk);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", disk]).status !== 0)
    return context.skip("only root may mount a small disk (tmpfs), and not in every container");
  using _mounted = { [Symbol.dispose]: () => spawnSync("umount", ["-l", disk]) };
  await using server = await start(join(disk, "data"));
  const filler = join(disk, "filler");
  await writeFile(filler, Buffer.alloc(64 * 1024 * 1024)).catch(() => {});
  assert.ok(readdirSync(disk).includes("filler"));
  let refused = await say(server, "x".repeat(90_000));
  for (let count = 0; refused.status === 200 && count < 200; count++)
    refused = await say(server, "x".repeat(90_000));
  assert.equal(refused.status, 503);
  await assertUnhealthy(server, /disk is full/);
  await rm(filler);
  assert.equal((await send(server, "GET", "/health")).status, 200, "after a failure it is tried");
  assert.equal((await say(server)).status, 200);
});
