// Backends: replicas
// Conversations of the Responses wire: the store's own, with their items.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { all, type Event, responsesClient, wordsOf } from "./responses-client.ts";
import { sharedServer } from "./shared-server.ts";
import { ONCE } from "./start-server.ts";

const user = (text: string) => ({ type: "message", role: "user", content: text });
const shown = (items: readonly Event[]) =>
  items.map(({ role, type, content }) => [role ?? type, content?.[0]?.text ?? ""]);

async function talking(metadata?: object) {
  const server = await sharedServer();
  const client = responsesClient(server);
  const { call } = client;
  const { body: conversation } = await call("POST", "/conversations", metadata ? { metadata } : {});
  const path = `/conversations/${conversation.id}`;
  return {
    server,
    ...client,
    conversation,
    path,
    items: async (query = "?order=asc") => (await call("GET", `${path}/items${query}`)).body,
  };
}

test("[ON1] [OX7] a conversation is begun, read, changed and deleted", async () => {
  const { call, conversation, path } = await talking({ topic: "demo" });
  assert.match(conversation.id, /^conv_[0-9a-f]{32}$/);
  const { id, created_at } = conversation;
  assert.deepEqual(conversation, {
    id,
    object: "conversation",
    created_at,
    metadata: { topic: "demo" },
  });
  assert.deepEqual((await call("GET", path)).body, conversation);
  const changed = await call("POST", path, { metadata: { topic: "other", n: "1" } });
  assert.deepEqual(changed.body.metadata, { topic: "other", n: "1" });
  assert.deepEqual((await call("GET", path)).body, changed.body);
  const refused = await call("POST", path, { metadata: { topic: 1 } });
  assert.deepEqual([refused.status, refused.body.error.param], [400, "metadata.topic"]);
  const deleted = await call("DELETE", path);
  assert.deepEqual(deleted.body, { id, object: "conversation.deleted", deleted: true });
  assert.equal((await call("GET", path)).status, 404);
});

test("[ON1] [ON2] pictures and files that come with items are kept with them", ONCE, async () => {
  const { call, path, items } = await talking();
  const data = "data:text/plain;base64,SGVsbG8=";
  const file = { type: "input_file", filename: "note.txt", file_data: data };
  const words = { type: "input_text", text: "See this" };
  const about = [
    { type: "message", role: "user", content: [words, file] },
    { type: "message", role: "user", content: [file] },
  ];
  const added = await call("POST", `${path}/items`, { items: about });
  assert.equal(added.status, 200, JSON.stringify(added.body));
  const shownOf = (list: readonly Event[]) =>
    list.map(({ content }) => content.map((part: Event) => part.filename ?? part.text));
  assert.deepEqual(shownOf((await items()).data), [["See this", "note.txt"], ["note.txt"]]);
  const begun = await call("POST", "/conversations", { items: about });
  assert.equal(begun.status, 200, JSON.stringify(begun.body));
  const { body } = await call("GET", `/conversations/${begun.body.id}/items?order=asc`);
  assert.deepEqual(shownOf(body.data), [["See this", "note.txt"], ["note.txt"]]);
});

test("[ON1] conversations of other wires answer here, and those of responses without one do not", async () => {
  const { server, call, create, user: userId } = await talking();
  const wire = caller(server.url);
  const id = await wire.newConversation({ user: userId });
  const path = `/conversations/conv_${id.replaceAll("-", "")}`;
  assert.equal((await call("GET", path)).status, 200);
  const content = "Hello {{reply text=Hi}}";
  await wire.call(`/conversations/${id}/messages`, { body: { content }, user: userId });
  const { body } = await call("GET", `${path}/items?order=asc`);
  assert.deepEqual(shown(body.data), [
    ["user", content],
    ["assistant", "Hi"],
  ]);
  await create({ input: "{{reply text=hidden}}" });
  const listed = (await wire.call("/conversations?limit=100", { user: userId })).body.data;
  assert.equal(listed.length, 2, "the one begun here, and the other wire's");
});

test("[ON2] [ON3] items are stored without asking a model, listed in pages, read and deleted one by one", async () => {
  const { server, call, path, items } = await talking();
  const added = await call("POST", `${path}/items`, {
    items: [
      user("U"),
      { type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: "R" }] },
      { type: "function_call", call_id: "c1", name: "look", arguments: "{}" },
      { type: "function_call_output", call_id: "c1", output: "seen" },
      { type: "message", role: "assistant", content: "A" },
      { type: "message", role: "system", content: "S" },
    ],
  });
  assert.equal(added.status, 200, added.text);
  assert.equal(added.body.object, "list");
  assert.deepEqual(
    added.body.data.map(({ type }: Event) => type),
    ["message", "reasoning", "function_call", "function_call_output", "message", "message"],
  );
  assert.equal(server.model.requests.length, 0);
  const listed = (await items()).data;
  assert.deepEqual(listed, added.body.data);
  assert.deepEqual((await items("")).data, listed.toReversed());
  const page = await items("?order=asc&limit=4");
  assert.deepEqual(page.data, listed.slice(0, 4));
  assert.deepEqual((await items(`?order=asc&after=${page.last_id}`)).data, listed.slice(4));
  const [first] = listed;
  assert.deepEqual((await call("GET", `${path}/items/${first.id}`)).body, first);
  const deleted = await call("DELETE", `${path}/items/${first.id}`);
  assert.equal(deleted.body.object, "conversation");
  assert.equal((await call("GET", `${path}/items/${first.id}`)).status, 404);
  assert.equal((await items()).data.length, 5);
});

test("[ON2] at most 20 items are taken at once, and an output needs its call", ONCE, async () => {
  const { call, path } = await talking();
  const many = Array.from({ length: 21 }, () => user("x"));
  for (const where of [`${path}/items`, "/conversations"]) {
    const { status, body } = await call("POST", where, { items: many });
    assert.deepEqual([status, body.error.param], [400, "items"]);
  }
  const output = { type: "function_call_output", call_id: "none", output: "x" };
  const refused = await call("POST", `${path}/items`, { items: [output] });
  assert.deepEqual([refused.status, refused.body.error.param], [400, "items[0].call_id"]);
});

test("[ON1] [OR6] a conversation that begins with items goes on with them", async () => {
  const { server, call, create } = await talking();
  const { body } = await call("POST", "/conversations", {
    items: [user("I am Ada."), { type: "message", role: "assistant", content: "Hello Ada." }],
  });
  const input = "Who am I? {{reply text=Ada}}";
  const response = (await create({ input, conversation: { id: body.id } })).body;
  assert.deepEqual(response.conversation, { id: body.id });
  assert.deepEqual(
    server.model.requests[0]?.body?.messages?.map(({ content }) => content),
    ["I am Ada.", "Hello Ada.", input],
  );
  const { data } = (await call("GET", `/conversations/${body.id}/items?order=asc`)).body;
  assert.equal(data.length, 4);
  assert.deepEqual(data[3], response.output[0]);
});

test("[OR6] two responses at once in one conversation are answered one after the other, each with the one before in mind", async () => {
  const { server, conversation, create, items } = await talking();
  const { id } = conversation;
  const input = (name: string) => `${name} {{reply text="re ${name}"}}`;
  const asked = ["a", "b", "c"].map((name) => create({ input: input(name), conversation: id }));
  const bodies = (await Promise.all(asked)).map(({ body }) => body);
  assert.deepEqual(bodies.map(wordsOf).sort(), ["re a", "re b", "re c"]);
  const { data } = await items();
  assert.equal(data.length, 6);
  const told = server.model.requests.map(({ body }) => body?.messages?.length ?? 0);
  assert.deepEqual(told.toSorted(), [1, 3, 5]);
});

test("[OR6] a conversation is named by a header, a field or metadata: an alias of the user's, begun at its first use", async () => {
  const { server, create } = await talking();
  const name = `chat ${randomUUID()}`;
  const header = { "x-conversation-id": name };
  const first = await create({ input: "a {{reply text=one}}" }, header);
  assert.equal(first.status, 200, first.text);
  const { id } = first.body.conversation;
  assert.equal(first.headers.get("x-conversation-id"), id);
  const second = await create({ input: "b", conversation: name });
  assert.equal(second.body.conversation.id, id);
  const third = await create({ input: "c", metadata: { conversation_id: name } });
  assert.equal(third.body.conversation.id, id);
  assert.equal(server.model.requests[2]?.body?.messages?.length, 5);
  const differs = await create({ input: "x", conversation: "another" }, header);
  assert.equal(differs.status, 400);
  const unfilled = await create({ input: "x" }, { "x-conversation-id": "{{CHAT_ID}}" });
  assert.equal(unfilled.body.conversation, null);
});

test("[ON4] what is deleted on one wire is deleted on the other", async () => {
  const { server, call, create, get, conversation, path, user: userId } = await talking();
  const wire = caller(server.url);
  const { id } = (await create({ input: "{{reply text=x}}", conversation: conversation.id })).body;
  const hex = conversation.id.slice("conv_".length);
  const uuid = hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
  const there = await wire.call(`/conversations/${uuid}/messages`, { user: userId });
  assert.equal(there.body.data.length, 2);
  await wire.call(`/conversations/${uuid}`, { method: "DELETE", user: userId });
  assert.equal((await get(id)).status, 404);
  assert.equal((await call("GET", path)).status, 404);
  assert.equal((await call("GET", `${path}/items`)).status, 404);
  const next = await create({ input: "x", previous_response_id: id });
  assert.equal(next.body.error.code, "previous_response_not_found");
});

test("[ON4] a conversation that is deleted here is gone on wire 004, and its replies stop", async () => {
  const { server, call, stream, conversation, path, user: userId } = await talking();
  const watched = all(
    stream({ input: "{{reply tokens=9 hold=2}}", conversation: conversation.id }),
  );
  await server.model.held();
  assert.equal((await call("DELETE", path)).status, 200);
  await server.model.aborted();
  await watched.catch(() => []);
  const hex = conversation.id.slice("conv_".length);
  const uuid = hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
  const { status } = await caller(server.url).call(`/conversations/${uuid}`, { user: userId });
  assert.equal(status, 404);
});
