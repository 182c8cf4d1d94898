// Links with which anybody reads a conversation up to one of its messages.
// Backends: postgres
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { png, upload } from "./file-samples.ts";
import { startServer } from "./start-server.ts";
import { makeKey, type Server, send } from "./wire-client.ts";

let server: Server;
let key: string;

before(async () => {
  server = await startServer({ builtIn: true, environment: { SHARE_LINKS: "true" } });
  key = await makeKey(server, { actAs: true });
});
after(() => server[Symbol.asyncDispose]());

/** A user who has one conversation, of these questions and their answers. */
async function someoneWho(...questions: readonly string[]) {
  const user = randomUUID();
  const { call } = caller(server.url, key);
  const as = (path: string, options: object = {}) => call(path, { user, ...options });
  const id: string = (await as("/conversations", { body: { title: "Tides" } })).body.data.id;
  const ask = async (body: object) => {
    const { body: answer } = await as(`/conversations/${id}/messages`, { body });
    return answer.data as { id: string; branch?: number }[];
  };
  for (const content of questions) await ask({ content });
  const share = async (body: object = {}) => {
    const made = await as(`/conversations/${id}/shares`, { body });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    return made.body.data as { id: string; token: string; expires_at: string; title: string };
  };
  return { user, id, as, ask, share };
}

const read = (token: string, headers: Record<string, string> = {}) =>
  send(server, "GET", `/v1/chat/shared/${token}`, undefined, headers);
const wordsIn = (answer: { body: { data: { messages: { content: string }[] } } }) =>
  answer.body.data.messages.map(({ content }) => content);

test("[H41] links are off until the operator allows them: none is made, and none that was made opens anything", async () => {
  await using other = await startServer({ builtIn: true, backend: "sqlite" });
  const { call, newConversation } = caller(other.url);
  const id = await newConversation();
  await call(`/conversations/${id}/messages`, { body: { content: "Hello" } });
  assert.equal((await call("/account")).body.data.can_share, false);
  const refused = await call(`/conversations/${id}/shares`, { body: {} });
  assert.equal(refused.status, 403);
  assert.match(refused.body.message ?? "", /SHARE_LINKS=true/);
  const createdAt = new Date();
  const [owner] = await other.store.listKeys();
  assert.equal(owner, undefined);
  const token = "a".repeat(43);
  const expiresAt = new Date(Date.now() + 60_000);
  const stored = { id: randomUUID(), token, conversationId: id, lastSequence: 1 };
  const me = { tenantId: "local", userId: (await call("/account")).body.data.user_id };
  const stamp = { at: createdAt, actor: "test" };
  await other.store.createShare(me, { ...stored, createdAt, expiresAt }, stamp);
  assert.equal((await fetch(`${other.url}/v1/chat/shared/${token}`)).status, 404);
  assert.equal((await caller(server.url, key).call("/account")).body.data.can_share, true);
});

test("[H41] a link shows the conversation up to its message to anybody without a key, says not to be indexed, and holds no id", async () => {
  const { id, user, as, ask, share } = await someoneWho("When is high water?");
  const { token, id: shareId, expires_at, title } = await share();
  assert.equal(title, "Tides");
  assert.match(token, /^[\w-]{43}$/);
  const days = (Date.parse(expires_at) - Date.now()) / 86_400_000;
  assert.ok(days > 29.9 && days <= 30, `${days}`);
  await ask({ content: "A question that came later" });
  const answer = await read(token);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("x-robots-tag"), "noindex, nofollow");
  assert.equal(answer.headers.get("cache-control"), "no-store");
  assert.deepEqual(wordsIn(answer), ["When is high water?", "You said: When is high water?"]);
  const messages = (await as(`/conversations/${id}/messages`)).body.data as { id: string }[];
  for (const secret of [id, user, shareId, token, ...messages.map((it) => it.id)])
    assert.ok(!answer.text.includes(secret), `it holds ${secret}`);
  assert.doesNotMatch(answer.text, /[0-9a-f]{8}-[0-9a-f]{4}/);
  assert.equal((await read(token, { authorization: "Bearer ck_unknown" })).status, 200);
});

test("[H41] a link can end at an earlier message, and on a version that is not shown any more", async () => {
  const { ask, share, as, id } = await someoneWho("One");
  const [two] = await ask({ content: "Two" });
  const [other] = await ask({ branch_from: two?.id, content: "Another two" });
  assert.equal(other?.branch, 1);
  const upToTwo = await share({ message_id: two?.id });
  assert.deepEqual(wordsIn(await read(upToTwo.token)), ["One", "You said: One", "Two"]);
  const latest = await share();
  assert.deepEqual(wordsIn(await read(latest.token)), [
    "One",
    "You said: One",
    "Another two",
    "You said: Another two",
  ]);
  for (const [body, status] of [
    [{ message_id: randomUUID() }, 404],
    [{ expires_in_days: 0 }, 400],
    [{ expires_in_days: 366 }, 400],
    [{ expires_in_days: 1.5 }, 400],
  ] as const)
    assert.equal((await as(`/conversations/${id}/shares`, { body })).status, status);
  const empty = (await as("/conversations", { body: {} })).body.data.id;
  assert.equal((await as(`/conversations/${empty}/shares`, { body: {} })).status, 409);
});

test("[H42] only what was said is shown: no instructions, no thoughts, no files; what is deleted goes from the link, too", async () => {
  const { id, user, as, ask, share } = await someoneWho();
  await ask({ role: "system", content: "Secret instructions" });
  const file = await upload(server.url, png(), {
    key,
    type: "image/png",
    name: "coast.png",
    headers: { "x-user-id": user },
  });
  assert.equal(file.status, 201, JSON.stringify(file.body));
  await ask({ content: "Look\n#think secret thoughts", attachments: [file.body.data.id] });
  const [question] = await ask({ content: "To be deleted" });
  const { token } = await share();
  const before = await read(token);
  assert.doesNotMatch(before.text, /secret instructions/i);
  const [, answered] = (await as(`/conversations/${id}/messages`)).body.data.slice(-4);
  assert.match(answered.reasoning, /secret thoughts/);
  assert.doesNotMatch(before.body.data.messages[1].content, /secret/);
  assert.deepEqual(before.body.data.messages[0].files, ["coast.png"]);
  assert.ok(!before.text.includes(file.body.data.id));
  assert.match(before.text, /To be deleted/);
  await as(`/messages/${question?.id}`, { method: "DELETE" });
  const shown = wordsIn(await read(token));
  assert.ok(!shown.includes("To be deleted") && shown.length === 3, `${shown}`);
});

test("[H43] a link ends when it is revoked, when it expires, and with its conversation; all of it is in the audit log", async () => {
  const { id, user, as, share } = await someoneWho("Hello");
  const [one, two] = [await share(), await share({ expires_in_days: 1 })];
  const listed = (await as("/shares")).body.data as { id: string; token: string }[];
  assert.deepEqual(listed.map((it) => it.id).sort(), [one.id, two.id].sort());
  assert.equal((await as(`/shares/${one.id}`, { method: "DELETE" })).status, 200);
  assert.equal((await read(one.token)).status, 404);
  assert.equal((await as(`/shares/${one.id}`, { method: "DELETE" })).status, 404);

  const expired = { ...one, id: randomUUID(), token: "b".repeat(43), conversationId: id };
  const past = new Date(Date.now() - 1000);
  const stored = { ...expired, lastSequence: 1, createdAt: past, expiresAt: past };
  const stamp = { at: past, actor: "test" };
  await server.store.createShare({ tenantId: "local", userId: user }, stored, stamp);
  assert.equal((await read(expired.token)).status, 404);
  assert.deepEqual(
    (await as("/shares")).body.data.map((it: { id: string }) => it.id),
    [two.id],
  );

  await as(`/conversations/${id}`, { method: "DELETE" });
  const gone = await read(two.token);
  assert.equal(gone.status, 404);
  assert.match(gone.body.message, /expired, was revoked, or its conversation was deleted/);
  assert.deepEqual((await as("/shares")).body.data, []);
  const events = await server.store.listAuditEvents({ limit: 50 });
  const about = events.filter((event) => event.about === one.id).map(({ action }) => action);
  assert.deepEqual(about, ["share_revoked", "share_created"]);
});

test("[H43] a link's token opens nothing else, and a link is nobody's but its maker's", async () => {
  const { id, share } = await someoneWho("Hello");
  const mine = await share();
  for (const [method, path] of [
    ["GET", "/v1/chat/conversations"],
    ["GET", `/v1/chat/conversations/${id}`],
    ["GET", `/v1/chat/conversations/${id}/messages/stream?ticket=${mine.token}`],
    ["GET", "/v1/chat/shares"],
    ["DELETE", `/v1/chat/shares/${mine.id}`],
  ] as const) {
    const headers = path.includes("ticket") ? {} : { authorization: `Bearer ${mine.token}` };
    assert.equal((await send(server, method, path, undefined, headers)).status, 401, path);
  }
  for (const wrong of [mine.token.slice(1), `${mine.token}x`, mine.id, id, "%00", "'", "x"])
    assert.ok([400, 404].includes((await read(wrong)).status), wrong);
  const stranger = await someoneWho("Hi");
  assert.equal((await stranger.as(`/shares/${mine.id}`, { method: "DELETE" })).status, 404);
  assert.equal((await stranger.as(`/conversations/${id}/shares`, { body: {} })).status, 404);
  assert.deepEqual((await stranger.as("/shares")).body.data, []);
  assert.equal((await read(mine.token)).status, 200);
});

test("[X8] a link that is asked for twice with one Idempotency-Key is made once", async () => {
  const { as, id } = await someoneWho("Hello");
  const make = (body: object) =>
    as(`/conversations/${id}/shares`, { body, headers: { "idempotency-key": "once" } });
  const [first, second] = [await make({}), await make({})];
  assert.deepEqual(second.body.data, first.body.data);
  assert.equal((await make({ expires_in_days: 2 })).status, 409);
  assert.equal((await as("/shares")).body.data.length, 1);
});

test("[H43] readers of a link are counted by their address, and use up nothing of its owner's", async () => {
  await using limited = await startServer({
    builtIn: true,
    backend: "sqlite",
    environment: { SHARE_LINKS: "true", RATE_LIMITS: "shared=3/m chat-v1=5/m" },
  });
  const { call, newConversation } = caller(limited.url);
  const id = await newConversation();
  await call(`/conversations/${id}/messages`, { body: { content: "Hello" } });
  const { token } = (await call(`/conversations/${id}/shares`, { body: {} })).body.data;
  const url = `${limited.url}/v1/chat/shared/${token}`;
  const statuses: number[] = [];
  for (let count = 0; count < 5; count++) statuses.push((await fetch(url)).status);
  assert.deepEqual(statuses, [200, 200, 200, 429, 429]);
  assert.equal((await call("/account")).status, 200);
});
