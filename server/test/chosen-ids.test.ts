// Ids that clients choose, where somebody else, of the same tenant or of another, has the same one.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { startServer } from "./start-server.ts";
import { type Answer, makeKey, send } from "./wire-client.ts";

const server = await startServer();
after(() => server[Symbol.asyncDispose]());

const bearer = async (tenantId: string, userId: string) => ({
  authorization: `Bearer ${await makeKey(server, { tenantId, userId })}`,
});
const asAlice = await bearer("hers", randomUUID());

/** Those who must notice nothing, each time a new one. */
const strangers = {
  "a user of the same tenant": () => bearer("hers", randomUUID()),
  "a user of another tenant": () => bearer(randomUUID(), randomUUID()),
};

const SAYING = { role: "user", content: "Hello", timestamp: 1_700_000_000_000 };
const CHATGPT = (id: string) => ({
  id,
  title: "From elsewhere",
  create_time: 1_700_000_200,
  current_node: id,
  mapping: {
    [id]: {
      id,
      parent: null,
      children: [],
      message: {
        id,
        author: { role: "user" },
        content: { parts: ["Why?"] },
        create_time: 1_700_000_201,
      },
    },
  },
});

type Choose = (id: string, headers: Record<string, string>) => Promise<Answer>;

/** Every way to choose an id. */
const ways: Record<string, Choose> = {
  "a message of a conversation that moves in": (id, headers) =>
    send(server, "POST", "/api/conversations", { messages: [{ ...SAYING, id }] }, headers),
  async "a message of a list that is replaced"(id, headers) {
    const made = await send(server, "POST", "/api/conversations", { title: "Own" }, headers);
    const conversationId: string = made.body.conversation.id;
    const messages = [{ ...SAYING, id }];
    return send(server, "PUT", "/api/conversations", { conversationId, messages }, headers);
  },
  "a conversation that is imported": (id, headers) =>
    importOf({ id, title: "Own", messages: [SAYING] }, headers),
  "a message that is imported": (id, headers) =>
    importOf({ id: "conv-1", title: "Own", messages: [{ ...SAYING, id }] }, headers),
  "a ChatGPT export": (id, headers) => importOf(CHATGPT(id), headers),
  "a conversation of wire 001": (id, headers) =>
    send(
      server,
      "POST",
      "/api/v1/chat/completions",
      { message: "Hi", conversation_id: id },
      headers,
    ),
  "an agent": (id, headers) =>
    send(server, "POST", "/v1/chat/agents", { id, name: "Own", instructions: "Be" }, headers),
  "an Idempotency-Key": (id, headers) =>
    send(
      server,
      "POST",
      "/v1/chat/conversations",
      { title: "Own" },
      { ...headers, "idempotency-key": id },
    ),
};

const importOf = (conversation: object, headers: Record<string, string>) =>
  send(server, "POST", "/v1/chat/conversations/import", { conversations: [conversation] }, headers);

/** All that the user has, with every id and time replaced by what is known of it. */
async function shape(chosen: string, answer: Answer, headers: Record<string, string>) {
  const list = await send(server, "GET", "/api/conversations", undefined, headers);
  const agents = await send(server, "GET", "/v1/chat/agents", undefined, headers);
  return [`${answer.status} ${answer.text}`, list.text, agents.text].map((text) =>
    text
      .replaceAll(chosen, "<chosen>")
      .replaceAll(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g, "<own>")
      .replaceAll(/req_\w+|msg-[\w-]+|\d{13}|\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<changing>"),
  );
}

/** Alice's ids: one of each kind that wires give out. */
async function taken(): Promise<Record<string, string>> {
  const moved = await send(
    server,
    "POST",
    "/api/conversations",
    { messages: [SAYING, { ...SAYING, role: "assistant" }] },
    asAlice,
  );
  const stored = { conversation: moved.body.conversation.id, message: randomUUID() };
  await ways["a message of a conversation that moves in"]?.(stored.message, asAlice);
  const reply = await send(server, "POST", "/chat", { message: "Hi", user_id: null }, asAlice);
  assert.equal(reply.status, 200, reply.text);
  return { ...stored, "reply's conversation": reply.body.conversation_id };
}

test("[X9] an id that somebody else has is answered byte for byte as one that nobody has, in every way to choose one", async () => {
  const ids = await taken();
  const before = {
    list: (await send(server, "GET", "/api/conversations", undefined, asAlice)).body,
  };
  for (const [way, choose] of Object.entries(ways)) {
    // What Alice chose the same way.
    const own = randomUUID();
    const hers = await choose(own, asAlice);
    assert.ok(hers.status < 300, `${way}: ${hers.text}`);
    for (const [whose, id] of Object.entries({ ...ids, "the same kind": own }))
      for (const [who, as] of Object.entries(strangers)) {
        const fresh = randomUUID();
        const [headers, others] = [await as(), await as()];
        const answer = await shape(id, await choose(id, headers), headers);
        const nothing = await shape(fresh, await choose(fresh, others), others);
        assert.deepEqual(answer, nothing, `${who} chose Alice's ${whose} for ${way}`);
        assert.match(answer[0] ?? "", /^20[01] /, way);
      }
  }
  const message = await send(server, "GET", `/v1/chat/messages/${ids.message}`, undefined, asAlice);
  assert.equal(message.body.data.content, "Hello");
  const list = (await send(server, "GET", "/api/conversations", undefined, asAlice)).body;
  for (const conversation of before.list.conversations)
    assert.deepEqual(
      list.conversations.find(({ id }: { id: string }) => id === conversation.id),
      conversation,
    );
});

test("[X9] a message that moves in keeps the id that it was given, whoever else has it, but for a message of the same user", async () => {
  const id = randomUUID();
  const move = ways["a message of a conversation that moves in"] as Choose;
  const idOf = ({ body }: Answer): string => body.conversation.messages[0].id;
  assert.equal(idOf(await move(id, asAlice)), id);
  for (const as of Object.values(strangers)) {
    const headers = await as();
    assert.equal(idOf(await move(id, headers)), id);
    const again = await move(id, headers);
    assert.equal(again.status, 201, "it is stored all the same");
    assert.notEqual(idOf(again), id);
    const deleted = await send(server, "DELETE", `/v1/chat/messages/${id}`, undefined, headers);
    assert.equal(deleted.status, 200);
  }
  const kept = await send(server, "GET", `/v1/chat/messages/${id}`, undefined, asAlice);
  assert.equal(kept.body.data.content, "Hello");
});

test("[X9] whoever gives a message the id of another user's running reply watches the message", async () => {
  const made = await send(server, "POST", "/v1/chat/conversations", {}, asAlice);
  const leaving = new AbortController();
  const live = await fetch(
    `${server.url}/v1/chat/conversations/${made.body.data.id}/messages/stream`,
    {
      method: "POST",
      headers: { "content-type": "application/json", ...asAlice },
      body: JSON.stringify({ content: "{{reply tokens=20 stall=3}} A secret" }),
      signal: leaving.signal,
    },
  );
  const first = Buffer.from((await live.body?.getReader().read())?.value ?? []).toString();
  const replyId = /^id: ([0-9a-f-]{36}):/m.exec(first)?.[1] ?? "";
  assert.ok(replyId, first);
  for (const as of Object.values(strangers)) {
    const headers = await as();
    const copied = await send(
      server,
      "POST",
      "/api/conversations",
      { messages: [SAYING, { role: "assistant", content: "Also mine", id: replyId }] },
      headers,
    );
    assert.equal(copied.body.conversation.messages[1].id, replyId);
    const seen = await send(
      server,
      "GET",
      `/v1/chat/conversations/${copied.body.conversation.id}/messages/stream?after=${replyId}:0`,
      undefined,
      headers,
    );
    assert.match(seen.text, /Also mine/);
    const stop = `/v1/chat/conversations/${copied.body.conversation.id}/messages/stop`;
    await send(server, "POST", stop, {}, headers);
  }
  const running = await send(server, "GET", `/v1/chat/messages/${replyId}`, undefined, asAlice);
  assert.notEqual(running.body.data?.status, "interrupted", running.text);
  leaving.abort();
});
