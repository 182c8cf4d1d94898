// Wire 002 as its clients use it: what they send that cannot be taken, and two of them at once.
// Backends: replicas
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startServer } from "./start-server.ts";
import { ALICE, BOB, type Server, send } from "./wire-client.ts";

const PATH = "/api/conversations";
const GOOD = [
  { role: "user", content: "First" },
  { role: "assistant", content: "Second", model: "x", isStreaming: false },
];
/** No message can be made of these. */
const BAD = [
  null,
  5,
  "text",
  [],
  {},
  { role: "user" },
  { role: "user", content: null },
  { role: "user", content: "" },
  { role: "assistant", content: " \n" },
  { role: "user", content: ["Hi"] },
  { role: "user", content: "a\u0000b" },
  { role: "user", content: "x".repeat(100_001) },
  { role: "tool", content: "42" },
  { role: "admin", content: "Hi" },
  { content: "Hi" },
];

describe("wire 002 and its clients", () => {
  let server: Server;
  before(async () => {
    server = await startServer({ builtIn: true });
  });
  after(() => server[Symbol.asyncDispose]());

  const post = (body: object, userId: string) => send(server, "POST", PATH, { userId, ...body });
  const put = (body: object, headers?: Record<string, string>) =>
    send(server, "PUT", PATH, body, headers);
  const get = (id: string, userId: string) => send(server, "GET", `${PATH}/${id}?userId=${userId}`);
  const said = (messages: { content: string }[]) => messages.map(({ content }) => content);

  test("[V2] what cannot be taken is left out and counted; the rest moves in, in order", async () => {
    const userId = crypto.randomUUID();
    const messages = (BAD as unknown[]).toSpliced(3, 0, GOOD[0]);
    const answer = await post({ title: "Moved", messages: [...messages, GOOD[1]] }, userId);
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.body.skipped, BAD.length);
    assert.deepEqual(said(answer.body.conversation.messages), ["First", "Second"]);
    const { id } = answer.body.conversation;
    const changed = await put({ userId, conversationId: id, messages: [...BAD, ...GOOD, null] });
    assert.equal(changed.status, 200, changed.text);
    assert.equal(changed.body.skipped, BAD.length + 1);
    assert.deepEqual(said((await get(id, userId)).body.conversation.messages), ["First", "Second"]);
    const renamed = await put({ userId, conversationId: id, title: "Renamed", colour: "red" });
    assert.deepEqual([renamed.body.skipped, renamed.body.conversation.title], [0, "Renamed"]);
    assert.equal(renamed.body.conversation.messages.length, 2);
  });

  test("[V5] [X9] one conversation is read by its id, and another user's is as absent as none", async () => {
    const userId = crypto.randomUUID();
    const { id } = (await post({ title: "Mine", messages: GOOD }, userId)).body.conversation;
    const own = await get(id, userId);
    assert.equal(own.status, 200);
    const list = await send(server, "GET", `${PATH}?userId=${userId}`);
    assert.deepEqual(own.body.conversation, list.body.conversations[0]);
    assert.equal(own.body.requestId, own.headers.get("x-request-id"));
    const textOf = ({ text, body }: typeof own) => text.replace(body.requestId, "");
    const theirs = await get(id, BOB);
    assert.deepEqual([theirs.status, theirs.body.code], [404, "NOT_FOUND"]);
    for (const other of [crypto.randomUUID(), "conv-123"])
      assert.equal(textOf(await get(other, BOB)), textOf(theirs));
    assert.equal((await send(server, "GET", `${PATH}/${id}`)).status, 400);
  });

  test("[V3] of two changes to one version the second is 409 where it says so, and loses nothing", async () => {
    const userId = ALICE;
    const { conversation } = (await post({ title: "Shared" }, userId)).body;
    const conversationId = conversation.id;
    const read = await get(conversationId, userId);
    const etag = read.headers.get("etag") ?? "";
    assert.match(etag, /^"\d+"$/);
    const list = (content: string) => ({
      userId,
      conversationId,
      messages: [{ role: "user", content }],
    });
    const ofBoth = await Promise.all(
      ["One", "Two"].map((text) => put(list(text), { "if-match": etag })),
    );
    assert.deepEqual(ofBoth.map(({ status }) => status).sort(), [200, 409]);
    const won = ofBoth.find(({ status }) => status === 200)!;
    const lost = ofBoth.find(({ status }) => status === 409)!;
    assert.equal(lost.body.code, "CONFLICT");
    assert.match(lost.body.message, /^The conversation has been changed in the meantime/);
    const kept = await get(conversationId, userId);
    assert.deepEqual(kept.body.conversation, won.body.conversation);
    assert.equal(kept.headers.get("etag"), won.headers.get("etag"));
    assert.notEqual(kept.headers.get("etag"), etag);

    const stale = { ...list("Three"), updatedAt: conversation.updatedAt };
    assert.equal((await put(stale)).status, 409);
    assert.equal((await put(list("Three"), { "if-match": '"unknown"' })).status, 409);
    const still = await get(conversationId, userId);
    assert.deepEqual(still.body.conversation, kept.body.conversation);
    const { updatedAt } = kept.body.conversation;
    const fresh = await put({ ...list("Three"), updatedAt });
    assert.equal(fresh.status, 200);
    const weak = `"1", W/${fresh.headers.get("etag")}`;
    assert.equal((await put(list("Four"), { "if-match": weak })).status, 200);
    for (const headers of [{}, { "if-match": "*" }])
      assert.equal((await put(list("Five"), headers)).status, 200);
    assert.equal((await put({ ...list("Six"), updatedAt: Date.now() + 60_000 })).status, 200);
  });
});
