// Wire 002: changing conversations.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sharedServer } from "./shared-server.ts";
import { ALICE, type Server, send } from "./wire-client.ts";

const PATH = "/api/conversations";

const get = (server: Server) => send(server, "GET", `${PATH}?userId=${ALICE}`);
const post = (server: Server, body: object = {}) =>
  send(server, "POST", PATH, { userId: ALICE, ...body });
const put = (server: Server, conversationId: unknown, body: object) =>
  send(server, "PUT", PATH, { userId: ALICE, conversationId, ...body });
const user = (content: string, timestamp?: unknown) => ({ role: "user", content, timestamp });
type Sent = { id: string; content: string };
const idsOf = (messages: Sent[]) => messages.map(({ id }) => id);
const said = (messages: Sent[]) => messages.map(({ content }) => content);

test("[V3] a change touches only the fields that it names", async () => {
  await using server = await sharedServer();
  const messages = [user("Hello", 1)];
  const fields = { title: "Before", messages, agentId: "agent", mode: "mode", isPinned: true };
  const { conversation } = (await post(server, fields)).body;
  const { updatedAt: _, ...before } = conversation;
  const changes = [
    { title: "After" },
    { isPinned: false },
    { agentId: null },
    { mode: "other" },
    { title: null },
    {},
  ];
  let expected = before;
  for (const change of changes) {
    const answer = await put(server, conversation.id, change);
    assert.equal(answer.status, 200);
    const { updatedAt, ...after } = answer.body.conversation;
    if (change.title !== null) expected = { ...expected, ...change };
    assert.deepEqual(after, expected, JSON.stringify(change));
    assert.ok(updatedAt >= conversation.updatedAt);
  }
  assert.equal((await put(server, conversation.id, { title: "" })).status, 400);
});

test("[V3] the documented change is answered as documented", async () => {
  await using server = await sharedServer();
  const { id } = (await post(server)).body.conversation;
  const change = { title: "Updated Title", messages: [user("Hi", 1)], isPinned: true };
  const { body } = await put(server, id, change);
  assert.deepEqual(Object.keys(body), [
    "success",
    "conversation",
    "message",
    "skipped",
    "requestId",
  ]);
  assert.equal(body.success, true);
  assert.equal(body.message, "Conversation updated successfully");
  const { title, messages, isPinned } = body.conversation;
  assert.deepEqual([title, said(messages), isPinned], ["Updated Title", ["Hi"], true]);
});

test("[V3] messages replaces the list at once; a message that is unchanged keeps its id", async () => {
  await using server = await sharedServer();
  const messages = [user("One", 1), user("Two", 2), user("Three", 3)];
  const { conversation } = (await post(server, { messages })).body;
  const [one, two, three] = conversation.messages;
  const replace = async (list: object[]) =>
    (await put(server, conversation.id, { messages: list })).body.conversation.messages;

  const edited = await replace([
    user("One", 1),
    user("Two, edited", 2),
    user("Three", 3),
    user("Four", 4),
  ]);
  assert.deepEqual(said(edited), ["One", "Two, edited", "Three", "Four"]);
  assert.deepEqual([edited[0].id, edited[2].id], [one.id, three.id]);
  assert.ok(edited[1].id !== two.id);
  assert.deepEqual(await replace(edited), edited);
  assert.deepEqual(await replace(edited.toReversed()), edited.toReversed());
  const byId = await replace([{ ...three, content: "Three, edited" }, one]);
  assert.deepEqual(byId, [{ ...three, content: "Three, edited" }, one]);
  const timeless = await replace([{ role: "user", content: "One" }, user("New", 9)]);
  assert.deepEqual(timeless[0], one);
  const bad = await put(server, conversation.id, { messages: [user("Good", -1)] });
  assert.equal(bad.status, 400);
  assert.deepEqual((await get(server)).body.conversations[0].messages, timeless);
  assert.deepEqual(await replace([]), []);
});

test("[V3] messages without times keep those that are stored, each once", async () => {
  await using server = await sharedServer();
  const messages = [user("ok", 1), user("ok", 2), user("ok", 3)];
  const { conversation } = (await post(server, { messages })).body;
  const stored: Sent[] = conversation.messages;
  const replace = async (list: object[]) =>
    (await put(server, conversation.id, { messages: list })).body.conversation.messages;
  const bare = { role: "user", content: "ok" };
  assert.deepEqual(await replace([bare, bare, bare]), stored);
  assert.deepEqual(await replace([bare, { ...bare, id: stored[1]?.id }, user("ok", 3)]), stored);
  const more = await replace([bare, bare, bare, bare]);
  assert.deepEqual(more.slice(0, 3), stored);
  assert.equal(new Set(idsOf(more)).size, 4);
  const [one, two] = stored;
  assert.deepEqual(await replace([bare, { ...bare, id: one?.id }]), [two, one]);
  await replace(messages);
  const [first, second] = await replace(messages);
  assert.deepEqual(await replace([bare, user("ok", 1)]), [second, first]);
});

test("[V3] an id that a message of another conversation has is replaced by a new one", async () => {
  await using server = await sharedServer();
  const other = (await post(server, { messages: [user("Elsewhere", 1)] })).body.conversation;
  const { conversation } = (await post(server, { messages: [user("Here", 1)] })).body;
  const messages = [...conversation.messages, ...other.messages];
  const changed = (await put(server, conversation.id, { messages })).body.conversation.messages;
  assert.equal(changed[0].id, conversation.messages[0].id);
  assert.notEqual(changed[1].id, other.messages[0].id);
  assert.deepEqual((await get(server)).body.conversations[1], other);
});

test("[V3] a list that is sent back as it came leaves a conversation of another wire as it is", async () => {
  await using server = await sharedServer();
  const chat = (message: string) => send(server, "POST", "/chat", { message, user_id: ALICE });
  await chat("Hello");
  server.model.next({ failStatus: 400 });
  await chat("Refused");
  server.model.next({ pieces: [" \n "] });
  await chat("Blank");
  const [before] = (await get(server)).body.conversations;
  assert.deepEqual(said(before.messages), ["Hello", "Echo: Hello", "Refused", "Blank"]);
  const answer = await put(server, before.id, { messages: before.messages });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body.conversation.messages, before.messages);
});

test("[V3] a list that has a reply longer than a message may be is taken back as it was given", async () => {
  await using server = await sharedServer();
  const { conversation } = (await post(server)).body;
  const asked = { content: "{{reply tokens=30000}}", user_id: ALICE };
  const path = `/v1/chat/conversations/${conversation.id}/messages`;
  const authorization = { authorization: "Bearer any" };
  assert.equal((await send(server, "POST", path, asked, authorization)).status, 201);
  const [{ messages }] = (await get(server)).body.conversations;
  assert.ok(messages[1].content.length > 100_000);
  const answer = await put(server, conversation.id, { messages });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body.conversation.messages, messages);
  const tooLong = { ...messages[0], content: messages[1].content };
  const left = await put(server, conversation.id, { messages: [...messages, tooLong] });
  assert.equal(left.status, 200);
  assert.equal(left.body.skipped, 1, "what is no reply of ours has a message's bound");
  assert.deepEqual(left.body.conversation.messages, messages);
});
