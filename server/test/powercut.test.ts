// A power cut, simulated on a loop device: what has reached the device at that moment is all there is.
// It needs root and loop devices.
// Runs: waiting
// Takes: 30 s
// Campaign: CUTS middle=20 in 90 s, full=100 in 450 s
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openSqliteStore, type SqliteStore } from "../src/adapters/stores/sqlite/store.ts";
import { branchOf } from "../src/domain/branches.ts";
import { SELECT_FILES, SELECT_STRAY_LINKS, wrongFiles } from "./documents.ts";

const CUTS = Number(process.env.CUTS ?? 2);
const WRITER = fileURLToPath(new URL("./powercut-writer.ts", import.meta.url));
const DISK_BYTES = 192 * 1024 * 1024;
const MAX_MS = 400;

const run = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: "ignore" }).status === 0;

/** A disk in a file. */
function disk(home: string) {
  const image = join(home, "disk.img");
  writeFileSync(image, "");
  truncateSync(image, DISK_BYTES);
  const mountPoint = join(home, "disk");
  mkdirSync(mountPoint);
  const isMounted = run("mkfs.ext4", "-q", image) && run("mount", "-o", "loop", image, mountPoint);
  return { image, mountPoint, isMounted };
}

/** What a disk holds that lost its power, once its file system has recovered. */
async function lossesOn(copy: string, home: string, acknowledged: readonly string[]) {
  const mountPoint = join(home, "after");
  mkdirSync(mountPoint, { recursive: true });
  assert.ok(run("mount", "-o", "loop", copy, mountPoint), "the copy cannot be mounted");
  try {
    const directory = join(mountPoint, "data");
    await using store: SqliteStore = await openSqliteStore({ directory, exclusive: true });
    const there = new Set<string>();
    let branches = 0;
    for await (const record of store.exportRecords()) {
      if (record.type === "conversation") branches = record.branches.length;
      if (record.type !== "message" || record.message.role !== "user") continue;
      assert.ok(branchOf(record.message.sequence) <= branches, "a message on no branch");
      there.add(record.message.content);
    }
    using database = new DatabaseSync(join(directory, "colloquy.db"), { readOnly: true });
    const files = database.prepare(SELECT_FILES).all();
    for (const { id } of files) there.add(`file ${id}`);
    const { withoutBytes } = await wrongFiles(join(directory, "files"), files);
    assert.deepEqual(withoutBytes, [], "files without their bytes");
    assert.deepEqual(database.prepare(SELECT_STRAY_LINKS).all(), [], "attachments without files");
    return acknowledged.filter((marker) => !there.has(marker)).length;
  } finally {
    run("umount", mountPoint);
  }
}

async function cut(synchronous: "FULL" | "NORMAL", times: number, report: (text: string) => void) {
  const home = mkdtempSync(join(tmpdir(), "colloquy-powercut-"));
  const { image, mountPoint, isMounted } = disk(home);
  let lost = 0;
  let acknowledgedInAll = 0;
  try {
    assert.ok(isMounted, "a loop device cannot be mounted here");
    const directory = join(mountPoint, "data");
    for (let count = 0; count < times; count++) {
      rmSync(directory, { recursive: true, force: true });
      const child = spawn(process.execPath, [WRITER, directory, synchronous], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const acknowledged: string[] = [];
      let rest = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        acknowledged.push(...lines);
      });
      await once(child.stdout, "data");
      await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * MAX_MS));
      // Stopped, it writes nothing more while the copy is made: every block is of the same moment.
      child.kill("SIGSTOP");
      const before = [...acknowledged];
      const copy = join(home, "copy.img");
      copyFileSync(image, copy);
      child.kill("SIGKILL");
      await once(child, "close");
      acknowledgedInAll += before.length;
      lost += await lossesOn(copy, home, before);
      if ((count + 1) % 10 === 0)
        report(
          `${synchronous}: ${count + 1} cuts, ${acknowledgedInAll} acknowledged, ${lost} lost`,
        );
    }
    return { lost, acknowledged: acknowledgedInAll };
  } finally {
    run("umount", mountPoint);
    rmSync(home, { recursive: true, force: true });
  }
}

function canMount(): boolean {
  const home = mkdtempSync(join(tmpdir(), "colloquy-powercut-"));
  try {
    const { mountPoint, isMounted } = disk(home);
    if (isMounted) run("umount", mountPoint);
    return isMounted;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

test(`[X5] ${CUTS} power cuts: no acknowledged message, version or file is lost; with synchronous=NORMAL some are, so the check can fail`, {
  skip: !canMount() && "no disk can be mounted here: that needs root and loop devices",
  timeout: 60 * 60_000,
}, async (context) => {
  const report = (text: string) => context.diagnostic(text);
  const full = await cut("FULL", CUTS, report);
  const normal = await cut("NORMAL", Math.max(3, Math.ceil(CUTS / 10)), report);
  report(
    `FULL lost ${full.lost} of ${full.acknowledged}, NORMAL ${normal.lost} of ${normal.acknowledged}`,
  );
  assert.ok(full.acknowledged > CUTS);
  assert.equal(full.lost, 0);
  assert.ok(normal.lost > 0, "the control lost nothing: the cut is none");
});
