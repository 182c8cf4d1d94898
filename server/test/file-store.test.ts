// The bytes of files: the folder that keeps them, and what deletes what nobody has.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { folderFileStore } from "../src/adapters/file-stores/folder/file-store.ts";
import { openSqliteStore } from "../src/adapters/stores/sqlite/store.ts";
import { createFileSweep } from "../src/core/file-sweep.ts";
import { attachmentOf } from "../src/domain/file.ts";
import { upload } from "./file-samples.ts";
import { freePort } from "./free-port.ts";
import { startProcess } from "./server-process.ts";
import { aFile } from "./store-contract/files.ts";
import {
  aConversation,
  aTurn,
  at,
  inExisting,
  newOwner,
  withCode,
} from "./store-contract/fixtures.ts";

/** Files bear the time of the machine, also where the tests pretend another. */
const skip = process.env.FAKETIME ? "files bear the time of the machine" : false;
const HOUR_MS = 3_600_000;
const LIMIT = 1_000_000;

async function newFolder() {
  const path = await mkdtemp(join(tmpdir(), "colloquy-files-"));
  return {
    path,
    store: folderFileStore(join(path, "files")),
    /** The names of everything that is there. */
    names: async () =>
      (await readdir(path, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map(({ name }) => name),
    /** As if it had been stored so long ago. */
    async age(sha256: string, ageMs: number) {
      const time = new Date(Date.now() - ageMs);
      await utimes(join(path, "files", sha256.slice(0, 2), sha256), time, time);
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}
const read = async (content: AsyncIterable<Uint8Array> | null): Promise<string> =>
  Buffer.concat(await Array.fromAsync(content ?? [])).toString();

test("bytes come back whole and in ranges, under their digest, once however often they are stored", async () => {
  await using folder = await newFolder();
  const { store } = folder;
  assert.deepEqual(await Array.fromAsync(store.list()), [], "nothing was stored yet");
  const put = await store.put(pieces("Hello, ", "world"), LIMIT);
  const sha256 = createHash("sha256").update("Hello, world").digest("hex");
  assert.deepEqual(put, { sha256, bytes: 12 });
  assert.deepEqual(await store.put(pieces("Hello, world"), LIMIT), put);
  assert.deepEqual(await folder.names(), [sha256]);
  assert.equal(await read(await store.open(sha256, null)), "Hello, world");
  assert.equal(await read(await store.open(sha256, { first: 7, last: 9 })), "wor");
  assert.equal(await store.open("0".repeat(64), null), null);
  const [listed] = await Array.fromAsync(store.list());
  assert.deepEqual([listed?.sha256, listed?.bytes], [sha256, 12]);
  await assert.rejects(store.open("../../etc/passwd", null), /no SHA-256/);
});

test("of a stream that fails, or is too long, nothing is kept", async () => {
  await using folder = await newFolder();
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("some");
    throw new Error("gone");
  }
  await assert.rejects(folder.store.put(failing(), LIMIT), /gone/);
  await assert.rejects(folder.store.put(pieces("12", "345"), 4), withCode("too_large"));
  assert.deepEqual(await folder.names(), []);
});

test("a folder that cannot be written is unavailable, in words", async () => {
  await using folder = await newFolder();
  await writeFile(join(folder.path, "files"), "in its place");
  await assert.rejects(folder.store.put(pieces("x"), LIMIT), (error) => {
    assert.ok(withCode("unavailable")(error));
    return /folder of files/.test(String(error));
  });
});

test("only what is old and needed by nobody is deleted, also where it was stored again meanwhile", {
  skip,
}, async () => {
  await using folder = await newFolder();
  const { store } = folder;
  const { sha256 } = await store.put(pieces("bytes"), LIMIT);
  const limit = () => new Date(Date.now() - HOUR_MS);
  const no = async () => false;
  assert.equal(await store.delete(sha256, limit(), no), false, "it is fresh");
  await folder.age(sha256, 2 * HOUR_MS);
  assert.equal(await store.delete(sha256, limit(), async () => true), false, "it is needed");
  assert.equal(await read(await store.open(sha256, null)), "bytes");
  const storedAgain = async () => {
    await store.put(pieces("bytes"), LIMIT);
    return false;
  };
  await store.delete(sha256, limit(), storedAgain);
  assert.equal(await read(await store.open(sha256, null)), "bytes", "whoever stored it has it");
  await folder.age(sha256, 2 * HOUR_MS);
  await store.put(pieces("bytes"), LIMIT);
  assert.equal(await store.delete(sha256, limit(), no), false, "storing it again makes it fresh");
  await folder.age(sha256, 2 * HOUR_MS);
  assert.equal(await store.delete(sha256, limit(), no), true);
  assert.equal(await store.delete(sha256, limit(), no), false);
  assert.deepEqual(await folder.names(), []);
});

test("what a crash left of an upload goes after a while; what it left of a deletion is there again", {
  skip,
}, async () => {
  await using folder = await newFolder();
  const { store } = folder;
  const { sha256 } = await store.put(pieces("kept"), LIMIT);
  const unfinished = join(folder.path, "files/tmp");
  await mkdir(unfinished, { recursive: true });
  for (const name of ["old", "new"]) await writeFile(join(unfinished, name), "half");
  const old = new Date(Date.now() - 2 * HOUR_MS);
  await utimes(join(unfinished, "old"), old, old);
  await writeFile(join(unfinished, `${sha256}.1`), "kept");
  await rm(join(folder.path, "files", sha256.slice(0, 2), sha256));
  await store.forgetUnfinished(new Date(Date.now() - HOUR_MS));
  assert.deepEqual((await folder.names()).sort(), [sha256, "new"].sort());
});

test("a sweep deletes files that no message has after a day and bytes that no file has after an hour, and nothing else", {
  skip,
}, async () => {
  await using folder = await newFolder();
  const bytes = folder.store;
  await using rows = await openSqliteStore({
    directory: join(folder.path, "data"),
    exclusive: true,
  });
  const [owner, other] = [newOwner(), newOwner()];
  const add = async (content: string, who = owner, createdAt = at(0)) => {
    const { sha256 } = await bytes.put(pieces(content), LIMIT);
    return rows.createFile(who, aFile({ sha256, createdAt }), null);
  };
  const used = await add("used");
  const unused = await add("unused");
  const shared = await add("shared");
  await add("shared", other, new Date());
  const fresh = await add("fresh", owner, new Date());
  const orphan = (await bytes.put(pieces("orphan"), LIMIT)).sha256;
  const arriving = (await bytes.put(pieces("its row is on the way"), LIMIT)).sha256;
  const { id } = await rows.createConversation(owner, aConversation(), []);
  const turn = aTurn(inExisting(id));
  const attachments = [attachmentOf(used)];
  await rows.beginTurn(owner, { ...turn, userMessage: { ...turn.userMessage, attachments } });
  for (const { sha256 } of await Array.fromAsync(bytes.list()))
    if (sha256 !== arriving) await folder.age(sha256, 2 * HOUR_MS);
  let deletedBytes = 0;
  const clock = { now: () => new Date(), sleep: async () => {} };
  const observer = {
    deleted(size: number) {
      deletedBytes += size;
    },
  };
  const { sweep } = createFileSweep(rows, bytes, clock, observer);
  await sweep();
  const left = (await Array.fromAsync(bytes.list())).map(({ sha256 }) => sha256);
  const expected = [used.sha256, shared.sha256, fresh.sha256, arriving];
  assert.deepEqual(left.sort(), expected.sort());
  assert.equal(deletedBytes, "unused".length + "orphan".length);
  assert.ok(!left.includes(orphan));
  assert.equal(await rows.getFile(owner, unused.id), null);
  assert.equal(await rows.getFile(owner, shared.id), null, "its own row was old");
  assert.ok(await rows.getFile(owner, used.id));
  assert.ok(await rows.getFile(owner, fresh.id));
});

test("uploads are never whole in memory: eight of 40 MB at once take less than half of that", {
  timeout: 120_000,
  skip: process.platform !== "linux" && "only Linux says how much a process took at most",
}, async (context) => {
  await using folder = await newFolder();
  await using server = await startProcess({
    PORT: String(await freePort()),
    HOST: "127.0.0.1",
    DATA_DIR: join(folder.path, "data"),
    RATE_LIMITS: "off",
    OLLAMA_BASE_URL: "http://127.0.0.1:9",
  });
  /** In MB, since it began. */
  const mostTaken = async (): Promise<number> =>
    Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${server.pid}/status`, "utf8"))?.[1]) / 1024;
  // What the first upload loads is not what uploads hold.
  await upload(server.url, "first", { type: "text/plain" });
  const before = await mostTaken();
  const file = Buffer.alloc(40 * 1024 * 1024);
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, number) =>
      upload(server.url, Buffer.from(file.fill(97 + number)), { type: "text/plain" }),
    ),
  );
  for (const { status } of answers) assert.equal(status, 201);
  const grown = (await mostTaken()) - before;
  context.diagnostic(`320 MB of uploads at once: the process grew by ${Math.round(grown)} MB`);
  assert.ok(grown < 160, `${Math.round(grown)} MB`);
});
