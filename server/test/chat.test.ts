// Wire 000 over HTTP: what it promises of its own.
// Backends: replicas
import assert from "node:assert/strict";
import { test } from "node:test";
import { sharedServer } from "./shared-server.ts";
import { ONCE, startServer } from "./start-server.ts";
import { ALICE, BOB, makeKey, type Server, send, TIME, UUID } from "./wire-client.ts";

const owner = { tenantId: "local", userId: ALICE };

const chat = (server: Server, body: object, headers?: Record<string, string>) =>
  send(server, "POST", "/chat", { user_id: ALICE, ...body }, headers);
const list = async (server: Server, query = "") =>
  (await send(server, "GET", `/conversations?user_id=${ALICE}${query}`)).body;
const ids = (conversations: { id: string }[]) => conversations.map(({ id }) => id);

test("[C1] a message gets its reply and the conversation's id, as documented", ONCE, async () => {
  await using server = await sharedServer();
  const answer = await send(server, "POST", "/chat", { message: "string", user_id: "string" });
  assert.equal(answer.status, 200);
  assert.deepEqual(Object.keys(answer.body), ["response", "conversation_id"]);
  assert.equal(answer.body.response, "Echo: string");
  assert.match(answer.body.conversation_id, UUID);
});

test(
  "[C1] the user id may come in the header or the query instead; without any it is 400",
  ONCE,
  async () => {
    await using server = await sharedServer();
    const header = await send(server, "POST", "/chat", { message: "One" }, { "x-user-id": ALICE });
    const query = await send(server, "POST", `/chat?user_id=${ALICE}`, { message: "Two" });
    const body = await send(server, "POST", "/chat", { message: "Three", user_id: ALICE });
    assert.deepEqual([header.status, query.status, body.status], [200, 200, 200]);
    assert.equal(header.body.conversation_id, query.body.conversation_id);
    assert.equal(header.body.conversation_id, body.body.conversation_id);
    for (const more of [{}, { user_id: null }]) {
      const nobody = await send(server, "POST", "/chat", { message: "Who am I?", ...more });
      assert.equal(nobody.status, 400);
      assert.match(nobody.body.detail, /^user_id field is required/);
    }
    assert.equal((await send(server, "GET", "/conversations")).status, 400);
    assert.equal(server.model.requests.length, 3);
  },
);

test(
  "[C1] a key says who its user is; a user id that is not that user's is 403",
  ONCE,
  async () => {
    await using server = await startServer();
    const authorization = `Bearer ${await makeKey(server)}`;
    const answer = await send(server, "POST", "/chat", { message: "Hi" }, { authorization });
    assert.equal(answer.status, 200);
    const own = await send(server, "GET", "/conversations", undefined, { authorization });
    assert.equal(own.body[0].user_id, ALICE);
    assert.equal(
      (await chat(server, { message: "Hi", user_id: BOB }, { authorization })).status,
      403,
    );
    assert.equal((await chat(server, { message: "Hi" })).status, 401);
  },
);

test("[C1] a message goes on with the user's latest conversation, and the model is told of it", async () => {
  await using server = await sharedServer();
  const first = await chat(server, { message: "My name is Ada" });
  const second = await chat(server, { message: "What is my name?" });
  assert.equal(second.body.conversation_id, first.body.conversation_id);
  assert.deepEqual(
    server.model.requests[1]?.body?.messages?.map(({ content }) => content),
    ["My name is Ada", "Echo: My name is Ada", "What is my name?"],
  );
  const other = await chat(server, { message: "And mine?", user_id: BOB });
  assert.notEqual(other.body.conversation_id, first.body.conversation_id);
});

test("[C1] null begins a new conversation, an id chooses one, an empty one does not", async () => {
  await using server = await sharedServer();
  const first = (await chat(server, { message: "One" })).body.conversation_id;
  const second = (await chat(server, { message: "Two", conversation_id: null })).body
    .conversation_id;
  assert.notEqual(second, first);
  const chosen = await chat(server, { message: "Three", conversation_id: first });
  assert.equal(chosen.body.conversation_id, first);
  const latest = await chat(server, { message: "Four", conversation_id: "" });
  assert.equal(latest.body.conversation_id, first);
  const unknown = await chat(server, { message: "Five", conversation_id: crypto.randomUUID() });
  assert.equal(unknown.status, 404);
  assert.deepEqual(unknown.body, { detail: "Resource not found" });
  assert.equal((await chat(server, { message: "Six", conversation_id: 6 })).status, 400);
});

test("[C1] after 30 idle minutes, or when the latest was deleted, a new conversation begins", async () => {
  await using server = await sharedServer();
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
  const first = (await chat(server, { message: "One" })).body.conversation_id;
  await server.store.updateConversation(owner, first, { updatedAt: minutesAgo(29) });
  assert.equal((await chat(server, { message: "Two" })).body.conversation_id, first);
  await server.store.updateConversation(owner, first, { updatedAt: minutesAgo(31) });
  const second = (await chat(server, { message: "Three" })).body.conversation_id;
  assert.notEqual(second, first);
  await send(server, "DELETE", `/conversations/${second}?user_id=${ALICE}`);
  const third = (await chat(server, { message: "Four" })).body.conversation_id;
  assert.ok(third !== first && third !== second);
});

test("[C1] CHAT_IDLE_MINUTES says how long is idle", ONCE, async () => {
  await using server = await startServer({ environment: { CHAT_IDLE_MINUTES: "60" } });
  const first = (await chat(server, { message: "One" })).body.conversation_id;
  const updatedAt = new Date(Date.now() - 59 * 60_000);
  await server.store.updateConversation(owner, first, { updatedAt });
  assert.equal((await chat(server, { message: "Two" })).body.conversation_id, first);
});

test("[C1] conversations of other wires are not gone on with unless they are chosen", async () => {
  await using server = await sharedServer();
  const path = "/chat/completions";
  const elsewhere = await send(server, "POST", path, { message: "There" }, { "x-user-id": ALICE });
  const id = elsewhere.body.conversation_id.replace("session-", "");
  assert.notEqual((await chat(server, { message: "Here" })).body.conversation_id, id);
  const chosen = await chat(server, { message: "There again", conversation_id: id });
  assert.equal(chosen.body.conversation_id, id);
});

test(
  "[C1] a model that refuses is 400 and one that fails is 502; the message stays",
  ONCE,
  async () => {
    await using server = await sharedServer();
    server.model.next({ failStatus: 400, failBody: { error: { message: "Too spicy" } } });
    const refused = await chat(server, { message: "Spicy?" });
    assert.equal(refused.status, 400);
    assert.match(refused.body.detail, /Too spicy/);
    server.model.next({ text: "Half a", cut: 1 });
    const failed = await chat(server, { message: "Broken?" });
    assert.equal(failed.status, 502);
    assert.deepEqual(Object.keys(failed.body), ["detail", "text_so_far"]);
    assert.equal(failed.body.text_so_far, "Half ");
    const [{ messages }] = await list(server);
    assert.deepEqual(
      messages.map(({ role, content }: { role: string; content: string }) => [role, content]),
      [
        ["user", "Spicy?"],
        ["user", "Broken?"],
        ["assistant", "Half "],
      ],
    );
  },
);

test(
  "[C2] the list has every conversation with its messages, newest first, as documented",
  ONCE,
  async () => {
    await using server = await sharedServer();
    const made = [];
    for (const message of ["One", "Two", "Three"])
      made.push((await chat(server, { message, conversation_id: null })).body.conversation_id);
    await chat(server, { message: "One again", conversation_id: made[0] });
    const all = await list(server);
    assert.deepEqual(ids(all), made.toReversed());
    assert.deepEqual(Object.keys(all[0]), ["id", "user_id", "created_at", "messages"]);
    assert.equal(all[0].user_id, ALICE);
    assert.match(all[0].created_at, TIME);
    assert.equal(all[2].messages.length, 4);
    const [asked, answered] = all[0].messages;
    assert.deepEqual(Object.keys(asked), ["id", "content", "role", "created_at"]);
    assert.match(asked.id, UUID);
    assert.match(asked.created_at, TIME);
    assert.deepEqual([asked.role, asked.content], ["user", "Three"]);
    assert.deepEqual([answered.role, answered.content], ["assistant", "Echo: Three"]);
    assert.deepEqual((await send(server, "GET", `/conversations?user_id=${BOB}`)).body, []);
  },
);

test("[C2] limit and before page the list; a bad limit is 400", ONCE, async () => {
  await using server = await startServer({ builtIn: true });
  for (let count = 0; count < 5; count++)
    await chat(server, { message: `Number ${count}`, conversation_id: null });
  const all = ids(await list(server));
  assert.equal(all.length, 5);
  assert.deepEqual(ids(await list(server, "&limit=2")), all.slice(0, 2));
  assert.deepEqual(ids(await list(server, `&limit=2&before=${all[1]}`)), all.slice(2, 4));
  assert.deepEqual(ids(await list(server, `&before=${all[3]}`)), all.slice(4));
  assert.deepEqual(await list(server, "&before=unknown"), []);
  for (const limit of ["0", "-1", "x", "1.5"])
    assert.match((await list(server, `&limit=${limit}`)).detail, /limit/, limit);
});

test("[C2] a list of any length comes whole", ONCE, async () => {
  await using server = await sharedServer();
  const content = "long ".repeat(2000);
  const conversations = Array.from({ length: 60 }, (_, index) => ({
    id: `long ${index}`,
    title: `Long ${index}`,
    messages: ["user", "assistant"].map((role, place) => ({ role, content, timestamp: place + 1 })),
  }));
  const path = "/v1/chat/conversations/import";
  const headers = { "x-user-id": ALICE, authorization: "Bearer any" };
  const imported = await send(server, "POST", path, { conversations }, headers);
  assert.equal(imported.status, 200, imported.text);
  const response = await fetch(`${server.url}/conversations?user_id=${ALICE}`);
  assert.equal(response.headers.get("content-length"), null);
  const all = (await response.json()) as { messages: object[] }[];
  assert.equal(all.length, 60);
  assert.ok(all.every(({ messages }) => messages.length === 2));
});

test("[C3] a conversation is read and deleted as documented; then it is 404", async () => {
  await using server = await sharedServer();
  const id = (await chat(server, { message: "Hello" })).body.conversation_id;
  const path = `/conversations/${id}`;
  const headers = { "x-user-id": ALICE };
  const read = await send(server, "GET", path, undefined, headers);
  assert.equal(read.status, 200);
  assert.deepEqual(read.body, (await list(server))[0]);
  const deleted = await send(server, "DELETE", path, undefined, headers);
  assert.equal(deleted.status, 200);
  assert.deepEqual(deleted.body, { message: "Conversation deleted successfully" });
  for (const method of ["GET", "DELETE"]) {
    const gone = await send(server, method, path, undefined, headers);
    assert.equal(gone.status, 404, method);
    assert.deepEqual(gone.body, { detail: "Resource not found" }, method);
  }
  assert.deepEqual(await list(server), []);
});

test(
  "[C3] on the server's machine the path alone finds a conversation, whoever of its users has it",
  ONCE,
  async () => {
    await using server = await sharedServer();
    const id = (await chat(server, { message: "Hello" })).body.conversation_id;
    const path = `/conversations/${id}`;
    const read = await send(server, "GET", path);
    assert.equal(read.status, 200);
    assert.deepEqual(read.body, (await list(server))[0]);
    assert.equal((await send(server, "GET", `${path}?user_id=${BOB}`)).status, 404);
    assert.equal((await send(server, "DELETE", `${path}?user_id=${BOB}`)).status, 404);
    assert.equal((await send(server, "DELETE", path)).status, 200);
    for (const method of ["GET", "DELETE"]) {
      const gone = await send(server, method, path);
      assert.equal(gone.status, 404, method);
      assert.equal(gone.text, '{"detail":"Resource not found"}', method);
    }
  },
);

test("[C3] [X9] with a credential the path alone finds its user's conversations, and nobody else's", async () => {
  await using server = await startServer();
  const id = (await chat(server, { message: "Hello" })).body.conversation_id;
  const path = `/conversations/${id}`;
  const alice = { authorization: `Bearer ${await makeKey(server)}` };
  const bob = { authorization: `Bearer ${await makeKey(server, { userId: BOB })}` };
  const forAll = { authorization: `Bearer ${await makeKey(server, { userId: BOB, actAs: true })}` };
  assert.equal((await send(server, "GET", path, undefined, alice)).status, 200);
  for (const method of ["GET", "DELETE"])
    for (const headers of [bob, forAll]) {
      const foreign = await send(server, method, path, undefined, headers);
      assert.equal(foreign.status, 404);
      assert.equal(foreign.text, '{"detail":"Resource not found"}');
    }
  assert.equal((await send(server, "GET", path)).status, 401);
  assert.equal((await send(server, "DELETE", path, undefined, alice)).status, 200);
});
