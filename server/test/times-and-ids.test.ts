// What clients choose of a message: its time and its id.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startServer } from "./start-server.ts";
import { makeKey, send } from "./wire-client.ts";

const server = await startServer();
after(() => server[Symbol.asyncDispose]());
const [alice, bob] = [crypto.randomUUID(), crypto.randomUUID()];
const as = new Map<string, Record<string, string>>();
for (const userId of [alice, bob])
  as.set(userId, { authorization: `Bearer ${await makeKey(server, { userId })}` });

const store = (userId: string, messages: readonly object[]) =>
  send(server, "POST", "/api/conversations", { messages }, as.get(userId));
const saying = (content: string, more: object = {}) => ({ role: "user", content, ...more });

test("[X4] (conversations) a time outside the years 1970 to 9999 is 400 in words", async () => {
  const outside = [Date.now() * 1000, 253_402_300_800_000, -1, "0000-01-01T00:00:00Z"];
  for (const timestamp of outside) {
    const answer = await store(alice, [saying("Too far", { timestamp })]);
    assert.equal(answer.status, 400, String(timestamp));
    assert.match(answer.body.message, /in the years 1970 to 9999$/);
  }
  for (const timestamp of [0, 253_402_300_799_999, "9999-12-31T23:59:59.999Z"])
    assert.equal((await store(alice, [saying("Just in", { timestamp })])).status, 201);
});

test("a message that was stored with an impossible time is found and listed all the same", async () => {
  const owner = { tenantId: "local", userId: alice };
  const at = new Date(Date.now() * 1000);
  const id = crypto.randomUUID();
  const conversation = {
    id,
    title: "Far ahead",
    isPinned: false,
    agentId: null,
    mode: null,
    origin: "import",
    alias: null,
    createdAt: at,
  };
  const message = {
    id: crypto.randomUUID(),
    role: "user" as const,
    content: "Xylophone",
    model: null,
  };
  await server.store.createConversation(owner, conversation, [{ ...message, createdAt: at }]);
  for (const path of ["search?q=xylophone", "conversations", `conversations/${id}/messages`]) {
    const answer = await send(server, "GET", `/v1/chat/${path}`, undefined, as.get(alice));
    assert.equal(answer.status, 200, path);
    assert.match(answer.text, /"9999-12-31T23:59:59\.999Z"/, path);
  }
});

test("[X9] a message id that another user has is answered byte for byte as one that nobody has", async () => {
  const sequence = { role: "user", content: "Hello", timestamp: 1_700_000_000_000 };
  const takenId = crypto.randomUUID();
  assert.equal((await store(alice, [{ ...sequence, id: takenId }])).status, 201);
  const withoutOwnIds = (text: string): string =>
    text.replaceAll(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|req_\w+|\d{13}/g, (one) =>
      one === takenId || one === freshId ? "<chosen>" : "<own>",
    );
  const freshId = crypto.randomUUID();
  const answers = [];
  for (const id of [takenId, freshId])
    answers.push(withoutOwnIds((await store(bob, [{ ...sequence, id }])).text));
  assert.equal(answers[0], answers[1]);
  assert.match(answers[0] ?? "", /<chosen>/);
  const theirs = await send(
    server,
    "GET",
    `/v1/chat/messages/${takenId}`,
    undefined,
    as.get(alice),
  );
  assert.equal(theirs.body.data.content, "Hello");
});

test("[X9] whoever gives a message the id of another user's running reply watches the message", async () => {
  const asked = await send(server, "POST", "/v1/chat/conversations", {}, as.get(alice));
  const conversationId: string = asked.body.data.id;
  const leaving = new AbortController();
  const live = await fetch(
    `${server.url}/v1/chat/conversations/${conversationId}/messages/stream`,
    {
      method: "POST",
      headers: { "content-type": "application/json", ...as.get(alice) },
      body: JSON.stringify({ content: "{{reply tokens=20 stall=3}} A secret" }),
      signal: leaving.signal,
    },
  );
  const piece = await live.body?.getReader().read();
  const first = Buffer.from(piece?.value ?? []).toString();
  const replyId = /^id: ([0-9a-f-]{36}):/m.exec(first)?.[1] ?? "";
  assert.ok(replyId, first);
  const copied = await store(bob, [
    saying("Mine"),
    { role: "assistant", content: "Also mine", id: replyId },
  ]);
  const own: string = copied.body.conversation.id;
  const seen = await send(
    server,
    "GET",
    `/v1/chat/conversations/${own}/messages/stream?after=${replyId}:0`,
    undefined,
    as.get(bob),
  );
  assert.match(seen.text, /Also mine/);
  leaving.abort();
});
