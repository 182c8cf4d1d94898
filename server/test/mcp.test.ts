// The Model Context Protocol: conversations as tools for other programs, by its own client and by bad ones.
// Takes: 8 s
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import type { Admit } from "../src/core/access/admission.ts";
import { mcpWire } from "../src/dialects/mcp/index.ts";
import { allEvents, caller } from "./chat-v1-client.ts";
import { eventually } from "./cli-runner.ts";
import { startServer } from "./start-server.ts";
import { answering, asking, watchedTool } from "./tool-steps.ts";
import { errorTable, makeKey, type Server, STATUSES, send, UUID } from "./wire-client.ts";

let server: Server;
let key: string;
let users = 0;
let user: string;
let calls: ReturnType<typeof caller>;
let client: Client;
const look = watchedTool("look");
const note = watchedTool("note", { effect: "writes" });
const mail = watchedTool("mail", {
  ...{ source: "mail", isRepeatable: false, effect: "writes", asks: true },
});
const TOOLS = [look, note, mail];

// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
type Shown = any;

before(async () => {
  server = await startServer({ tools: TOOLS.map(({ tool }) => tool) });
  key = await makeKey(server, { actAs: true });
  calls = caller(server.url, key);
  client = await connected();
});
after(async () => {
  await client?.close();
  await server?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  server.model.forget();
  for (const tool of TOOLS) tool.forget();
  user = `00000000-0000-4000-9000-${String(++users).padStart(12, "0")}`;
});

const MODERN = "2026-07-28";
const META = {
  "io.modelcontextprotocol/protocolVersion": MODERN,
  "io.modelcontextprotocol/clientCapabilities": {},
};
const headersOf = (more: Readonly<Record<string, string>> = {}) => ({
  authorization: `Bearer ${key}`,
  "x-user-id": user,
  accept: "application/json, text/event-stream",
  ...more,
});
const post = (body: unknown, more?: Readonly<Record<string, string>>) =>
  send(server, "POST", "/mcp", body, headersOf(more));
const rpc = (method: string, params: object = {}, id: unknown = 1) => ({
  ...{ jsonrpc: "2.0", id, method, params },
});

/** The protocol's own client, connected; it asks for whoever is the user then. */
async function connected(mode: "auto" | "legacy" = "auto") {
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
  const asUser: typeof fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set("authorization", `Bearer ${key}`);
    headers.set("x-user-id", user);
    return fetch(input, { ...init, headers });
  };
  const url = new URL(`${server.url}/mcp`);
  await client.connect(new StreamableHTTPClientTransport(url, { fetch: asUser }));
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}
const callTool = (name: string, given: object): Promise<Shown> =>
  client.callTool({ name, arguments: { ...given } });
/** The structured result of a call that did not fail. */
const told = async (name: string, given: object = {}): Promise<Shown> => {
  const result = await callTool(name, given);
  assert.ok(!result.isError, JSON.stringify(result));
  assert.deepEqual(JSON.parse(result.content[0].text), result.structuredContent);
  return result.structuredContent;
};
const refusal = async (name: string, given: object): Promise<string> => {
  const result = await callTool(name, given);
  assert.equal(result.isError, true, JSON.stringify(result));
  return result.content[0].text;
};
const say = async (message: string, more: object = {}): Promise<Shown> =>
  told("continue_conversation", { message, ...more });

describe("[H92] the protocol", () => {
  test("[H92] is agreed on with the protocol's own client, in its newest version and the one before", async () => {
    for (const [mode, version] of [
      ["auto", MODERN],
      ["legacy", "2025-11-25"],
    ] as const) {
      await using client = await connected(mode);
      assert.equal(client.getNegotiatedProtocolVersion(), version);
      assert.equal(client.getServerVersion()?.name, "colloquy");
      assert.match(client.getInstructions() ?? "", /written by strangers/);
      const { tools } = await client.listTools();
      assert.deepEqual(
        tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint]),
        [
          ["search_conversations", true],
          ["list_conversations", true],
          ["read_conversation", true],
          ["continue_conversation", false],
        ],
      );
      for (const { inputSchema, outputSchema, description } of tools) {
        assert.equal(inputSchema.type, "object");
        assert.ok(outputSchema && description);
      }
    }
  });

  test("[H92] its headers must be what its body says, and a version that is not spoken is told with those that are", async () => {
    const mirrored = (method: string, name?: string) => ({
      "mcp-protocol-version": MODERN,
      "mcp-method": method,
      ...(name !== undefined && { "mcp-name": name }),
    });
    const list = rpc("tools/list", { _meta: META });
    const named = rpc("tools/call", { name: "list_conversations", arguments: {}, _meta: META });
    const encoded = `=?base64?${Buffer.from("list_conversations").toString("base64")}?=`;
    const wish = { ...META, "io.modelcontextprotocol/protocolVersion": "1900-01-01" };
    const older = { ...META, "io.modelcontextprotocol/protocolVersion": "2025-11-25" };
    const bare = { "io.modelcontextprotocol/protocolVersion": MODERN };
    const cases: readonly [number, number | null, unknown, Record<string, string>][] = [
      [200, null, list, mirrored("tools/list")],
      [200, null, named, mirrored("tools/call", "list_conversations")],
      [200, null, named, mirrored("tools/call", encoded)],
      [400, -32_020, list, {}],
      [400, -32_020, list, { "mcp-protocol-version": MODERN }],
      [400, -32_020, list, mirrored("tools/call")],
      [400, -32_020, list, { ...mirrored("tools/list"), "mcp-protocol-version": "2025-11-25" }],
      [400, -32_020, named, mirrored("tools/call")],
      [400, -32_020, named, mirrored("tools/call", "read_conversation")],
      [400, -32_602, rpc("tools/list"), mirrored("tools/list")],
      [400, -32_602, rpc("tools/list", { _meta: bare }), mirrored("tools/list")],
      [400, -32_602, rpc("tools/list", { _meta: 5 }), mirrored("tools/list")],
      [400, -32_022, rpc("tools/list", { _meta: wish }), { "mcp-protocol-version": "1900-01-01" }],
      [400, -32_022, rpc("tools/list", { _meta: older }), { "mcp-protocol-version": "2025-11-25" }],
      [400, -32_022, rpc("tools/list"), { "mcp-protocol-version": "1900-01-01" }],
      [404, -32_601, rpc("ping", { _meta: META }), mirrored("ping")],
      [404, -32_601, rpc("initialize", { _meta: META }), mirrored("initialize")],
      [200, null, rpc("tools/list"), { "mcp-protocol-version": "2025-06-18" }],
      [200, null, rpc("tools/list"), {}],
      [200, -32_601, rpc("resources/list"), {}],
      [200, -32_602, rpc("tools/call", { name: "__proto__" }), {}],
    ];
    for (const [status, code, body, headers] of cases) {
      const answer = await post(body, headers);
      const about = `${JSON.stringify(body)} ${JSON.stringify(headers)}: ${answer.text}`;
      assert.equal(answer.status, status, about);
      assert.equal(answer.body.error?.code ?? null, code, about);
      assert.equal(answer.body.id, 1, about);
      if (code === -32_022) assert.ok(answer.body.error.data.supported.includes(MODERN), about);
    }
    for (const [wanted, agreed] of [
      ["2024-11-05", "2024-11-05"],
      ["2025-03-26", "2025-03-26"],
      ["1900-01-01", "2025-11-25"],
      [MODERN, "2025-11-25"],
      [undefined, "2025-11-25"],
    ]) {
      const { body } = await post(rpc("initialize", { protocolVersion: wanted }));
      assert.equal(body.result.protocolVersion, agreed);
    }
  });

  test("[H92] a bad client is told what is wrong, in JSON-RPC's words", async () => {
    const many = Array.from({ length: 21 }, (_, id) => rpc("ping", {}, id));
    const cases: readonly [number, number | null, unknown, Record<string, string>?][] = [
      [400, -32_700, "{"],
      [400, -32_600, "null"],
      [400, -32_600, "5"],
      [400, -32_600, {}],
      [400, -32_600, { jsonrpc: "1.0", id: 1, method: "ping" }],
      [400, -32_600, { jsonrpc: "2.0", id: 1 }],
      [400, -32_600, { jsonrpc: "2.0", id: null, method: "ping" }],
      [400, -32_600, { jsonrpc: "2.0", id: 1.5, method: "ping" }],
      [400, -32_600, { jsonrpc: "2.0", id: "x".repeat(257), method: "ping" }],
      [400, -32_600, { jsonrpc: "2.0", id: 1, result: {} }],
      [400, -32_602, { jsonrpc: "2.0", id: 1, method: "ping", params: [1] }],
      [400, -32_600, [], {}],
      [400, -32_600, many, {}],
      [400, -32_600, [rpc("ping")], { "mcp-protocol-version": "2025-11-25" }],
      [400, -32_600, `${"[".repeat(5000)}${"]".repeat(5000)}`],
      [413, 413, { ...rpc("ping"), more: "x".repeat(3_000_000) }],
      [406, -32_600, rpc("ping"), { accept: "text/html" }],
      [415, 415, "{}", { "content-type": "text/plain" }],
      [401, 401, rpc("ping"), { authorization: "Bearer ck_wrong" }],
      [401, 401, rpc("ping"), { authorization: "" }],
      [403, 403, rpc("ping"), { origin: "https://evil.example" }],
      [403, 403, rpc("ping"), { origin: "null" }],
    ];
    for (const [status, code, body, headers] of cases) {
      const answer = await post(body, headers);
      const about = `${JSON.stringify(body).slice(0, 100)}: ${answer.text.slice(0, 300)}`;
      assert.equal(answer.status, status, about);
      assert.equal(answer.body.jsonrpc, "2.0", about);
      assert.equal(answer.body.error.code, code, about);
      assert.ok(answer.body.error.message.length > 10, about);
    }
    for (const method of ["GET", "DELETE"]) {
      const answer = await send(server, method, "/mcp", undefined, headersOf());
      assert.deepEqual([answer.status, answer.headers.get("allow")], [405, "POST"]);
    }
    const below = await post({}, {});
    assert.equal(below.body.id, undefined);
  });

  test("[H92] a notification has no answer, a batch of the version that knows them has one, and a page that may is let in", async () => {
    const quiet = await post({ jsonrpc: "2.0", method: "notifications/initialized" });
    assert.deepEqual([quiet.status, quiet.text], [202, ""]);
    const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } };
    assert.equal((await post(cancel, { "mcp-protocol-version": MODERN })).status, 202);
    const batch = [rpc("ping", {}, "a"), cancel, rpc("nothing", {}, "b")];
    const { status, body } = await post(batch, { "mcp-protocol-version": "2025-03-26" });
    assert.equal(status, 200);
    assert.deepEqual(
      body.map(({ id, result, error }: Shown) => [id, result ?? error.code]),
      [
        ["a", {}],
        ["b", -32_601],
      ],
    );
    assert.equal((await post([cancel])).status, 202);
    const say = rpc("tools/call", {
      name: "continue_conversation",
      arguments: { message: "Once" },
    });
    const before = (await told("list_conversations")).total;
    for (const wrong of [{ jsonrpc: "2.0", id: 2 }, rpc("ping", { _meta: 3 }, 2)]) {
      assert.equal((await post([say, wrong])).status, 400, "all are read before one is obeyed");
      assert.equal((await told("list_conversations")).total, before);
    }
    for (const accept of ["", "*/*", "application/json", "text/event-stream;q=1, application/json"])
      assert.deepEqual((await post(rpc("ping"), { accept })).body.result, {}, accept);
    const streamed = await post(rpc("ping"), { accept: "text/event-stream" });
    assert.match(streamed.headers.get("content-type") ?? "", /^text\/event-stream/);
    assert.match(streamed.text, /^data: \{"jsonrpc":"2.0","id":1,"result":\{\}\}\n\n$/);
    assert.equal((await post(rpc("ping"), { origin: server.url })).status, 200);
  });

  test("[H92] errors are told by a status and a code", async () => {
    const wireWith = (admit: Admit) => mcpWire({ version: "0", admit } as never);
    const table = await errorTable(wireWith, "/mcp", rpc("ping", {}, 7));
    for (const [code, { status, body }] of Object.entries(table)) {
      assert.equal(status, STATUSES[code as keyof typeof STATUSES], code);
      assert.deepEqual([body.jsonrpc, body.id], ["2.0", 7], code);
      const own = { invalid_request: -32_600, internal: -32_603, unexpected: -32_603 };
      assert.equal(body.error.code, own[code as keyof typeof own] ?? status, code);
    }
  });
});

describe("[H93] reading", () => {
  test("[H93] finds, lists and reads what the user said, and nothing of others or of temporary conversations", async () => {
    const { conversation_id: id, message_id } = await say("The zeppelin landed");
    const archived = await say("The zeppelin was sold");
    const patch = { method: "PATCH", user, body: { is_archived: true } };
    await calls.call(`/conversations/${archived.conversation_id}`, patch);
    const temporary = await calls.newConversation({ user, body: { is_temporary: true } });
    await calls.call(`/conversations/${temporary}/messages`, {
      user,
      body: { content: "A secret zeppelin" },
    });
    const search = () => told("search_conversations", { query: "zeppelin" });
    // Two titles and four messages. What was just said may take a moment on a busy machine.
    await eventually(async () => (await search()).total === 6);
    const found = await search();
    const ids = new Set(found.results.map((hit: Shown) => hit.conversation_id));
    assert.deepEqual(ids, new Set([id, archived.conversation_id]));
    const hit = found.results.find((one: Shown) => one.message_id === message_id);
    assert.deepEqual([hit.said_by, hit.text], ["user", "The zeppelin landed"]);
    assert.equal(
      (await told("search_conversations", { query: "zeppelin", limit: 1 })).results.length,
      1,
    );
    const listed = await told("list_conversations");
    assert.deepEqual(
      listed.conversations.map((one: Shown) => [one.conversation_id, one.is_archived]),
      [
        [archived.conversation_id, true],
        [id, false],
      ],
    );
    const first = await told("list_conversations", { limit: 1 });
    assert.equal(first.total, 2);
    const second = await told("list_conversations", { limit: 1, cursor: first.next_cursor });
    assert.deepEqual([second.conversations[0].conversation_id, second.next_cursor], [id, null]);
    const read = await told("read_conversation", { conversation_id: id });
    assert.deepEqual(
      read.messages.map(({ role, text, status }: Shown) => [role, text, status]),
      [
        ["user", "The zeppelin landed", "complete"],
        ["assistant", "Echo: The zeppelin landed", "complete"],
      ],
    );
    assert.deepEqual([read.next_cursor, read.reply_in_progress], [null, null]);
    const owner = user;
    user = `${owner.slice(0, -1)}f`;
    const nothings = "11111111-1111-4111-8111-1111111111ff";
    const refusals = new Set<string>();
    for (const theirs of [id, archived.conversation_id, temporary, nothings, "no id", "\u0000"])
      refusals.add(await refusal("read_conversation", { conversation_id: theirs }));
    for (const theirs of [id, nothings, "\ud800"])
      refusals.add(
        await refusal("continue_conversation", { conversation_id: theirs, message: "x" }),
      );
    assert.deepEqual([...refusals], ["Conversation not found"]);
    assert.equal((await told("search_conversations", { query: "zeppelin" })).total, 0);
    assert.equal((await told("list_conversations")).total, 0);
    user = owner;
    assert.equal(
      await refusal("read_conversation", { conversation_id: temporary }),
      "Conversation not found",
    );
  });

  test("[H93] reads in bounded pages: from the end backwards, a long message in pieces", async () => {
    const { conversation_id: id } = await say("One");
    const long = `${"😀".repeat(25_000)}end`;
    await say("Two", { conversation_id: id });
    const append = { user, body: { role: "system", content: long } };
    await calls.call(`/conversations/${id}/messages`, append);
    const texts = new Map<string, string>();
    const order: string[] = [];
    let pages = 0;
    for (let cursor: string | null | undefined; cursor !== null && pages < 20; pages++) {
      const page: Shown = await told("read_conversation", {
        conversation_id: id,
        limit: 2,
        ...(cursor && { cursor }),
      });
      assert.ok(JSON.stringify(page).length < 60_000);
      assert.ok(page.messages.length <= 2);
      for (const { message_id, text, text_from, text_length } of page.messages.toReversed()) {
        const before = texts.get(message_id) ?? "";
        if (before === "") order.push(message_id);
        assert.equal(before.length, text_from);
        assert.ok(text.isWellFormed());
        texts.set(message_id, before + text);
        assert.ok(before.length + text.length <= text_length);
      }
      cursor = page.next_cursor;
    }
    assert.deepEqual(
      order.map((message) => texts.get(message)),
      [long, "Echo: Two", "Two", "Echo: One", "One"],
    );
    assert.equal(pages, 5);
    for (const cursor of ["x", "after:1:1", `${id}:x`, `${id}:1:1`])
      assert.match(
        await refusal("read_conversation", { conversation_id: id, cursor }),
        /next_cursor/,
      );
    assert.match(await refusal("list_conversations", { cursor: "1" }), /next_cursor/);
    const other = await say("Elsewhere");
    const within = { conversation_id: id, cursor: `${other.message_id}:0` };
    assert.equal(await refusal("read_conversation", within), "Message not found");
  });

  test("[H93] arguments are as the schema says, and searches have a limit of their own", async () => {
    for (const [name, given, words] of [
      ["search_conversations", {}, /query field is required/],
      ["search_conversations", { query: 5 }, /query must be a string/],
      ["search_conversations", { query: "  " }, /must have the words/],
      ["search_conversations", { query: "a\u0000" }, /NUL/],
      ["search_conversations", { query: "a", limit: 21 }, /limit must be <= 20/],
      ["list_conversations", { limit: 0 }, /limit must be >= 1/],
      ["list_conversations", { page: 2 }, /must NOT have additional properties/],
      ["continue_conversation", { message: "" }, /message must not be empty/],
      ["continue_conversation", { message: "x".repeat(100_001) }, /message is too long/],
      ["continue_conversation", { message: "x", idempotency_key: "" }, /idempotency_key/],
    ] as const)
      assert.match(await refusal(name, given), words);
    const params = { name: "list_conversations", arguments: [] };
    const { body } = await post(rpc("tools/call", params));
    assert.match(body.result.content[0].text, /arguments must be an object/);
    await using limited = await startServer({
      environment: { RATE_LIMITS: "mcp=3/m search=1/m" },
    });
    const search = rpc("tools/call", { name: "search_conversations", arguments: { query: "a" } });
    const ask = (body: unknown) => send(limited, "POST", "/mcp", body);
    assert.equal((await ask(search)).body.result.isError, undefined);
    const second = (await ask(search)).body.result;
    assert.deepEqual(
      [second.isError, /Too many requests/.test(second.content[0].text)],
      [true, true],
    );
    const [first, refused] = (await ask([rpc("ping"), rpc("ping", {}, 2)])).body;
    assert.deepEqual([first.result, refused.id, refused.error.code], [{}, 2, 429]);
    const late = await ask(rpc("ping", {}, 9));
    assert.deepEqual([late.status, late.body.id, late.body.error.code], [429, 9, 429]);
    assert.ok(Number(late.headers.get("retry-after")) > 0);
  });
});

describe("[H94] continuing", () => {
  test("[H94] says something in a conversation that is there, or begins one, with the server's tools", async () => {
    server.model.next(asking([{ name: "look" }]), answering("Seen"));
    const begun = await say("What is it?");
    assert.match(begun.conversation_id, UUID);
    assert.deepEqual(
      [begun.status, begun.text, begun.finish_reason, begun.problem, begun.waiting_for],
      ["complete", "Seen", "stop", null, []],
    );
    assert.equal(look.inputs.length, 1);
    const goneOn = await say("And now?", { conversation_id: begun.conversation_id });
    assert.equal(goneOn.conversation_id, begun.conversation_id);
    const prompt: Shown = server.model.requests.at(-1)?.body?.messages;
    assert.deepEqual(prompt.at(0).content, "What is it?");
    const { body } = await calls.call(`/conversations/${begun.conversation_id}/messages`, { user });
    assert.deepEqual(
      body.data.map(({ content }: Shown) => content),
      ["What is it?", "Seen", "And now?", "Echo: And now?"],
    );
    server.model.next({ tokens: 6_000 });
    const long = await say("At length");
    assert.deepEqual([long.is_cut, long.text.length], [true, 24_000]);
  });

  test("[H94] the same key says nothing twice, also where another server's model calls", async () => {
    const key = `key-${user}`;
    const first = await say("Once", { idempotency_key: key });
    const again = await say("Once", { idempotency_key: key });
    assert.deepEqual(again, first);
    assert.equal(server.model.requests.length, 1);
    const other = { message: "Twice", idempotency_key: key };
    assert.match(await refusal("continue_conversation", other), /was used for another request/);
    const params = {
      name: "continue_conversation",
      arguments: { message: "By a model" },
      _meta: { "colloquy/key": `reply/call of ${user}` },
    };
    const answers = [await post(rpc("tools/call", params)), await post(rpc("tools/call", params))];
    const [one, two] = answers.map(({ text }) => JSON.parse(text.replace("data: ", "")).result);
    assert.equal(one.structuredContent.status, "complete");
    assert.deepEqual(one, two);
    const bad = { ...params, _meta: { "colloquy/key": 5 } };
    assert.match((await post(rpc("tools/call", bad))).text, /colloquy\/key.*must be a text/);
    const within = { ...params, _meta: { "colloquy/within": ["x"] } };
    assert.match((await post(rpc("tools/call", within))).text, /must be a list of ids/);
  });

  test("[H94] tells how far it has come, and goes on where nobody waits any more", async () => {
    const told: Shown[] = [];
    server.model.next({ text: "one two three", hold: 2 });
    const leaving = new AbortController();
    const waiting = client.callTool(
      { name: "continue_conversation", arguments: { message: "Slowly", idempotency_key: user } },
      { onprogress: (progress) => told.push(progress), signal: leaving.signal },
    );
    waiting.catch(() => {});
    await server.model.held();
    const { conversation_id: id } = (
      await post(
        rpc("tools/call", {
          ...{ name: "list_conversations", arguments: {} },
        }),
      )
    ).body.result.structuredContent.conversations[0];
    const running = (
      await post(
        rpc("tools/call", {
          ...{ name: "read_conversation", arguments: { conversation_id: id } },
        }),
      )
    ).body.result.structuredContent;
    assert.match(running.reply_in_progress.reply_id, UUID);
    assert.deepEqual(running.reply_in_progress.waiting_for, []);
    leaving.abort();
    await assert.rejects(waiting);
    server.model.release();
    const same = { message: "Slowly", idempotency_key: user };
    const result: Shown = (
      await client.callTool({ name: "continue_conversation", arguments: same })
    ).structuredContent;
    assert.deepEqual([result.status, result.text], ["complete", "one two three"]);
    assert.equal(server.model.requests.length, 1);
    assert.equal(told[0]?.progress, 0);
    assert.match(told[0]?.message, new RegExp(id));
  });

  test("[H94] an ending is told as it was, and what the key may not do is not done", async () => {
    server.model.next({ failStatus: 400, failBody: { error: { message: "too hot" } } });
    const failed = await callTool("continue_conversation", { message: "Fails" });
    assert.equal(failed.isError, true);
    assert.equal(failed.structuredContent.status, "failed");
    assert.match(failed.structuredContent.problem, /too hot/);
    server.model.next({ text: "one two three", hold: 2 });
    const asked = callTool("continue_conversation", {
      // With a key, the model is asked once the message is stored.
      ...{ message: "Is stopped", idempotency_key: user },
    });
    await server.model.held();
    const [{ id }] = (await calls.call("/conversations", { user })).body.data;
    await calls.call(`/conversations/${id}/messages/stop`, { method: "POST", user });
    const stopped = await asked;
    assert.equal(stopped.isError, true);
    assert.deepEqual(
      [stopped.structuredContent.status, stopped.structuredContent.problem.slice(0, 21)],
      ["interrupted", "The reply was stopped"],
    );
    const readOnly = await makeKey(server, { actAs: true, models: ["none"] });
    const before = server.model.requests.length;
    const as = { authorization: `Bearer ${readOnly}` };
    const refused = await post(
      rpc("tools/call", { name: "continue_conversation", arguments: { message: "Hello" } }),
      { ...as, accept: "application/json" },
    );
    assert.equal(refused.body.result.isError, true);
    assert.match(refused.body.result.content[0].text, /This key may not use/);
    assert.equal(server.model.requests.length, before);
    const listed = await post(rpc("tools/call", { name: "list_conversations" }), as);
    assert.equal(listed.body.result.structuredContent.total, 2);
  });
});

describe("[H95] tools that ask", () => {
  const decide = (question: Shown, decision: string, more: object = {}) =>
    calls.call(`/messages/${question.message_id}/calls/${question.call_id}/decision`, {
      body: { decision, arguments_sha256: question.arguments_sha256, ...more },
      user,
    });
  const open = async (): Promise<Shown[]> => (await calls.call("/questions", { user })).body.data;

  test("[H95] a reply that waits is told with its question, and the program cannot decide", async () => {
    server.model.next(asking([{ name: "mail", given: { to: "bob" } }]), answering("Sent"));
    const waiting = await say("Write to Bob", { idempotency_key: user });
    assert.equal(waiting.status, "waiting");
    const [question] = waiting.waiting_for;
    assert.equal(
      question.question,
      `The model wants to use the tool 'mail' of 'mail' with the arguments {"to":"bob"}. Nobody has allowed that yet.`,
    );
    assert.match(waiting.how_to_decide, /Only the user decides.*\/app\/questions/);
    assert.equal(mail.inputs.length, 0);
    const read = await told("read_conversation", { conversation_id: waiting.conversation_id });
    assert.deepEqual(read.reply_in_progress.waiting_for, waiting.waiting_for);
    const again = await say("Write to Bob", { idempotency_key: user });
    assert.deepEqual(again, waiting);
    const [asked] = await open();
    await decide(asked, "allow");
    const done = await say("Write to Bob", { idempotency_key: user });
    assert.deepEqual(
      [done.status, done.text, done.reply_id],
      ["complete", "Sent", waiting.reply_id],
    );
    assert.deepEqual(
      mail.inputs.map((input) => input.arguments),
      [{ to: "bob" }],
    );
    assert.equal(server.model.requests.length, 2);
  });

  test("[H95] a program's words count as a stranger's: what was remembered does not hold, then and later in the conversation", async () => {
    server.model.next(asking([{ name: "mail" }]), answering("Sent"));
    const own = await calls.newConversation({ user, body: {} });
    const asIs = { body: { content: "Mail", parts: true, steps: true }, user };
    await allEvents(await calls.open(`/conversations/${own}/messages/stream`, asIs));
    const [first] = await open();
    await decide(first, "allow", { remember: "always" });
    server.model.next(asking([{ name: "mail" }]), answering("Sent again"));
    const trusted = await calls.call(`/conversations/${own}/messages`, asIs);
    assert.equal(trusted.body.data[1].status, "complete");
    assert.equal(mail.inputs.length, 2);
    server.model.next(asking([{ name: "mail" }, { name: "note" }]));
    const program = await say("Mail it");
    assert.equal(program.status, "waiting");
    assert.deepEqual(
      program.waiting_for.map(({ tool }: Shown) => tool),
      ["mail", "note"],
    );
    const id = program.conversation_id;
    await say("A word", { conversation_id: id });
    // A model that was asked too early is asked again.
    server.model.forget();
    server.model.next(...Array.from({ length: 3 }, () => asking([{ name: "note" }])));
    const later = await calls.call(`/conversations/${id}/messages`, asIs);
    assert.equal(later.body.data[1].status, "waiting");
    assert.deepEqual([mail.inputs.length, note.inputs.length], [2, 0]);
  });
});
