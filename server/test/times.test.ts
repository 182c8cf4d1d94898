// Times that clients give.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { isoTime } from "../src/domain/time.ts";
import { startServer } from "./start-server.ts";
import { makeKey, send } from "./wire-client.ts";

const server = await startServer();
after(() => server[Symbol.asyncDispose]());
const alice = crypto.randomUUID();
const asAlice = { authorization: `Bearer ${await makeKey(server, { userId: alice })}` };

const store = (messages: readonly object[]) =>
  send(server, "POST", "/api/conversations", { messages }, asAlice);
const saying = (content: string, more: object = {}) => ({ role: "user", content, ...more });

test("[X4] (conversations) a time outside the years 1970 to 9999 is 400 in words", async () => {
  const outside = [Date.now() * 1000, 253_402_300_800_000, -1, "0000-01-01T00:00:00Z"];
  for (const timestamp of outside) {
    const answer = await store([saying("Too far", { timestamp })]);
    assert.equal(answer.status, 400, String(timestamp));
    assert.match(answer.body.message, /in the years 1970 to 9999$/);
  }
  for (const timestamp of [0, 253_402_300_799_999, "9999-12-31T23:59:59.999Z"])
    assert.equal((await store([saying("Just in", { timestamp })])).status, 201);
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
    model: null,
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
    const answer = await send(server, "GET", `/v1/chat/${path}`, undefined, asAlice);
    assert.equal(answer.status, 200, path);
    assert.match(answer.text, /"9999-12-31T23:59:59\.999Z"/, path);
  }
});

test("the text of a time is that of toISOString, at the ends of days and years and anywhere between", () => {
  const latest = 253_402_300_799_999;
  const ends = [0, 1, 86_399_999, 86_400_000, 951_782_400_000, 1_709_251_199_999, latest];
  const anywhere = Array.from({ length: 10_000 }, () => Math.floor(Math.random() * latest));
  for (const milliseconds of [...ends, ...anywhere, -1, latest + 1]) {
    const date = new Date(milliseconds);
    assert.equal(isoTime(date), date.toISOString());
  }
});
