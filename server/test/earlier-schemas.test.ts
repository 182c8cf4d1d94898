// A small database of every earlier schema, in both databases, brought to the newest one.
// Takes: 15 s
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { Client } from "pg";
import { MIGRATIONS as POSTGRES_MIGRATIONS } from "../src/adapters/stores/postgres/migrations.ts";
import { openPostgresStore } from "../src/adapters/stores/postgres/store.ts";
import { MIGRATIONS as SQLITE_MIGRATIONS } from "../src/adapters/stores/sqlite/migrations.ts";
import { openSqliteStore } from "../src/adapters/stores/sqlite/store.ts";
import type { Store } from "../src/ports/store.ts";
import { skipWithoutPostgres } from "./postgres-server.ts";
import { createDatabase } from "./services.ts";

const OWNER = { tenantId: "one", userId: "mária" };
const OTHER = { tenantId: "two", userId: "mária" };
const CONVERSATION = "0a1b2c3d-0000-4000-8000-000000000001";
const OTHER_CONVERSATION = "0a1b2c3d-0000-4000-8000-000000000002";
const MESSAGES = [10, 11, 12, 13].map((number) => `0a1b2c3d-0000-4000-8000-0000000000${number}`);
const [QUESTION = "", ANSWER = "", VERSION = "", THEIRS = ""] = MESSAGES;
const FILE = "0a1b2c3d-0000-4000-8000-000000000020";
const PROJECT = "0a1b2c3d-0000-4000-8000-000000000051";
const PROMPT = "0a1b2c3d-0000-4000-8000-000000000050";
const MEMORY = "0a1b2c3d-0000-4000-8000-000000000052";
const SHA256 = "ab".repeat(32);
const AT = 1_700_000_000_000;
const BRANCH_START = 2 ** 32;

type Value = string | number | null;
type Row = Readonly<Record<string, Value>>;

const one = { tenant_id: "one", owner_id: "mária" };
const two = { tenant_id: "two", owner_id: "mária" };

const message = (id: string, sequence: number, content: string): Row => ({
  ...one,
  id,
  conversation_id: CONVERSATION,
  sequence,
  role: sequence % 2 === 0 && sequence < BRANCH_START ? "user" : "assistant",
  status: "complete",
  model: null,
  usage: null,
  error: null,
  created_at: AT + 1,
  finished_at: AT + 2,
  content,
  reasoning: null,
});

/** What each table could hold. A schema gets the rows of the tables, and the values of the columns, that it has. */
const ROWS: Readonly<Record<string, readonly Row[]>> = {
  conversations: [
    {
      ...one,
      id: CONVERSATION,
      title: "Größe – 😀",
      is_pinned: 1,
      agent_id: "cook",
      mode: "brief",
      origin: "chat-v1",
      alias: "kitchen",
      next_sequence: 2,
      created_at: AT,
      updated_at: AT + 5,
      model: "a/model",
      next_branch: 2,
      active_branch: 1,
      metadata: '{"colour":"green"}',
      expires_at: AT + 9,
      is_archived: 1,
      project_id: PROJECT,
    },
    {
      ...two,
      id: OTHER_CONVERSATION,
      title: null,
      is_pinned: 0,
      agent_id: null,
      mode: null,
      origin: "dialogix",
      alias: null,
      next_sequence: 1,
      created_at: AT,
      updated_at: AT,
    },
  ],
  branches: [
    {
      ...one,
      conversation_id: CONVERSATION,
      branch: 1,
      parent_branch: 0,
      fork_sequence: 1,
      next_sequence: BRANCH_START + 1,
    },
  ],
  files: [
    {
      ...one,
      id: FILE,
      name: "a.txt",
      media_type: "text/plain",
      bytes: 5,
      counted_bytes: 4096,
      sha256: SHA256,
      state: "ready",
      width: null,
      height: null,
      created_at: AT,
    },
  ],
  messages: [
    {
      ...message(QUESTION, 0, "A xylophone?"),
      attachments: JSON.stringify([
        { id: FILE, name: "a.txt", mediaType: "text/plain", bytes: 5, width: null, height: null },
      ]),
    },
    {
      ...message(ANSWER, 1, "At dawn – 😀"),
      status: "interrupted",
      model: "a/model",
      usage: '{"promptTokens":1,"completionTokens":2,"totalTokens":3}',
      reasoning: "Well",
      reasoning_ms: 7,
      interrupted_by: "stopped",
      turn: '{"inputs":1}',
    },
    { ...message(THEIRS, 0, "Their xylophone"), ...two, conversation_id: OTHER_CONVERSATION },
  ],
  agents: [
    {
      ...one,
      id: "cook",
      name: "Cook",
      instructions: "Cook well",
      model: "a/model",
      temperature: 0.5,
      voice: null,
      created_at: AT,
      updated_at: AT,
    },
  ],
  profiles: [{ ...one, instructions: "Briefly – 😀", are_instructions_on: 1, updated_at: AT }],
  prompts: [
    {
      ...one,
      id: PROMPT,
      name: "Trip",
      text: "Three days in {{city}} – 😀",
      created_at: AT,
      updated_at: AT + 1,
    },
  ],
  memories: [{ ...one, id: MEMORY, text: "Has two cats – 😀", created_at: AT, updated_at: AT + 1 }],
  projects: [
    {
      ...one,
      id: PROJECT,
      name: "House",
      instructions: "Metric units – 😀",
      attachments: "[]",
      created_at: AT,
      updated_at: AT + 1,
    },
  ],
  api_keys: [
    {
      id: "ck_1",
      prefix: "clq_abc",
      hash: SHA256,
      name: "laptop",
      tenant_id: "one",
      user_id: "mária",
      act_as: 1,
      is_operator: 0,
      created_at: AT,
      revoked_at: AT + 9,
      models: '["a/*"]',
    },
  ],
  meta: [{ name: "claimed", value: "1" }],
  audit_events: [
    {
      at: AT,
      action: "key_created",
      tenant_id: "one",
      user_id: "mária",
      actor: "command line",
      address: null,
      about: "ck_1",
      reason: null,
      count: 1,
    },
  ],
  token_usage: [
    { ...one, day: 19_000, tokens: 90 },
    { tenant_id: "one", owner_id: "", day: 19_000, tokens: 90 },
  ],
  tickets: [
    {
      hash: SHA256,
      tenant_id: "one",
      user_id: "mária",
      proof: '{"kind":"none"}',
      is_operator: 0,
      expires_at: AT + 60_000,
    },
  ],
  shares: [
    {
      ...one,
      id: "0a1b2c3d-0000-4000-8000-000000000040",
      token: "t".repeat(43),
      conversation_id: CONVERSATION,
      last_sequence: BRANCH_START,
      created_at: AT,
      expires_at: AT + 60_000,
    },
  ],
  replaced_messages: [
    {
      ...message("0a1b2c3d-0000-4000-8000-000000000030", 1, "What was replaced"),
      replaced_by: VERSION,
      replaced_at: AT,
    },
  ],
};

/** Rows that mean something where there are branches alone. */
const VERSION_ROW = { ...message(VERSION, BRANCH_START, "At dusk"), parts: null };

/** SHA-256 of each migration, its first digits: to those that were released, nothing may be changed. */
const RELEASED = {
  SQLite: `3ec988db7645 efcb41f98598 c7da21895ceb 539e0c2aca40 1d7116fda776 4ea4da08a757 56319d1291c9
    8c1523234caa e1c34c1f820c 7c148b63e264 1438b4c4aa1a bfafc26743b6 34fd955f7813 789ddade5f2a
    4fdeb9ebcc24 24340bfc8290 469bae5da021 096655a1e4b1`,
  PostgreSQL: `cc0e160272e2 1e9036ac9bd4 349737b9ec11 aa6cec6f71f9 f87ca4fd593f d8ecd01b1458 f8e55316a02e
    be8ba608be1e ef42e68af1b5 a330a4825b38 ecb7a606f2e6 b39e0140bb5c 1d46922a89c2 71dfdeeeb21c
    4f08b74b1fcb b7fd4df165ca 4cfeba5562ef`,
};

test("the migrations of earlier versions are as they were", () => {
  const digestOf = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 12);
  for (const [name, migrations] of [
    ["SQLite", SQLITE_MIGRATIONS],
    ["PostgreSQL", POSTGRES_MIGRATIONS],
  ] as const) {
    const released = RELEASED[name].split(/\s+/);
    assert.deepEqual(
      migrations.slice(0, released.length).map(digestOf),
      released,
      `${name}: add a migration at the end instead`,
    );
  }
});

/** The tables of a database, with their columns. */
type Columns = ReadonlyMap<string, ReadonlySet<string>>;

function* statementsFor(columns: Columns, placeholder: (number: number) => string) {
  const rows = { ...ROWS };
  if (columns.has("branches")) rows.messages = [...(ROWS.messages ?? []), VERSION_ROW];
  for (const [table, all] of Object.entries(rows)) {
    const known = columns.get(table);
    if (!known) continue;
    for (const row of all) {
      const fields = Object.entries(row).filter(([name]) => known.has(name));
      const names = fields.map(([name]) => name).join(", ");
      const places = fields.map((_, index) => placeholder(index + 1)).join(", ");
      yield {
        text: `INSERT INTO ${table} (${names}) VALUES (${places})`,
        values: fields.map(([, value]) => value),
      };
    }
  }
}

/** Everything that a schema with those columns could hold is in the store, and nothing else. */
async function assertKept(store: Store, columns: Columns): Promise<void> {
  const has = (table: string, column: string) => columns.get(table)?.has(column) ?? false;
  const given = <Kept>(table: string, column: string, kept: Kept, otherwise: Kept) =>
    has(table, column) ? kept : otherwise;
  const hasBranches = columns.has("branches");
  const isPart = (whole: object | null | undefined, part: object) =>
    assert.deepEqual({ ...whole, ...part }, { ...whole });

  const conversation = await store.getConversation(OWNER, CONVERSATION);
  assert.ok(conversation);
  isPart(conversation, {
    title: "Größe – 😀",
    isPinned: true,
    agentId: "cook",
    mode: "brief",
    origin: "chat-v1",
    alias: "kitchen",
    model: given("conversations", "model", "a/model", null),
    activeBranch: hasBranches ? 1 : 0,
    nextBranch: hasBranches ? 2 : 1,
    createdAt: new Date(AT),
    updatedAt: new Date(AT + 5),
  });
  assert.deepEqual(
    conversation.metadata,
    given("conversations", "metadata", { colour: "green" }, undefined),
  );
  assert.equal(conversation.isHidden, undefined);
  assert.deepEqual(
    conversation.expiresAt,
    given("conversations", "expires_at", new Date(AT + 9), undefined),
  );
  assert.equal(
    conversation.isArchived,
    given<true | undefined>("conversations", "is_archived", true, undefined),
  );
  assert.equal((await store.findConversationByAlias(OWNER, "kitchen"))?.id, CONVERSATION);

  const trunk = await store.listMessages(OWNER, CONVERSATION, { branch: 0, everyRole: true });
  assert.deepEqual(
    trunk?.map(({ id, content, role }) => [id, content, role]),
    [
      [QUESTION, "A xylophone?", "user"],
      [ANSWER, "At dawn – 😀", "assistant"],
    ],
  );
  isPart(trunk?.[1], {
    sequence: 1,
    status: "interrupted",
    model: "a/model",
    usage: { promptTokens: 1, completionTokens: 2, totalTokens: 3 },
    reasoning: "Well",
    reasoningMs: given("messages", "reasoning_ms", 7, null),
    interruptedBy: given("messages", "interrupted_by", "stopped", null),
    parts: null,
    createdAt: new Date(AT + 1),
    finishedAt: new Date(AT + 2),
  });
  assert.deepEqual(trunk?.[1]?.turn, given("messages", "turn", { inputs: 1 }, undefined));
  assert.equal(trunk?.[0]?.attachments?.[0]?.id, given("messages", "attachments", FILE, undefined));
  const shown = await store.listMessages(OWNER, CONVERSATION);
  assert.deepEqual(
    shown?.map(({ id }) => id),
    [QUESTION, hasBranches ? VERSION : ANSWER],
  );
  assert.equal((await store.listForks(OWNER, CONVERSATION)).length, hasBranches ? 1 : 0);
  assert.equal((await store.listMessages(OTHER, OTHER_CONVERSATION))?.length, 1);
  assert.equal(await store.listMessages(OTHER, CONVERSATION), null);
  for (const [owner, id] of [
    [OWNER, QUESTION],
    [OTHER, THEIRS],
  ] as const)
    assert.deepEqual(
      (await store.search(owner, "xylophone", { limit: 9, offset: 0 })).hits.map(
        (hit) => hit.message?.id,
      ),
      [id],
    );

  const [agent] = await store.listAgents(OWNER);
  isPart(agent, { id: "cook", name: "Cook", instructions: "Cook well", temperature: 0.5 });
  assert.deepEqual(
    await store.getProfile(OWNER),
    given<unknown>(
      "profiles",
      "instructions",
      { instructions: "Briefly – 😀", areInstructionsOn: true, updatedAt: new Date(AT) },
      null,
    ),
  );
  const prompts = (await store.listPrompts(OWNER)).map(({ text }) => text);
  assert.deepEqual(prompts, given("prompts", "text", ["Three days in {{city}} – 😀"], []));
  const memories = (await store.listMemories(OWNER)).map(({ text }) => text);
  assert.deepEqual(memories, given("memories", "text", ["Has two cats – 😀"], []));
  const projects = (await store.listProjects(OWNER)).map((one) => one.instructions);
  assert.deepEqual(projects, given("projects", "name", ["Metric units – 😀"], []));
  assert.equal(
    conversation.projectId,
    given<string | undefined>("conversations", "project_id", PROJECT, undefined),
  );
  const [key] = await store.listKeys();
  isPart(key, { id: "ck_1", actAs: true, isOperator: false, revokedAt: new Date(AT + 9) });
  assert.deepEqual(key?.models, given("api_keys", "models", ["a/*"], null));
  if (columns.has("audit_events"))
    isPart((await store.listAuditEvents({ limit: 9 }))[0], {
      action: "key_created",
      about: "ck_1",
    });
  if (columns.has("token_usage"))
    assert.equal(await store.reserveTokens(OWNER, { ...RESERVATION, userLimit: 91 }), "user");
  if (columns.has("tickets")) {
    const ticket = await store.takeTicket(SHA256, new Date(AT));
    isPart(ticket, { userId: "mária", stream: null, session: null, models: null });
  }
  const file = await store.getFile(OWNER, FILE);
  if (columns.has("files")) isPart(file, { name: "a.txt", sha256: SHA256, state: "ready" });
  else assert.equal(file, null);

  // What is kept is of use: it goes on, and goes.
  const added = await store.appendMessage(OWNER, CONVERSATION, {
    id: "0a1b2c3d-0000-4000-8000-000000000040",
    role: "user",
    content: "And now?",
    model: null,
    createdAt: new Date(AT + 10),
  });
  assert.equal(added?.sequence, hasBranches ? BRANCH_START + 1 : 2);
  assert.ok(await store.deleteConversation(OWNER, CONVERSATION));
  assert.equal(await store.getMessage(OWNER, QUESTION), null);
}

const RESERVATION = {
  day: 19_000,
  sure: 1,
  likely: 1,
  answer: 5,
  leastAnswer: 5,
  tenantLimit: null,
};

/** A schema in which a provider or an invitation claimed nothing by itself, and what it could hold of either. */
const UNCLAIMING = /CREATE TABLE invitations/;
const SESSION = `INSERT INTO browser_sessions
  (hash, id, tenant_id, user_id, subject, is_operator, created_at, expires_at)
  VALUES ('h', 'i', 'local', 'ann', 'ann', 0, 1, 2)`;
const INVITATION = `INSERT INTO invitations (id, hash, name, invited_by, tenant_id, user_id,
  is_operator, session_ms, created_at, expires_at, over_at)
  VALUES ('i', 'h', '', '', 'local', 'bob', 0, 1, 1, 2, 2)`;
const CLAIMS = [
  ["nothing", "SELECT 1", false],
  ["a session", SESSION, true],
  ["an invitation", INVITATION, true],
] as const;

for (const [what, statement, isClaimed] of CLAIMS) {
  test(`SQLite: an earlier database with ${what} is ${isClaimed ? "" : "not "}claimed`, async () => {
    const directory = await mkdtemp(join(tmpdir(), "colloquy-schema-"));
    try {
      const version = SQLITE_MIGRATIONS.findIndex((text) => UNCLAIMING.test(text)) + 1;
      makeSqlite(directory, version, [statement]);
      await using store = await openSqliteStore({
        directory,
        exclusive: true,
        synchronous: "OFF",
      });
      assert.equal(await store.isClaimed(), isClaimed);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  test(`PostgreSQL: an earlier database with ${what} is ${isClaimed ? "" : "not "}claimed`, {
    skip: skipWithoutPostgres(),
  }, async () => {
    await using database = await createDatabase();
    const version = POSTGRES_MIGRATIONS.findIndex((text) => UNCLAIMING.test(text)) + 1;
    await makePostgres(database.url, version, [statement]);
    await using store = await openPostgresStore({ url: database.url, isServer: true });
    assert.equal(await store.isClaimed(), isClaimed);
  });
}

test("SQLite: a database of every earlier schema keeps all that it held", async (context) => {
  for (const version of SQLITE_MIGRATIONS.keys())
    if (version > 0)
      await context.test(`version ${version}`, async () => {
        const directory = await mkdtemp(join(tmpdir(), "colloquy-schema-"));
        try {
          const columns = makeSqlite(directory, version);
          await using store = await openSqliteStore({
            directory,
            exclusive: true,
            synchronous: "OFF",
          });
          await assertKept(store, columns);
        } finally {
          await rm(directory, { recursive: true, force: true });
        }
      });
});

/** @param instead what the database holds; absent: all that such a schema could */
function makeSqlite(directory: string, version: number, instead?: readonly string[]): Columns {
  using database = new DatabaseSync(join(directory, "colloquy.db"));
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; BEGIN");
  for (const migration of SQLITE_MIGRATIONS.slice(0, version)) database.exec(migration);
  const columns = new Map<string, Set<string>>();
  const described = database.prepare(`SELECT tables.name AS in_table, columns.name AS name
    FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'`);
  for (const { in_table, name } of described.all()) note(columns, String(in_table), String(name));
  for (const text of instead ?? []) database.exec(text);
  if (!instead)
    for (const { text, values } of statementsFor(columns, () => "?"))
      database.prepare(text).run(...values);
  database.exec(`PRAGMA user_version = ${version}; COMMIT`);
  return columns;
}

function note(columns: Map<string, Set<string>>, table: string, name: string): void {
  columns.set(table, (columns.get(table) ?? new Set()).add(name));
}

test("PostgreSQL: a database of every earlier schema keeps all that it held", {
  skip: skipWithoutPostgres(),
}, async (context) => {
  for (const version of POSTGRES_MIGRATIONS.keys())
    if (version > 0)
      await context.test(`version ${version}`, async () => {
        await using database = await createDatabase();
        const columns = await makePostgres(database.url, version);
        await using store = await openPostgresStore({ url: database.url, isServer: true });
        await assertKept(store, columns);
      });
});

/** @param instead what the database holds; absent: all that such a schema could */
async function makePostgres(
  url: string,
  version: number,
  instead?: readonly string[],
): Promise<Columns> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("CREATE TABLE schema_version (version integer NOT NULL)");
    for (const migration of POSTGRES_MIGRATIONS.slice(0, version)) await client.query(migration);
    await client.query("INSERT INTO schema_version VALUES ($1)", [version]);
    await client.query("SELECT set_config('colloquy.everyone', 'on', false)");
    const columns = new Map<string, Set<string>>();
    const { rows } = await client.query(`SELECT table_name, column_name
      FROM information_schema.columns WHERE table_schema = 'public'`);
    for (const { table_name, column_name } of rows) note(columns, table_name, column_name);
    for (const text of instead ?? []) await client.query(text);
    if (!instead)
      for (const { text, values } of statementsFor(columns, (number) => `$${number}`))
        await client.query(text, values);
    return columns;
  } finally {
    await client.end();
  }
}
