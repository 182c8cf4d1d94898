// Wire 001: what it promises of its own.
// Backends: replicas
import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_USER } from "../src/domain/principal.ts";
import { VERSION } from "../src/version.ts";
import { sharedServer } from "./shared-server.ts";
import { ONCE, startServer } from "./start-server.ts";
import { ALICE, BOB, makeKey, type Server, send, TIME } from "./wire-client.ts";

const SESSION = /^session-[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const MESSAGE = /^msg-[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const OWN_NAME = "session-1704459600000-ab12";

const complete = (server: Server, body: object, headers?: Record<string, string>) =>
  send(server, "POST", "/api/v1/chat/completions", body, headers);
const history = (server: Server, name: string, headers?: Record<string, string>) =>
  send(server, "GET", `/api/v1/chat/history/${encodeURIComponent(name)}`, undefined, headers);
const said = (answer: { body: { messages: { content: string }[] } }) =>
  answer.body.messages.map(({ content }) => content);

test("[D1] health is exactly status, timestamp and version, for anyone", ONCE, async () => {
  await using server = await startServer();
  await makeKey(server);
  const origin = { origin: "https://evil.example" };
  for (const headers of [{}, origin]) {
    const answer = await send(server, "GET", "/api/v1/health", undefined, headers);
    assert.equal(answer.status, 200);
    const { status, timestamp, version, ...rest } = answer.body;
    assert.deepEqual([status, version, rest], ["ok", VERSION, {}]);
    assert.match(timestamp, TIME);
    assert.ok(Math.abs(Date.now() - Date.parse(timestamp)) < 60_000);
  }
});

test("[D1] health is 503 and status error when the store is down", ONCE, async () => {
  await using server = await startServer({ builtIn: true });
  await server.store.close();
  const answer = await send(server, "GET", "/api/v1/health");
  assert.equal(answer.status, 503);
  assert.deepEqual(Object.keys(answer.body), ["status", "timestamp", "version"]);
  assert.equal(answer.body.status, "error");
});

test(
  "[D2] a message gets its reply, the reply's id and the conversation's, as documented",
  ONCE,
  async () => {
    await using server = await sharedServer();
    const first = await complete(server, { message: "Hello, how are you?" });
    assert.equal(first.status, 200);
    assert.deepEqual(Object.keys(first.body), [
      "message",
      "messageId",
      "conversation_id",
      "conversationId",
    ]);
    assert.equal(first.body.message, "Echo: Hello, how are you?");
    assert.match(first.body.messageId, MESSAGE);
    assert.match(first.body.conversation_id, SESSION);

    const { conversation_id } = first.body;
    const second = await complete(server, { message: "And now?", conversation_id });
    assert.equal(second.body.conversation_id, conversation_id);
    assert.equal(server.model.requests[1]?.body?.messages?.length, 3);
    assert.equal((await history(server, conversation_id)).body.messages.length, 4);
  },
);

test(
  "[D2] fields that nobody asked for are ignored; no conversation_id is a new conversation",
  ONCE,
  async () => {
    await using server = await sharedServer();
    const extra = { timestamp: "2025-01-05T10:00:00Z", model: 5, nested: { a: [] } };
    const names = new Set();
    for (const more of [{}, { conversation_id: null }, { conversation_id: "" }, extra]) {
      const answer = await complete(server, { message: "Hi", ...more });
      assert.equal(answer.status, 200);
      names.add(answer.body.conversation_id);
    }
    assert.equal(names.size, 4);
    assert.equal((await complete(server, { message: "Hi", conversation_id: 5 })).status, 400);
  },
);

test("[D2] a conversation keeps the name that its client made up, verbatim", ONCE, async () => {
  await using server = await sharedServer();
  const names = [
    OWN_NAME,
    "session-1704459600000",
    "a/b?c#d%20e",
    "Grüße 👋",
    crypto.randomUUID(),
    `session-${crypto.randomUUID()}`,
    "x".repeat(256),
  ];
  for (const conversation_id of names) {
    for (const message of ["One", "Two"]) {
      const answer = await complete(server, { message, conversation_id });
      assert.equal(answer.status, 200, conversation_id);
      assert.equal(answer.body.conversation_id, conversation_id);
    }
    const all = await history(server, conversation_id);
    assert.deepEqual(said(all), ["One", "Echo: One", "Two", "Echo: Two"], conversation_id);
  }
  for (const conversation_id of ["x".repeat(257), " ", "a\u0000b", "a\nb"])
    assert.equal((await complete(server, { message: "Hi", conversation_id })).status, 400);
});

test(
  "[D2] conversationId is as good as conversation_id, and both are given back; two that differ are 400",
  ONCE,
  async () => {
    await using server = await sharedServer();
    const first = await complete(server, { message: "One", conversationId: OWN_NAME });
    assert.equal(first.status, 200);
    assert.deepEqual([first.body.conversation_id, first.body.conversationId], [OWN_NAME, OWN_NAME]);
    const both = { conversation_id: OWN_NAME, conversationId: OWN_NAME };
    for (const names of [both, { ...both, conversationId: null }, { ...both, conversation_id: "" }])
      assert.equal((await complete(server, { message: "Two", ...names })).status, 200);
    const messages = (await history(server, OWN_NAME)).body.messages;
    assert.equal(messages.length, 8);
    const refused = await complete(server, { message: "Three", ...both, conversationId: "other" });
    assert.equal(refused.status, 400);
    assert.match(refused.body.details, /^conversation_id and conversationId name two different/);
    assert.equal((await complete(server, { message: "Hi", conversationId: 5 })).status, 400);
    assert.deepEqual((await history(server, OWN_NAME)).body.messages, messages);
    const created = (await send(server, "POST", "/api/v1/chat/conversations", {})).body;
    assert.deepEqual(Object.keys(created), ["conversation_id", "conversationId"]);
    assert.equal(created.conversationId, created.conversation_id);
  },
);

test(
  "[D2] [D7] conversation/message is another name of the route, also without /api/v1",
  ONCE,
  async () => {
    await using server = await sharedServer();
    for (const path of ["/api/v1/conversation/message", "/conversation/message"]) {
      const answer = await send(server, "POST", path, { message: "Hi", conversationId: OWN_NAME });
      assert.equal(answer.status, 200, path);
      assert.equal(answer.body.conversationId, OWN_NAME);
      const bad = await send(server, "POST", path, {});
      assert.deepEqual(bad.body, {
        error: "Invalid request format",
        details: "message field is required",
      });
      assert.equal((await send(server, "GET", path)).status, 405);
    }
    assert.equal((await history(server, OWN_NAME)).body.messages.length, 4);
  },
);

test("[D2] such a name is its user's own: another user's is another conversation", async () => {
  await using server = await sharedServer();
  const send = (user: string, message: string) =>
    complete(server, { message, conversation_id: OWN_NAME }, { "x-user-id": user });
  await send(ALICE, "From Alice");
  await send(BOB, "From Bob");
  assert.deepEqual(said(await history(server, OWN_NAME, { "x-user-id": ALICE })), [
    "From Alice",
    "Echo: From Alice",
  ]);
  assert.deepEqual(said(await history(server, OWN_NAME, { "x-user-id": BOB })), [
    "From Bob",
    "Echo: From Bob",
  ]);
  assert.equal((await history(server, OWN_NAME)).status, 404);
});

test("[D2] two first messages to one name at once make one conversation", async () => {
  await using server = await sharedServer();
  const sending = ["One", "Two", "Three"].map((message) =>
    complete(server, { message, conversation_id: OWN_NAME }),
  );
  for (const { status } of await Promise.all(sending)) assert.equal(status, 200);
  assert.equal((await history(server, OWN_NAME)).body.messages.length, 6);
});

test("[D2] a conversation of another wire is gone on with by its own id", async () => {
  await using server = await sharedServer();
  const body = { message: "By the other wire", user_id: DEFAULT_USER };
  const id = (await send(server, "POST", "/chat", body)).body.conversation_id;
  for (const conversation_id of [id, `session-${id}`]) {
    const answer = await complete(server, { message: "On", conversation_id });
    assert.equal(answer.body.conversation_id, conversation_id);
  }
  assert.equal((await history(server, id)).body.messages.length, 6);
  assert.equal((await history(server, `session-${id}`)).body.messages.length, 6);
});

test("[D3] a conversation is created with or without a body", ONCE, async () => {
  await using server = await sharedServer();
  const path = "/api/v1/chat/conversations";
  for (const body of [undefined, "", {}, { title: "Ignored" }, { user_id: DEFAULT_USER }]) {
    const answer = await send(server, "POST", path, body);
    assert.equal(answer.status, 200, JSON.stringify(body));
    assert.deepEqual(Object.keys(answer.body), ["conversation_id", "conversationId"]);
    const { conversation_id } = answer.body;
    assert.equal(answer.body.conversationId, conversation_id);
    assert.match(conversation_id, SESSION);
    assert.deepEqual((await history(server, conversation_id)).body, { messages: [] });
    const reply = await complete(server, { message: "Hi", conversation_id });
    assert.equal(reply.body.conversation_id, conversation_id);
  }
  assert.equal((await send(server, "POST", path, [])).status, 400);
});

test(
  "[D4] the history has the messages as documented; a name that is not known is 404",
  ONCE,
  async () => {
    await using server = await sharedServer();
    const reply = await complete(server, { message: "Hello!", conversation_id: OWN_NAME });
    const { status, body } = await history(server, OWN_NAME);
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body), ["messages"]);
    const [asked, answered] = body.messages;
    assert.deepEqual(Object.keys(asked), ["id", "content", "role", "timestamp"]);
    assert.match(asked.id, MESSAGE);
    assert.match(asked.timestamp, TIME);
    assert.deepEqual([asked.role, asked.content], ["user", "Hello!"]);
    assert.deepEqual([answered.role, answered.content], ["assistant", "Echo: Hello!"]);
    assert.equal(answered.id, reply.body.messageId);
    for (const name of ["unknown", crypto.randomUUID(), `session-${crypto.randomUUID()}`]) {
      const unknown = await history(server, name);
      assert.equal(unknown.status, 404);
      assert.deepEqual(unknown.body, { error: "Not found", details: "Conversation not found" });
    }
  },
);

test("[D4] a reply that failed before its first word is not in the history", ONCE, async () => {
  await using server = await sharedServer();
  server.model.next({ failStatus: 400, failBody: { error: { message: "Too spicy" } } });
  const refused = await complete(server, { message: "Spicy?", conversation_id: OWN_NAME });
  assert.equal(refused.status, 400);
  assert.match(refused.body.details, /Too spicy/);
  server.model.next({ text: "Half a", cut: 1 });
  const failed = await complete(server, { message: "Broken?", conversation_id: OWN_NAME });
  assert.equal(failed.status, 502);
  assert.deepEqual(Object.keys(failed.body), ["error", "details", "text_so_far"]);
  assert.equal(failed.body.text_so_far, "Half ");
  assert.deepEqual(said(await history(server, OWN_NAME)), ["Spicy?", "Broken?", "Half "]);
});

test("[D5] a request without a message is 400 word for word as documented", ONCE, async () => {
  await using server = await sharedServer();
  for (const path of ["/api/v1/chat/completions", "/chat/completions"])
    for (const body of [{}, { conversation_id: OWN_NAME }]) {
      const answer = await send(server, "POST", path, body);
      assert.equal(answer.status, 400);
      assert.equal(
        answer.text,
        '{"error":"Invalid request format","details":"message field is required"}',
      );
    }
});

test(
  "[D6] pages of http://localhost:5000 may ask, with credentials; others may not",
  ONCE,
  async () => {
    await using server = await sharedServer();
    const path = "/api/v1/chat/completions";
    const preflight = (origin: string) =>
      send(server, "OPTIONS", path, undefined, {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-user-id",
      });
    const allowed = await preflight("http://localhost:5000");
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers.get("access-control-allow-origin"), "http://localhost:5000");
    assert.equal(allowed.headers.get("access-control-allow-credentials"), "true");
    assert.match(allowed.headers.get("access-control-allow-methods") ?? "", /POST/);
    assert.match(allowed.headers.get("access-control-allow-headers") ?? "", /x-user-id/i);
    const answer = await complete(server, { message: "Hi" }, { origin: "http://localhost:5000" });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("access-control-allow-origin"), "http://localhost:5000");
    for (const origin of ["https://evil.example", "http://localhost.evil.example:5000", "null"]) {
      const foreign = await preflight(origin);
      assert.equal(foreign.headers.get("access-control-allow-origin"), null, origin);
      assert.equal((await complete(server, { message: "Hi" }, { origin })).status, 403, origin);
    }
  },
);

test(
  "[D6] CORS_ORIGINS sets the list; * is never given together with credentials",
  ONCE,
  async () => {
    const ask = async (origins: string) => {
      await using server = await startServer({
        builtIn: true,
        environment: { CORS_ORIGINS: origins },
      });
      const origin = "https://app.example";
      return (await send(server, "GET", "/api/v1/health", undefined, { origin })).headers;
    };
    const listed = await ask("https://app.example,https://other.example");
    assert.equal(listed.get("access-control-allow-origin"), "https://app.example");
    assert.equal(listed.get("access-control-allow-credentials"), "true");
    const any = await ask("*");
    assert.equal(any.get("access-control-allow-origin"), "*");
    assert.equal(any.get("access-control-allow-credentials"), null);
  },
);

test("[D7] the same routes answer without /api/v1", ONCE, async () => {
  await using server = await sharedServer();
  const created = await send(server, "POST", "/chat/conversations");
  const { conversation_id } = created.body;
  assert.match(conversation_id, SESSION);
  const reply = await send(server, "POST", "/chat/completions", { message: "Hi", conversation_id });
  assert.deepEqual(Object.keys(reply.body), [
    "message",
    "messageId",
    "conversation_id",
    "conversationId",
  ]);
  const short = await send(server, "GET", `/chat/history/${conversation_id}`);
  assert.equal(short.text, (await history(server, conversation_id)).text);
  assert.equal(short.body.messages.length, 2);
});
