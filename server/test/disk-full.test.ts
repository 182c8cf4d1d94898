// A disk without room: said in words, reads go on, writes come back by themselves, nothing acknowledged is lost.
// Runs: waiting
// Campaign: DISK_ROUNDS middle=10 in 15 s, full=100 in 150 s
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { eventually } from "./cli-runner.ts";
import { upload } from "./file-samples.ts";
import { startServer } from "./start-server.ts";
import { ALICE, send } from "./wire-client.ts";

const ROUNDS = Number(process.env.DISK_ROUNDS ?? 2);

/** A small disk of its own; null where that may not be had. */
async function smallDisk(megabytes: number) {
  const path = await mkdtemp(join(tmpdir(), "colloquy-disk-"));
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path]);
  const release = async () => {
    if (status === 0) spawnSync("umount", [path]);
    await rm(path, { recursive: true, force: true });
  };
  if (status === 0) return { path, [Symbol.asyncDispose]: release };
  await release();
  return null;
}

test("a full disk is 503 in words, reads go on, writes resume by themselves, and nothing acknowledged is lost", {
  timeout: 60_000 * ROUNDS,
}, async (context) => {
  const disk = await smallDisk(24);
  if (!disk)
    return context.skip("only root may mount a small disk (tmpfs), and not in every container");
  await using _disk = disk;
  await using server = await startServer({
    builtIn: true,
    backend: "sqlite",
    directory: join(disk.path, "data"),
    environment: { LOG_LEVEL: "silent" },
  });
  const acknowledged: string[] = [];
  let marker = 0;
  const say = async () => {
    const message = `#${marker++}# ${"x".repeat(90_000)}`;
    const answer = await send(server, "POST", "/chat", { message, user_id: ALICE });
    if (answer.status === 200) acknowledged.push(message);
    return answer;
  };
  const stored = async () => {
    const list = await send(server, "GET", `/conversations?user_id=${ALICE}`);
    assert.equal(list.status, 200, "reads go on");
    return new Set(
      list.body.flatMap((one: { messages: { content: string }[] }) =>
        one.messages.map(({ content }) => content),
      ),
    );
  };
  for (let count = 0; count < 3; count++) assert.equal((await say()).status, 200);
  for (let round = 0; round < ROUNDS; round++) {
    const filler = join(disk.path, "filler");
    await writeFile(filler, Buffer.alloc(64 * 1024 * 1024)).catch(() => {});
    let refused = await say();
    for (let count = 0; refused.status === 200 && count < 2000; count++) refused = await say();
    assert.equal(refused.status, 503);
    assert.match(refused.body.detail, /disk/i);
    assert.ok(Number(refused.headers.get("retry-after")) >= 1);
    const there = await stored();
    for (const message of acknowledged) assert.ok(there.has(message));
    await rm(filler);
    await eventually(async () => (await say()).status === 200);
  }
  const all = await stored();
  assert.deepEqual(
    acknowledged.filter((message) => !all.has(message)),
    [],
  );
  context.diagnostic(`${acknowledged.length} acknowledged`);
});

test("[H12] a disk that is full during an upload is 503 in words, and nothing of the file is kept", {
  timeout: 60_000,
}, async (context) => {
  const disk = await smallDisk(24);
  if (!disk)
    return context.skip("only root may mount a small disk (tmpfs), and not in every container");
  await using _disk = disk;
  const directory = join(disk.path, "data");
  await using server = await startServer({
    builtIn: true,
    backend: "sqlite",
    directory,
    environment: { LOG_LEVEL: "silent" },
  });
  const type = "text/plain";
  assert.equal((await upload(server.url, "small", { type })).status, 201);
  for (let round = 0; round < 3; round++) {
    const { status, body } = await upload(server.url, Buffer.alloc(40_000_000, 97), { type });
    assert.equal(status, 503, JSON.stringify(body));
    assert.match(body.message, /The disk is full: no file can be stored/);
    assert.deepEqual(await readdir(join(directory, "files/tmp")), []);
  }
  assert.equal((await upload(server.url, Buffer.alloc(2_000_000, 97), { type })).status, 201);
});
