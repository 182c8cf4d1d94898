import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, describe, test } from "node:test";
import { PostgresQueryCompiler } from "kysely";
import { Client } from "pg";
import { createReplicaWrites } from "../src/adapters/stores/postgres/replicas.ts";
import { createSearchReads } from "../src/adapters/stores/postgres/search.ts";
import { createSearchChanges } from "../src/adapters/stores/postgres/search-index.ts";
import { openPostgresStore } from "../src/adapters/stores/postgres/store.ts";
import { createCount } from "../src/adapters/stores/sql/conversation-lists.ts";
import { createReads, createWrites } from "../src/adapters/stores/sql/operations.ts";
import { createStatementWriter } from "../src/adapters/stores/sql/statement-writer.ts";
import { AppError } from "../src/domain/errors.ts";
import { attachmentOf } from "../src/domain/file.ts";
import type { Store } from "../src/ports/store.ts";
import { skipWithoutPostgres, startPostgres } from "./postgres-server.ts";
import { createDatabase, createMigratedDatabase, type TestDatabase } from "./services.ts";
import { storeContract } from "./store.contract.ts";
import { aFile } from "./store-contract/files.ts";
import {
  aConversation,
  aMessage,
  anEnding,
  aPiece,
  aTurn,
  begun,
  completeTurn,
  inExisting,
  newOwner,
  strangersTo,
} from "./store-contract/fixtures.ts";
import { aMemory } from "./store-contract/memories.ts";
import { aProject } from "./store-contract/projects.ts";
import { aPrompt } from "./store-contract/prompts.ts";

const skip = skipWithoutPostgres();
const OWNED = [
  "conversations",
  "messages",
  "branches",
  "replaced_messages",
  "reply_pieces",
  "reply_steps",
  "agents",
  "idempotency_keys",
  "files",
  "file_links",
  "shares",
  "profiles",
  "prompts",
  "memories",
  "projects",
  "tool_sign_ins",
];
const SEARCH = ["search_titles", "search_messages"];

describe("PostgreSQL", { skip }, () => {
  const databases: TestDatabase[] = [];
  after(() => Promise.all(databases.map((it) => it[Symbol.asyncDispose]())));
  async function freshUrl(): Promise<string> {
    const database = await createMigratedDatabase();
    databases.push(database);
    return database.url;
  }

  const urlOf = new WeakMap<Store, string>();
  storeContract("postgres", async (closed) => {
    const url = (closed && urlOf.get(closed)) ?? (await freshUrl());
    const store = await openPostgresStore({ url, isServer: true });
    urlOf.set(store, url);
    return store;
  });

  /** Statements by hand, as the store's own user. */
  async function byHand(url: string) {
    const client = new Client({ connectionString: url });
    await client.connect();
    return {
      rows: async (statement: string, values: unknown[] = []) =>
        (await client.query(statement, values)).rows,
      changes: async (statement: string) => (await client.query(statement)).rowCount,
      [Symbol.asyncDispose]: () => client.end(),
    };
  }

  test("[R2] a statement that forgets the owner sees, changes and deletes nothing of anybody's", async () => {
    const url = await freshUrl();
    await using store = await openPostgresStore({ url, isServer: true });
    const owner = newOwner();
    for (const who of [owner, ...strangersTo(owner)]) {
      const { id } = await store.createConversation(who, aConversation({ title: "T" }), []);
      const idempotency = { key: "k", fingerprint: "f" };
      const file = await store.createFile(who, aFile({ name: "secret" }), null);
      const attachments = [attachmentOf(file)];
      const turn = aTurn(inExisting(id), "secret", { idempotency });
      await store.beginTurn(who, { ...turn, userMessage: { ...turn.userMessage, attachments } });
      const replaceFrom = turn.userMessage.id;
      const target = { kind: "existing", conversationId: id, replaceFrom } as const;
      const second = aTurn(target, "secret");
      await store.beginTurn(who, second);
      const place = { kind: "answer", questionId: second.userMessage.id } as const;
      await store.beginTurn(who, aTurn({ kind: "existing", conversationId: id, place }));
      await store.checkpoint([aPiece(who, second.reply.id, "secret")]);
      await store.noteSteps(who, second.reply.id, { epoch: 0, state: { secret: true } }, null);
      const link = { id: "link", token: `token of ${who.tenantId} ${who.userId}` };
      const [createdAt, expiresAt] = [new Date(), new Date(Date.now() + 60_000)];
      const share = { ...link, conversationId: id, lastSequence: 0, createdAt, expiresAt };
      await store.createShare(who, share, { at: createdAt, actor: "test" });
      await store.switchMemory(who, true, new Date());
      await store.createMemory(who, aMemory());
      await store.createPrompt(who, aPrompt());
      await store.putTokens(who, "source", "secret", { at: createdAt, actor: "test" });
      await store.createProject(who, aProject());
      await store.createAgent(who, {
        id: "agent",
        name: "A",
        instructions: "",
        model: null,
        temperature: null,
        voice: null,
        tools: null,
        createdAt: new Date(0),
        updatedAt: new Date(0),
      });
      await store.search(who, "secret", { limit: 1, offset: 0 });
    }
    await using hand = await byHand(url);
    for (const table of [...OWNED, ...SEARCH]) {
      assert.deepEqual(await hand.rows(`SELECT * FROM ${table}`), [], table);
      assert.equal(await hand.changes(`UPDATE ${table} SET owner_id = 'me'`), 0, table);
      assert.equal(await hand.changes(`DELETE FROM ${table}`), 0, table);
    }
    await hand.rows("BEGIN");
    const enter =
      "SELECT set_config('colloquy.tenant_id', $1, true), set_config('colloquy.owner_id', $2, true)";
    await hand.rows(enter, [owner.tenantId, owner.userId]);
    for (const table of [...OWNED, ...SEARCH]) {
      const rows = await hand.rows(`SELECT DISTINCT tenant_id, owner_id FROM ${table}`);
      assert.deepEqual(rows, [{ tenant_id: owner.tenantId, owner_id: owner.userId }], table);
    }
    await assert.rejects(
      hand.rows("UPDATE conversations SET owner_id = 'somebody else'"),
      /row-level security/,
    );
    await hand.rows("ROLLBACK");
    assert.deepEqual(await hand.rows("SELECT * FROM messages"), [], "after the transaction too");
  });

  test("[R2] every statement names tenant and owner, but those of the operator's archive, of housekeeping and of finding whose a conversation or a link is", () => {
    const statements: string[] = [];
    const write = createStatementWriter(
      () => new PostgresQueryCompiler(),
      ({ sql }) => statements.push(sql),
    );
    createReads(write, createCount(write));
    createWrites(write, createSearchChanges(write));
    createSearchReads(write);
    createReplicaWrites(write, 1);
    const ofOwners = statements.filter((sql) =>
      [...OWNED, ...SEARCH].some((table) =>
        new RegExp(`(?:from|into|update) "?${table}\\b`, "i").test(sql),
      ),
    );
    assert.ok(ofOwners.length > 60, `${ofOwners.length} statements`);
    const isBare = (sql: string) =>
      !/tenant_id"? ?(?:=|,)/.test(sql) || !/owner_id"? ?(?:=|,)/.test(sql);
    const bare = [...new Set(ofOwners.filter(isBare))];
    for (const sql of bare)
      assert.match(
        sql,
        /^select count\(\*\) as "total" from "\w+"(?: where "status" = 'streaming')?$|^select .* where "row_id" > \$1 order by "row_id" limit \$2$|^delete from "idempotency_keys" where "created_at" < \$1$|^delete from "replaced_messages" where "replaced_at" < \$1$|^select "id" from "files" where "sha256" = \$1 limit \$2$|^select \* from "files" where \("sha256" > \$1 or \("sha256" = \$2 and "row_id" > \$3\)\) order by "sha256", "row_id" limit \$4$|^select \* from "shares" where "token" = \$1 and "expires_at" > \$2$|^select "id", "tenant_id", "owner_id" from "conversations" where "expires_at" <= \$1 order by "expires_at" limit \$2$|^select "owner_id" from "conversations" where "id" = \$1 and "tenant_id" = \$2$/,
      );
    assert.ok(bare.length >= 6 && bare.length <= 22, `${bare.length} bare statements`);
  });

  test("writes that arrive together share transactions, those of many owners too; a wrong one fails alone", async () => {
    const url = await freshUrl();
    let commits = 0;
    const onCommit = () => commits++;
    await using store = await openPostgresStore({ url, isServer: true, onCommit });
    const owners = Array.from({ length: 50 }, newOwner);
    const ids = await Promise.all(
      owners.map(async (owner) => (await store.createConversation(owner, aConversation(), [])).id),
    );
    const taken = aTurn(inExisting(ids[0]!), "first");
    await store.beginTurn(owners[0]!, taken);
    commits = 0;
    const results = await Promise.allSettled([
      ...owners.map((owner, place) => store.beginTurn(owner, aTurn(inExisting(ids[place]!)))),
      store.beginTurn(owners[0]!, { ...taken, target: inExisting(ids[0]!) }),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      [...owners.map(() => "fulfilled"), "rejected"],
    );
    assert.ok(commits <= 10, `${commits} transactions for 51 writes`);
    const turn = results[7];
    assert.ok(turn?.status === "fulfilled");
    assert.ok(await store.finishReply(owners[7]!, begun(turn.value).reply.id, anEnding("x")));
  });

  test("many servers and owners at once: nothing waits for each other in a circle", async () => {
    const url = await freshUrl();
    const stores = await Promise.all(
      Array.from({ length: 3 }, () => openPostgresStore({ url, isServer: true, poolSize: 4 })),
    );
    const owners = Array.from({ length: 12 }, newOwner);
    const ids = await Promise.all(
      owners.map(
        async (owner) => (await stores[0]!.createConversation(owner, aConversation(), [])).id,
      ),
    );
    await Promise.all(
      Array.from({ length: 300 }, (_, number) => {
        const place = (number * 7) % owners.length;
        const store = stores[number % stores.length]!;
        return completeTurn(store, owners[place]!, ids[place]!, `question ${number}`, "answer");
      }),
    );
    for (const [place, owner] of owners.entries()) {
      const messages = await stores[0]!.listMessages(owner, ids[place]!);
      assert.deepEqual(
        messages?.map(({ sequence }) => sequence),
        Array.from({ length: 50 }, (_, it) => it),
      );
    }
    await Promise.all(stores.map((store) => store.close()));
  });

  test("what is acknowledged is on disk, also where the database is told not to wait for it", async () => {
    await using server = await startPostgres(["wal_writer_delay=10s"]);
    const database = await createDatabase(server.url);
    const name = new URL(database.url).pathname.slice(1);
    await using administrator = await byHand(database.administratorUrl);
    await administrator.rows(`ALTER DATABASE ${name} SET synchronous_commit = off`);
    await using store = await openPostgresStore({ url: database.url, isServer: true });
    const flushed = async () =>
      (
        await administrator.rows(
          "SELECT pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn() AS is_all",
        )
      )[0].is_all;
    const owner = newOwner();
    let onDisk = 0;
    for (let round = 0; round < 20; round++) {
      await store.createConversation(owner, aConversation(), [aMessage("x".repeat(5_000))]);
      if (await flushed()) onDisk++;
    }
    // The database itself, tidying up, writes what nobody waits for. Without the promise none is on disk so soon.
    assert.ok(onDisk >= 10, `${onDisk} of 20`);
  });

  test("what somebody has who has much is gone through once for the first search, in short statements", async () => {
    const url = await freshUrl();
    await using store = await openPostgresStore({ url, isServer: true, patienceMs: 2_500 });
    const owner = newOwner();
    for (let round = 0; round < 8; round++) {
      const messages = Array.from({ length: 500 }, (_, place) => aMessage(`word ${place}`));
      await store.createConversation(owner, aConversation(), messages);
    }
    const search = () => store.search(owner, "word 499", { limit: 20, offset: 0 });
    let found = await search();
    while (found.isIndexing) found = await search();
    assert.equal(found.hits.length, 8);
  });

  test("what cannot be in a text of PostgreSQL is refused, and found nowhere", async () => {
    await using store = await openPostgresStore({ url: await freshUrl(), isServer: true });
    const owner = newOwner();
    const { id } = await store.createConversation(owner, aConversation(), []);
    assert.equal(await store.getConversation(owner, `${id}\0`), null);
    assert.deepEqual((await store.search(owner, "a\0b", { limit: 1, offset: 0 })).hits, []);
    const refused = (error: unknown) =>
      error instanceof AppError &&
      error.code === "invalid_request" &&
      /U\+0000/.test(error.message);
    const results = await Promise.allSettled([
      store.appendMessage(owner, id, aMessage("before")),
      store.appendMessage(owner, id, aMessage("a\0b")),
      store.createConversation(owner, aConversation({ title: "\0" }), []),
      store.appendMessage(owner, id, aMessage("after")),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected", "rejected", "fulfilled"],
    );
    for (const result of results)
      if (result.status === "rejected") assert.ok(refused(result.reason));
    const messages = await store.listMessages(owner, id);
    assert.deepEqual(
      messages?.map(({ content }) => content),
      ["before", "after"],
    );
  });

  test("who has much is found as fast as who has little, also while the database has not counted anything yet", async () => {
    const url = await freshUrl();
    await using store = await openPostgresStore({ url, isServer: true });
    const owner = newOwner();
    const messages = Array.from({ length: 300 }, (_, place) => aMessage(`${place}`));
    for (let round = 0; round < 5; round++)
      await store.createConversation(
        owner,
        aConversation(),
        messages.map((it) => aMessage(it.content)),
      );
    await using hand = await byHand(url);
    await hand.rows("SET plan_cache_mode = force_generic_plan");
    const who = "tenant_id = $1 AND owner_id = $2 AND";
    const lookups: [string, string, number][] = [
      [`UPDATE messages SET content = '' WHERE ${who} id = $3`, "messages_by_id", 3],
      [
        `SELECT * FROM messages WHERE ${who} conversation_id = $3 AND sequence = $4::int`,
        "messages_pkey",
        4,
      ],
      [
        `SELECT * FROM messages WHERE ${who} conversation_id = $3 AND sequence < $4::int ORDER BY sequence DESC`,
        "messages_pkey",
        4,
      ],
      [
        `UPDATE conversations SET updated_at = 0 WHERE ${who} id = $3`,
        "conversations_(?:by_id|pkey)",
        3,
      ],
      [`SELECT * FROM conversations WHERE ${who} alias = $3`, "conversations_by_alias", 3],
      [`SELECT * FROM conversations WHERE ${who} row_id = $3::int`, "conversations_by_row", 3],
    ];
    for (const [place, [statement, index, parameters]] of lookups.entries()) {
      const types = ["text", "text", "text", "int"].slice(0, parameters);
      if (statement.includes("$3::int")) types[2] = "int";
      await hand.rows(`PREPARE lookup${place} (${types.join(", ")}) AS ${statement}`);
      const values = Array(parameters).fill("'7'").join(", ");
      const plan = await hand.rows(`EXPLAIN EXECUTE lookup${place} (${values})`);
      const text = plan.map((line) => line["QUERY PLAN"]).join("\n");
      assert.match(text, new RegExp(`Index Scan (?:Backward )?using ${index} `), text);
    }
  });

  test("the longest name there is fits; a database of a newer version or another encoding is refused in words", async () => {
    const url = await freshUrl();
    {
      await using store = await openPostgresStore({ url, isServer: true });
      const owner = newOwner();
      const alias = randomBytes(128).toString("hex");
      const { id } = await store.createConversation(owner, aConversation({ alias }), []);
      assert.equal((await store.findConversationByAlias(owner, alias))?.id, id);
      await assert.rejects(store.createConversation(owner, aConversation({ alias }), []));
    }
    await using latin = await createDatabase(undefined, "LATIN1");
    await assert.rejects(
      openPostgresStore({ url: latin.url, isServer: true }),
      /kept in LATIN1, which cannot hold every text.*UTF8/,
    );
    await using hand = await byHand(url);
    await hand.rows("UPDATE schema_version SET version = 999");
    await assert.rejects(
      openPostgresStore({ url, isServer: true }),
      (error) =>
        error instanceof AppError &&
        /newer Colloquy \(its version is 999.*Upgrade/.test(error.message),
    );
  });
});
