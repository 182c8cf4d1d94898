// A store of an older version, opened by this one: the table of messages is made anew.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, statSync, watch } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { indexable } from "../src/adapters/stores/sql/search-words.ts";
import { MIGRATIONS } from "../src/adapters/stores/sqlite/migrations.ts";
import { openSqliteStore } from "../src/adapters/stores/sqlite/store.ts";
import { workFolder } from "./cli-runner.ts";

/** The last version in which the id of a message was unique over all owners. */
const OLD_VERSION = 9;
const PAGE = { limit: 9, offset: 0 };
const MARIA = { tenantId: "one", userId: "mária" };
const OTHER = { tenantId: "two", userId: "mária" };

const directories: string[] = [];
after(() => Promise.all(directories.map((it) => rm(it, { recursive: true, force: true }))));

type OldMessage = {
  readonly rowId: number;
  readonly id: string;
  readonly conversationId: string;
  readonly tenantId: string;
  readonly sequence: number;
  readonly status: string;
  readonly content: string;
};

/** A data folder as the old version left it, with these messages. */
async function oldFolder(
  messages: Iterable<OldMessage>,
  directory?: string,
): Promise<{ directory: string; file: string }> {
  const made = directory ?? (await mkdtemp(join(tmpdir(), "colloquy-migration-")));
  if (directory === undefined) directories.push(made);
  mkdirSync(made, { recursive: true, mode: 0o700 });
  const file = join(made, "colloquy.db");
  using database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;");
  for (const migration of MIGRATIONS.slice(0, OLD_VERSION)) database.exec(migration);
  database.exec(`PRAGMA user_version = ${OLD_VERSION}; BEGIN`);
  const insertConversation = database.prepare(`INSERT OR IGNORE INTO conversations (id, tenant_id,
    owner_id, is_pinned, origin, next_sequence, created_at, updated_at)
    VALUES (?, ?, 'mária', 0, 'chat-v1', 100000, 1, 1)`);
  const insertMessage =
    database.prepare(`INSERT INTO messages (row_id, id, conversation_id, tenant_id,
    owner_id, sequence, role, status, model, usage, error, created_at, finished_at, content, reasoning,
    reasoning_ms, finish_reason, interrupted_by) VALUES (?, ?, ?, ?, 'mária', ?, 'assistant', ?, 'a/model',
    '{"promptTokens":1,"completionTokens":2,"totalTokens":3}', null, 5, 6, ?, 'thoughts', 7, 'stop', null)`);
  for (const { rowId, id, conversationId, tenantId, sequence, status, content } of messages) {
    insertConversation.run(conversationId, tenantId);
    insertMessage.run(rowId, id, conversationId, tenantId, sequence, status, content);
  }
  database.exec("COMMIT");
  return { directory: made, file };
}

/** What a version keeps of messages: every row, and what the table has around it. */
function messagesIn(file: string) {
  using database = new DatabaseSync(file);
  const rows = database
    .prepare("SELECT * FROM messages ORDER BY row_id")
    .all()
    .map((row) => ({ ...row }));
  const parts = database
    .prepare(`SELECT type, name, sql FROM sqlite_schema WHERE tbl_name = 'messages'
      AND type <> 'table' AND sql IS NOT NULL ORDER BY name`)
    .all();
  const version = Number(Object.values(database.prepare("PRAGMA user_version").get() ?? {})[0]);
  return { rows, parts, version };
}

test("a store of the version before keeps every message, what is found by its words, what is in progress, and its triggers", async () => {
  const inside = (tenantId: string, conversationId: string) => ({ tenantId, conversationId });
  const [hers, theirs] = [inside("one", randomUUID()), inside("two", randomUUID())];
  const message = (rowId: number, sequence: number, content: string, status = "complete") => ({
    rowId,
    id: randomUUID(),
    sequence,
    content,
    status,
  });
  const given: OldMessage[] = [
    // Numbers with gaps, as deleting leaves them.
    { ...hers, ...message(7, 0, "A xylophone at dawn") },
    { ...theirs, ...message(1000, 0, "Their xylophone") },
    { ...hers, ...message(1003, 5, "", "streaming") },
    { ...hers, ...message(1004, 2, "Zanzibar") },
    { ...hers, ...message(1005, 3, `${"Words ".repeat(9_000)} quagga`) },
    { ...hers, ...message(1006, 4, `${"Words ".repeat(9_000)} okapi`) },
  ];
  const { directory, file } = await oldFolder(given);
  const idOf = (rowId: number) => given.find((it) => it.rowId === rowId)?.id ?? "";
  {
    using database = new DatabaseSync(file);
    // As the old version's own index had them.
    database.exec(`INSERT INTO search_owners VALUES (1, 'one', 'mária'), (2, 'two', 'mária');
      UPDATE search_progress SET messages = 1005, conversations = 2;
      INSERT INTO search_pending VALUES (2006)`);
    const index = database.prepare("INSERT INTO search_index (rowid, text) VALUES (?, ?)");
    for (const { rowId, tenantId, content } of given)
      if (content && rowId < 1006)
        index.run(rowId * 2, indexable(tenantId === "one" ? "1m" : "2m", content));
    const piece = database.prepare("INSERT INTO reply_pieces VALUES (?, 'mária', ?, ?, ?, '')");
    for (const [number, text] of ["What a ", "crash left"].entries())
      piece.run("one", idOf(1003), number, text);
  }
  const before = messagesIn(file);
  assert.equal(before.version, OLD_VERSION);
  const told: string[] = [];
  {
    await using store = await openSqliteStore({
      directory,
      exclusive: true,
      onMigration: (words) => told.push(words),
    });
    const now = messagesIn(file);
    assert.ok(now.version > OLD_VERSION);
    assert.deepEqual(
      now.rows.map((row, place) => ({ ...before.rows[place], ...row })),
      now.rows,
      "no column was lost",
    );
    assert.deepEqual(
      before.rows.map((row, place) => ({ ...now.rows[place], ...row })),
      now.rows,
      "no value was changed",
    );
    for (const part of before.parts)
      assert.deepEqual(
        now.parts.find(({ name }) => name === part.name),
        part,
      );
    assert.match(
      told[0] ?? "",
      /from version 9 to \d+\. With about 1006 messages.*nothing is lost/,
    );
    assert.match(told[1] ?? "", /has version \d+ now/);

    const idsFor = async (owner: typeof MARIA, query: string) =>
      (await store.search(owner, query, PAGE)).hits.map((hit) => hit.message?.id);
    assert.deepEqual(await idsFor(MARIA, "xylophone"), [idOf(7)]);
    assert.deepEqual(await idsFor(OTHER, "xylophone"), [idOf(1000)]);
    assert.deepEqual(await idsFor(MARIA, "zanzibar"), [idOf(1004)]);
    const [abandoned] = await store.interruptAbandonedReplies(new Date());
    assert.equal(abandoned?.replyId, idOf(1003));
    assert.equal((await store.getMessage(MARIA, idOf(1003)))?.content, "What a crash left");

    assert.deepEqual(await idsFor(MARIA, "quagga"), [idOf(1005)], "as the old version had it");
    assert.deepEqual(await idsFor(MARIA, "okapi"), [idOf(1006)], "in pieces");
    await store.deleteMessage(MARIA, idOf(1006));
    assert.deepEqual(await idsFor(MARIA, "okapi"), []);
    await store.deleteMessage(MARIA, idOf(1005));
    assert.deepEqual(await idsFor(MARIA, "words"), []);

    await store.deleteMessage(MARIA, idOf(7));
    assert.deepEqual(await idsFor(MARIA, "xylophone"), []);
    assert.deepEqual(await idsFor(OTHER, "xylophone"), [idOf(1000)]);
  }
  using database = new DatabaseSync(file);
  const counted = (table: string, where: string) =>
    database.prepare(`SELECT count(*) AS number FROM ${table} WHERE ${where}`).get()?.number;
  assert.equal(counted("search_index", "rowid = 14"), 0, "the trigger took it out of the index");
  assert.equal(counted("search_index", "rowid < 0 OR rowid = 2010"), 0, "nor are long texts left");
  assert.equal(counted("reply_pieces", "1"), 0);
  database.exec(`INSERT INTO reply_pieces (tenant_id, owner_id, reply_id, number, content, reasoning)
      VALUES ('two', 'mária', '${idOf(1000)}', 0, 'x', '');
    UPDATE messages SET status = 'streaming' WHERE row_id = 1000;
    DELETE FROM messages WHERE row_id = 1000`);
  assert.equal(counted("reply_pieces", "1"), 0, "the trigger took its pieces");
  assert.equal(database.prepare("PRAGMA integrity_check").get()?.integrity_check, "ok");
});

test("a server that is killed while it brings its store to the new version leaves it as it was, and the next one does it", async () => {
  // More than the connection's cache holds, so that the unfinished version reaches the disk.
  const text = "Words ".repeat(1300);
  const conversationId = randomUUID();
  const { directory, file } = await oldFolder(
    (function* () {
      for (let sequence = 0; sequence < 15_000; sequence++)
        yield {
          rowId: sequence + 1,
          id: randomUUID(),
          conversationId,
          tenantId: "one",
          sequence,
          status: "complete",
          content: text + sequence,
        };
    })(),
  );
  const contentOf = () => {
    using database = new DatabaseSync(file, { readOnly: true });
    return database
      .prepare("SELECT count(*) AS messages, sum(length(content)) AS characters FROM messages")
      .get();
  };
  const before = contentOf();
  const script = `
    import { openSqliteStore } from ${JSON.stringify(import.meta.resolve("../src/adapters/stores/sqlite/store.ts"))};
    await (await openSqliteStore({ directory: ${JSON.stringify(directory)}, exclusive: true })).close();
  `;
  const log = join(directory, "colloquy.db-wal");
  const hasBegun = Promise.withResolvers<void>();
  const watching = watch(directory, () => {
    if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) > 1024 ** 2) hasBegun.resolve();
  });
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const exited = once(child, "exit");
  await Promise.race([hasBegun.promise, exited]);
  watching.close();
  assert.equal(child.exitCode, null, "it was killed in the middle");
  child.kill("SIGKILL");
  await exited;
  assert.deepEqual(contentOf(), before);
  {
    using database = new DatabaseSync(file, { readOnly: true });
    assert.equal(database.prepare("PRAGMA user_version").get()?.user_version, OLD_VERSION);
  }
  await using store = await openSqliteStore({ directory, exclusive: true });
  assert.deepEqual(contentOf(), before);
  const owner = { tenantId: "one", userId: "mária" };
  const [last] = (await store.listMessages(owner, conversationId, { limit: 1 })) ?? [];
  assert.equal(last?.content, `${text}14999`);
});

test("a command says that it brings the store to the new version, once", async () => {
  await using folder = await workFolder();
  const one = { id: randomUUID(), conversationId: randomUUID(), tenantId: "one" };
  await oldFolder(
    [{ ...one, rowId: 1, sequence: 0, status: "complete", content: "Hello" }],
    folder.data,
  );
  const first = await folder.run(["keys", "list"]);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /brought from version 9 to .*free space/);
  assert.doesNotMatch((await folder.run(["keys", "list"])).stderr, /version/);
});
