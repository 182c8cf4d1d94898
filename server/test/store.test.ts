import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createReads } from "../src/adapters/stores/sql/operations.ts";
import { createRunBatch, type Request } from "../src/adapters/stores/sqlite/batch.ts";
import { createKeptCount } from "../src/adapters/stores/sqlite/conversation-counts.ts";
import { openDatabase } from "../src/adapters/stores/sqlite/database.ts";
import { toStoreError } from "../src/adapters/stores/sqlite/errors.ts";
import { createExecutor } from "../src/adapters/stores/sqlite/executor.ts";
import { createSearchReads } from "../src/adapters/stores/sqlite/search.ts";
import { sqliteStatementWriter } from "../src/adapters/stores/sqlite/statement-writer.ts";
import { openSqliteStore } from "../src/adapters/stores/sqlite/store.ts";
import { createThreadWork } from "../src/adapters/stores/sqlite/thread-messages.ts";
import { AppError } from "../src/domain/errors.ts";
import type { Store } from "../src/ports/store.ts";
import { openOperations } from "./sqlite-operations.ts";
import { storeContract } from "./store.contract.ts";
import {
  aConversation,
  aMessage,
  anEnding,
  aPiece,
  aTurn,
  begun,
  inExisting,
  newOwner,
  withCode,
} from "./store-contract/fixtures.ts";

const directories: string[] = [];
async function freshDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "colloquy-store-"));
  directories.push(directory);
  return directory;
}
after(() => Promise.all(directories.map((it) => rm(it, { recursive: true, force: true }))));

const directoryOf = new WeakMap<Store, string>();
storeContract("sqlite", async (closed) => {
  const directory = (closed && directoryOf.get(closed)) ?? (await freshDirectory());
  const store = await openSqliteStore({ directory, exclusive: true });
  directoryOf.set(store, directory);
  return store;
});

const says = (code: AppError["code"], words: RegExp) => (error: unknown) =>
  error instanceof AppError && error.code === code && words.test(error.message);

describe("the SQLite store's folder", () => {
  test("is made when it is missing, for its owner alone", async () => {
    const directory = join(await freshDirectory(), "made", "on demand");
    await using store = await openSqliteStore({ directory, exclusive: true });
    await store.createConversation(newOwner(), aConversation(), []);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    const files = await readdir(directory);
    assert.ok(files.includes("colloquy.db") && files.includes("colloquy.db-wal"));
    for (const file of files)
      assert.equal((await stat(join(directory, file))).mode & 0o777, 0o600, file);
  });

  test("keeps everything from one opening to the next", async () => {
    const directory = await freshDirectory();
    const owner = newOwner();
    const given = aConversation();
    let before: unknown;
    {
      await using store = await openSqliteStore({ directory, exclusive: true });
      await store.createConversation(owner, given, [aMessage("one"), aMessage("two")]);
      before = await Array.fromAsync(store.exportRecords());
    }
    await using store = await openSqliteStore({ directory, exclusive: true });
    assert.deepEqual(await Array.fromAsync(store.exportRecords()), before);
    assert.equal((await store.search(owner, "two", { limit: 9, offset: 0 })).total, 1);
  });

  test("is one server's: a second one is refused in words, a tool is not", async () => {
    const directory = await freshDirectory();
    const owner = newOwner();
    const given = aConversation();
    {
      await using store = await openSqliteStore({ directory, exclusive: true });
      await assert.rejects(
        openSqliteStore({ directory, exclusive: true }),
        says("unavailable", /Another Colloquy server is using the data folder .*DATA_DIR/),
      );
      await using tool = await openSqliteStore({ directory, exclusive: false });
      await tool.createConversation(owner, given, []);
      assert.ok(await store.getConversation(owner, given.id));
      assert.equal(begun(await store.beginTurn(owner, aTurn(inExisting(given.id)))).created, false);
      assert.ok(await tool.latestTurn(owner, given.id));
    }
    await using again = await openSqliteStore({ directory, exclusive: true });
    assert.ok(await again.getConversation(owner, given.id));
  });

  test("is free again when its server was killed, with all that was acknowledged", async () => {
    const directory = await freshDirectory();
    const owner = newOwner();
    const given = aConversation();
    const script = `
      import { openSqliteStore } from ${JSON.stringify(import.meta.resolve("../src/adapters/stores/sqlite/store.ts"))};
      const store = await openSqliteStore({ directory: ${JSON.stringify(directory)}, exclusive: true });
      await store.createConversation(${JSON.stringify(owner)}, { ...${JSON.stringify(given)}, createdAt: new Date(0) }, []);
      process.stdout.write("stored");
      setInterval(() => {}, 1_000);
    `;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
    assert.equal(child.exitCode, null);
    await assert.rejects(openSqliteStore({ directory, exclusive: true }), withCode("unavailable"));
    child.kill("SIGKILL");
    await once(child, "exit");
    await using store = await openSqliteStore({ directory, exclusive: true });
    assert.ok(await store.getConversation(owner, given.id));
    assert.equal((await store.listConversations(owner, { limit: 1, offset: 0 })).total, 1);
  });

  test("that cannot be made is refused in words", async () => {
    const file = join(await freshDirectory(), "a file");
    await writeFile(file, "");
    await assert.rejects(
      openSqliteStore({ directory: join(file, "data"), exclusive: true }),
      says("unavailable", /data folder .* cannot be used .*DATA_DIR/),
    );
  });

  test("with a database of a newer version, or none at all, is refused in words", async () => {
    const newer = await freshDirectory();
    await (await openSqliteStore({ directory: newer, exclusive: true })).close();
    const database = new DatabaseSync(join(newer, "colloquy.db"));
    database.exec("PRAGMA user_version = 999");
    database.close();
    await assert.rejects(
      openSqliteStore({ directory: newer, exclusive: true }),
      says("unavailable", /newer Colloquy \(its version is 999.*Upgrade/),
    );
    const broken = await freshDirectory();
    await writeFile(join(broken, "colloquy.db"), "This is not a database. ".repeat(400));
    await assert.rejects(
      openSqliteStore({ directory: broken, exclusive: true }),
      says("unavailable", /not a SQLite database/),
    );
  });
});

describe("group commit", () => {
  /** The transactions in the write-ahead log: the frames that end one have a size in their header. */
  async function countTransactions(directory: string): Promise<number> {
    const log = await readFile(join(directory, "colloquy.db-wal"));
    const frameBytes = 24 + log.readUInt32BE(8);
    let transactions = 0;
    for (let place = 32; place + frameBytes <= log.length; place += frameBytes)
      if (log.readUInt32BE(place + 4) > 0) transactions++;
    return transactions;
  }

  test("writes that arrive together share a transaction", async () => {
    const directory = await freshDirectory();
    await using store = await openSqliteStore({ directory, exclusive: false });
    const owner = newOwner();
    const { id } = await store.createConversation(owner, aConversation(), []);
    const before = await countTransactions(directory);
    const turns = await Promise.all(
      Array.from({ length: 500 }, () => store.beginTurn(owner, aTurn(inExisting(id)))),
    );
    await Promise.all(
      turns.map((turn) => store.finishReply(owner, begun(turn).reply.id, anEnding("x"))),
    );
    const transactions = (await countTransactions(directory)) - before;
    assert.ok(transactions >= 2 && transactions <= 20, `${transactions} transactions`);
  });

  test("what others write goes before the ends of long replies; an owner's own writes stay in their order", async () => {
    await using store = await openSqliteStore({
      directory: await freshDirectory(),
      exclusive: true,
    });
    const LONG = "long ".repeat(200_000);
    const talkers = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const owner = newOwner();
        const { id } = await store.createConversation(owner, aConversation(), []);
        return {
          owner,
          id,
          reply: begun(await store.beginTurn(owner, aTurn(inExisting(id)))).reply,
        };
      }),
    );
    const other = newOwner();
    const { id: others } = await store.createConversation(other, aConversation(), []);
    let isWritten = false;
    const ends = talkers.map(async ({ owner, reply }) => {
      const end = await store.finishReply(owner, reply.id, anEnding(LONG));
      return { wasWritten: isWritten, status: end?.status };
    });
    const deletions = talkers.map(({ owner, id }) => store.deleteConversation(owner, id));
    await store.appendMessage(other, others, aMessage("a word"));
    isWritten = true;
    const stored = { wasWritten: true, status: "complete" };
    assert.deepEqual(await Promise.all(ends), Array(6).fill(stored), "before they were deleted");
    assert.deepEqual(await Promise.all(deletions), Array(6).fill(true));
  });

  test("the input of a turn that has megabytes is read in pieces, between which others are served", async () => {
    await using store = await openSqliteStore({
      directory: await freshDirectory(),
      exclusive: true,
    });
    const owner = newOwner();
    const { id } = await store.createConversation(owner, aConversation(), []);
    const inputs = 5_000;
    const input = Array.from({ length: inputs }, (_, place) => ({
      ...({ id: crypto.randomUUID(), role: "user", content: `${place} `.repeat(1_000) } as const),
      ...{ reasoning: null, parts: null, createdAt: new Date() },
    }));
    const turn = { ...aTurn(inExisting(id)), input, turn: { inputs } };
    const { reply } = begun(await store.beginTurn(owner, turn));
    let isRead = false;
    let turns = 0;
    const reading = store.getTurn(owner, reply.id).finally(() => {
      isRead = true;
    });
    for (; !isRead; turns++) await nextTurn();
    const contentsOf = (messages: readonly { content: string }[] = []) =>
      messages.map(({ content }) => content);
    assert.deepEqual(contentsOf((await reading)?.input), contentsOf(input));
    // What is read at once has been read before anybody else has a turn.
    assert.ok(turns > 1, `${turns} turns of the event loop`);
  });

  test("one that fails after it changed something fails alone", async () => {
    const directory = await freshDirectory();
    await using store = await openSqliteStore({ directory, exclusive: true });
    const owner = newOwner();
    const { id } = await store.createConversation(owner, aConversation(), []);
    const taken = aTurn(inExisting(id), "first");
    await store.beginTurn(owner, taken);
    const guilty = { ...taken, userMessage: { ...taken.userMessage, content: "second" } };
    const results = await Promise.allSettled([
      store.appendMessage(owner, id, aMessage("a")),
      store.beginTurn(owner, guilty),
      store.appendMessage(owner, id, aMessage("b")),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    const contents = (await store.listMessages(owner, id))?.map(({ content }) => content);
    assert.deepEqual(contents, ["first", "a", "b"]);
  });
});

describe("a full disk", () => {
  test("refuses writes, answers reads, and takes writes again when there is room", async () => {
    using database = openDatabase(await freshDirectory(), "FULL");
    const { writes } = createThreadWork(sqliteStatementWriter());
    const runBatch = createRunBatch(database, createExecutor(database), { check() {} });
    const owner = newOwner();
    const given = aConversation();
    const append =
      (content: string): Request =>
      () =>
        writes.appendMessages(owner, given.id, [aMessage(content)]);
    const contents = () =>
      database
        .prepare("SELECT content FROM messages ORDER BY sequence")
        .all()
        .map(({ content }) => String(content).slice(0, 5));

    runBatch([() => writes.createConversation(owner, given, []), append("first")]);
    const { page_count: pages } = database.prepare("PRAGMA page_count").get() ?? {};
    database.exec(`PRAGMA max_page_count = ${Number(pages) + 2}`);
    const outcomes = runBatch([append("small"), append("large".repeat(20_000)), append("short")]);
    assert.deepEqual(
      outcomes.map(({ isStored }) => isStored),
      [true, false, true],
    );
    const problem = outcomes[1]?.isStored === false && toStoreError(outcomes[1].problem);
    assert.ok(says("unavailable", /disk is full/)(problem));
    assert.ok(problem instanceof AppError && (problem.retryAfterMs ?? 0) > 0);
    assert.deepEqual(contents(), ["first", "small", "short"]);

    database.exec("PRAGMA max_page_count = 1000000");
    runBatch([append("large".repeat(20_000))]);
    assert.deepEqual(contents(), ["first", "small", "short", "large"]);
  });
});

test("the parameter of a LIMIT has a sign, without which SQLite plans the statement again each time", () => {
  const limits: string[] = [];
  const writer = sqliteStatementWriter(({ sql }) => {
    for (const [, value = ""] of sql.matchAll(/\b(?:limit|offset)\s+(\S+)/giu)) limits.push(value);
  });
  createReads(writer, createKeptCount(writer));
  createThreadWork(writer);
  createSearchReads(writer, () => false);
  assert.ok(limits.length > 10);
  assert.deepEqual(
    limits.filter((value) => !/^\+|^\d/u.test(value)),
    [],
  );
});

test("nothing of the audit log can be changed or deleted, by no statement", async () => {
  const directory = await freshDirectory();
  await using store = await openSqliteStore({ directory, exclusive: false });
  const event = { action: "refused", at: new Date(), count: 1, reason: "forbidden" } as const;
  const nobody = { tenantId: null, userId: null, actor: null, address: null, about: null };
  await store.appendAuditEvents([{ ...event, ...nobody }]);
  const database = new DatabaseSync(join(directory, "colloquy.db"));
  for (const statement of [
    "DELETE FROM audit_events",
    "UPDATE audit_events SET reason = 'other'",
    "REPLACE INTO audit_events (row_id, at, action, count) VALUES (1, 1, 'refused', 1)",
  ])
    assert.throws(() => database.exec(statement), /only ever added to/, statement);
  database.close();
  assert.equal((await store.listAuditEvents({ limit: 9 })).length, 1);
});

test("a reply that ends while the input of its turn is read is told with its words", () => {
  using operations = openOperations();
  const { executor, reads, writes } = operations;
  const owner = newOwner();
  const { id } = aConversation();
  executor.run(writes.createConversation(owner, aConversation({ id }), []));
  const turn = aTurn(inExisting(id));
  const said = { ...turn.userMessage, role: "user", reasoning: null, parts: null } as const;
  executor.run(writes.beginTurn(owner, { ...turn, input: [said], turn: { inputs: 1 } }));
  const replyId = turn.reply.id;
  executor.run(writes.checkpoint([aPiece(owner, replyId, "so far")]));
  const reading = reads.getTurn(owner, replyId);
  let step = reading.next();
  for (let statements = 1; !step.done; statements++) {
    const rows = executor.execute(step.value);
    if (statements === 2) executor.run(writes.finishReply(owner, replyId, anEnding("whole"), true));
    step = reading.next(rows);
  }
  assert.deepEqual([step.value?.reply.content, step.value?.input.length], ["so far", 1]);
});
