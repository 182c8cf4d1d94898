// Wire 002: what it promises of its own, but for the limits.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sharedServer } from "./shared-server.ts";
import { startServer } from "./start-server.ts";
import { ALICE, BOB, makeKey, type Server, send, UUID } from "./wire-client.ts";

const PATH = "/api/conversations";
const REQUEST = /^req_\w+$/;
const FIELDS = "id,title,messages,createdAt,updatedAt,isPinned,userId,agentId,mode".split(",");

const get = (server: Server) => send(server, "GET", `${PATH}?userId=${ALICE}`);
const post = (server: Server, body: object = {}) =>
  send(server, "POST", PATH, { userId: ALICE, ...body });
const put = (server: Server, conversationId: unknown, body: object) =>
  send(server, "PUT", PATH, { userId: ALICE, conversationId, ...body });
const user = (content: string, timestamp?: unknown) => ({ role: "user", content, timestamp });
type Sent = { id: string; content: string; timestamp: number; role: string };
const idsOf = (messages: Sent[]) => messages.map(({ id }) => id);
const said = (messages: Sent[]) => messages.map(({ content }) => content);

test("[V1] the list has every conversation of the user with its messages, as documented", async () => {
  await using server = await sharedServer();
  const begun = Date.now();
  const agentId = crypto.randomUUID();
  const mode = "mode_1_interactive_manual";
  const messages = [user("Hello", 1234567890)];
  await post(server, { title: "Conversation Title", messages, agentId, mode, isPinned: false });
  const answer = await get(server);
  assert.equal(answer.status, 200);
  assert.deepEqual(Object.keys(answer.body), ["success", "conversations", "count", "requestId"]);
  assert.equal(answer.body.success, true);
  assert.equal(answer.body.count, 1);
  const [conversation] = answer.body.conversations;
  assert.deepEqual(Object.keys(conversation), FIELDS);
  const { id, createdAt, updatedAt, messages: stored, ...rest } = conversation;
  assert.match(id, UUID);
  assert.deepEqual(rest, {
    title: "Conversation Title",
    isPinned: false,
    userId: ALICE,
    agentId,
    mode,
  });
  for (const time of [createdAt, updatedAt]) assert.ok(time >= begun && time <= Date.now());
  const [{ id: messageId, ...message }] = stored;
  assert.match(messageId, UUID);
  assert.deepEqual(message, { role: "user", content: "Hello", timestamp: 1234567890 });
  const slash = await send(server, "GET", `${PATH}/?userId=${ALICE}`);
  assert.deepEqual(slash.body.conversations, answer.body.conversations);
  const nobody = await send(server, "GET", `${PATH}?userId=${BOB}`);
  assert.deepEqual([nobody.body.conversations, nobody.body.count], [[], 0]);
});

test("[V1] pinned conversations come first, then those used last", async () => {
  await using server = await startServer({ builtIn: true });
  const ids: string[] = [];
  for (const isPinned of [false, true, false, true])
    ids.push((await post(server, { isPinned })).body.conversation.id);
  const listed = async () =>
    (await get(server)).body.conversations.map((one: { id: string }) => ids.indexOf(one.id));
  assert.deepEqual(await listed(), [3, 1, 2, 0]);
  const chosen = { message: "Hi", user_id: ALICE, conversation_id: ids[0] };
  await send(server, "POST", "/chat", chosen);
  assert.deepEqual(await listed(), [3, 1, 0, 2]);
  await put(server, ids[2], { isPinned: true });
  assert.deepEqual(await listed(), [2, 3, 1, 0]);
});

test("[V1] a user id that is missing or no UUID is 400 VALIDATION_ERROR", async () => {
  await using server = await sharedServer();
  const conversationId = crypto.randomUUID();
  for (const userId of [undefined, "user-123", "user-uuid", "", " ", `${ALICE}0`, 5, null, {}])
    for (const method of ["GET", "POST", "PUT", "DELETE"]) {
      const isRead = method === "GET";
      if (isRead && typeof userId !== "string" && userId !== undefined) continue;
      const query = isRead && userId !== undefined ? `?userId=${userId}` : "";
      const body = isRead ? undefined : { userId, conversationId };
      const answer = await send(server, method, PATH + query, body);
      const what = `${method} ${JSON.stringify(userId)}`;
      assert.equal(answer.status, 400, what);
      assert.equal(answer.body.code, "VALIDATION_ERROR", what);
      assert.match(answer.body.message, /userId/, what);
      assert.match(answer.body.context.field, /userId/, what);
    }
  const twice = await send(server, "GET", `${PATH}?userId=${ALICE}&userId=${BOB}`);
  assert.equal(twice.status, 400);
});

test("[V1] a key says who its user is", async () => {
  await using server = await startServer();
  const authorization = `Bearer ${await makeKey(server)}`;
  const created = await send(server, "POST", PATH, { title: "Mine" }, { authorization });
  assert.equal(created.body.conversation.userId, ALICE);
  const others = { userId: BOB };
  const refused = await send(server, "POST", PATH, others, { authorization });
  assert.deepEqual([refused.status, refused.body.code], [403, "PERMISSION_DENIED"]);
  const nobody = await get(server);
  assert.deepEqual([nobody.status, nobody.body.code], [401, "UNAUTHENTICATED"]);
});

test("[V2] a conversation is created as documented", async () => {
  await using server = await sharedServer();
  const answer = await send(server, "POST", PATH, {
    userId: ALICE,
    title: "New Conversation",
    messages: [],
    agentId: "agent-uuid",
    mode: "mode_1_interactive_manual",
    isPinned: false,
  });
  assert.equal(answer.status, 201);
  const { success, conversation, message, requestId, ...rest } = answer.body;
  assert.deepEqual(rest, { skipped: 0 });
  assert.equal(success, true);
  assert.equal(message, "Conversation created successfully");
  assert.match(requestId, REQUEST);
  assert.deepEqual(Object.keys(conversation), FIELDS);
  assert.deepEqual([conversation.title, conversation.messages], ["New Conversation", []]);
  assert.equal(typeof conversation.createdAt, "number");
  assert.deepEqual((await get(server)).body.conversations, [conversation]);
  const bare = await send(server, "POST", PATH, { userId: ALICE, title: null, agentId: "" });
  const { title, agentId, mode, isPinned } = bare.body.conversation;
  assert.deepEqual([title, agentId, mode, isPinned], ["New Conversation", null, null, false]);
});

const LAST_MS = Date.parse("9999-12-31T23:59:59.999Z");

test("[V2] given messages keep their order and their own times", async () => {
  await using server = await sharedServer();
  const before = Date.now();
  const messages = [
    user("Later first", 2_000_000_000_000),
    { role: "assistant", content: "Zero", timestamp: 0 },
    { role: "system", content: "Rounded", timestamp: 1234.6 },
    user("ISO", "2025-01-05T10:00:00Z"),
    user("The last moment there is", LAST_MS),
    user("Now"),
    user("Now too", null),
  ];
  const { conversation } = (await post(server, { messages })).body;
  const times = conversation.messages.map(({ timestamp }: Sent) => timestamp);
  const iso = Date.parse("2025-01-05T10:00:00Z");
  assert.deepEqual(times.slice(0, 5), [2_000_000_000_000, 0, 1235, iso, LAST_MS]);
  for (const time of times.slice(5)) assert.ok(time >= before && time <= Date.now());
  assert.deepEqual(
    said(conversation.messages),
    messages.map(({ content }) => content),
  );
  assert.equal(conversation.title, "Later first");
  const bad = [
    -1,
    LAST_MS + 1,
    8.64e15,
    "yesterday",
    "1234567890",
    "2025-13-45",
    true,
    {},
    "1969-01-01",
  ];
  for (const timestamp of bad) {
    const refused = await post(server, { messages: [user("Hi", timestamp)] });
    assert.equal(refused.status, 400, String(timestamp));
    assert.match(refused.body.context.field, /^messages\[0\]\.timestamp/, String(timestamp));
  }
  assert.equal((await get(server)).body.count, 1);
});

test("[V2] a message keeps its id if that is a UUID which no other message has", async () => {
  await using server = await sharedServer();
  const id = crypto.randomUUID();
  const messages = [
    { id, ...user("Mine", 1) },
    { id, ...user("The same id", 2) },
    { id: "1", ...user("No UUID", 3) },
    { id: 1704459600000, ...user("A number", 4) },
  ];
  const first = idsOf((await post(server, { messages })).body.conversation.messages);
  assert.equal(first[0], id);
  assert.equal(new Set(first).size, 4);
  const second = await post(server, { messages });
  assert.equal(second.status, 201);
  const again = idsOf(second.body.conversation.messages);
  assert.equal(new Set([...first, ...again]).size, 8);
});

test("[V2] a history of many messages moves in at once", async () => {
  await using server = await sharedServer();
  const content = "long ".repeat(1000);
  const messages = Array.from({ length: 2000 }, (_, index) => user(`${index} ${content}`, index));
  const answer = await post(server, { messages });
  assert.equal(answer.status, 201);
  assert.equal(answer.body.conversation.messages.length, 2000);
  assert.equal((await get(server)).body.conversations[0].messages[1999].timestamp, 1999);
});

test("[V4] a conversation is deleted by body or by query, as documented; then it is 404", async () => {
  await using server = await sharedServer();
  const create = async () => (await post(server)).body.conversation.id;
  const [first, second, third] = [await create(), await create(), await create()];
  const query = (id: string) => `${PATH}?userId=${ALICE}&conversationId=${id}`;
  const both = { userId: ALICE, conversationId: third };
  const answers = [
    await send(server, "DELETE", PATH, { userId: ALICE, conversationId: first }),
    await send(server, "DELETE", query(second)),
    await send(server, "DELETE", query(third), both),
  ];
  for (const { status, body } of answers) {
    assert.equal(status, 200);
    const { requestId, ...rest } = body;
    assert.match(requestId, REQUEST);
    assert.deepEqual(rest, { success: true, message: "Conversation deleted successfully" });
  }
  assert.equal((await get(server)).body.count, 0);
  const again = await send(server, "DELETE", PATH, both);
  assert.deepEqual([again.status, again.body.code], [404, "NOT_FOUND"]);
  const unnamed = await send(server, "DELETE", `${PATH}?userId=${ALICE}`);
  assert.equal(unnamed.status, 400);
  assert.deepEqual(unnamed.body.context, { field: "conversationId" });
  const differing = await send(server, "DELETE", query(first), both);
  assert.equal(differing.status, 400);
});

test("[V8] agentId names an agent, whose instructions the replies follow; mode is kept", async () => {
  await using server = await startServer({ environment: { MODELS: "*" } });
  const bearer = { authorization: "Bearer x", "x-user-id": ALICE };
  const wanted = { name: "Pirate", instructions: "Talk like a pirate.", model: "pirate-model" };
  const agent = (await send(server, "POST", "/v1/chat/agents", wanted, bearer)).body.data;
  const { conversation } = (await post(server, { agentId: agent.id, mode: "mode 7/ß" })).body;
  assert.deepEqual([conversation.agentId, conversation.mode], [agent.id, "mode 7/ß"]);
  const body = { message: "Hello", user_id: ALICE, conversation_id: conversation.id };
  await send(server, "POST", "/chat", body);
  const asked = server.model.requests[0]?.body;
  assert.equal(asked?.model, "pirate-model");
  assert.deepEqual(asked?.messages?.[0], { role: "system", content: "Talk like a pirate." });
  await put(server, conversation.id, { agentId: "unknown-agent" });
  assert.equal((await send(server, "POST", "/chat", body)).status, 200);
  assert.equal(server.model.requests[1]?.body?.model, "scripted");
});
