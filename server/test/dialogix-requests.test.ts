// Wire 001: what every wire promises.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dialogixWire } from "../src/dialects/dialogix/index.ts";
import { sharedServer } from "./shared-server.ts";
import { startServer } from "./start-server.ts";
import {
  ALICE,
  BOB,
  badBodies,
  EVERY_KIND_OF_TEXT,
  errorTable,
  makeKey,
  type Server,
  STATUSES,
  send,
} from "./wire-client.ts";

const PATH = "/api/v1/chat/completions";
const KEYS = ["error", "details"];
const complete = (server: Server, body: object, headers?: Record<string, string>) =>
  send(server, "POST", PATH, body, headers);
const history = (server: Server, name: string, headers?: Record<string, string>) =>
  send(server, "GET", `/chat/history/${name}`, undefined, headers);

test("[X4] (dialogix) every error is told as {error, details}, with its status", async () => {
  const table = await errorTable((admit) => dialogixWire({ admit } as never), "/chat/history/x");
  for (const [code, answer] of Object.entries(table)) {
    assert.equal(answer.status, STATUSES[code as keyof typeof STATUSES], code);
    assert.deepEqual(Object.keys(answer.body), KEYS, code);
  }
  const documented = { error: "Internal server error", details: "Failed to process request" };
  assert.deepEqual(table.internal.body, documented);
  assert.deepEqual(table.unexpected.body, documented);
});

test("[X4] (dialogix) bad input is refused in this wire's words, and nothing is stored", async () => {
  await using server = await sharedServer();
  for (const [status, body, type] of badBodies("message")) {
    const answer = await send(server, "POST", PATH, body, type ? { "content-type": type } : {});
    const what = `${status} ${String(body).slice(0, 50)}`;
    assert.equal(answer.status, status, what);
    assert.deepEqual(Object.keys(answer.body), KEYS, what);
    assert.ok(answer.body.details.length > 8, what);
    if (status === 400) assert.equal(answer.body.error, "Invalid request format", what);
  }
  for (const message of ["", " \n", "a\u0000", "a\ud800"])
    assert.match((await complete(server, { message })).body.details, /^message must /);
  const paths: [number, string, string, unknown?][] = [
    [400, "GET", "/chat/history/%00"],
    [400, "GET", "/api/v1/chat/history/%E0%A4%A"],
    [404, "GET", "/api/v1"],
    [404, "GET", "/api/v1/unknown"],
    [404, "POST", "/chat/unknown", {}],
    [404, "GET", "/chat/history/a/b"],
    [405, "GET", PATH],
    [405, "DELETE", "/chat/history/x"],
    [405, "POST", "/api/v1/health", {}],
    [413, "POST", PATH, { message: "x".repeat(5_000_000) }],
  ];
  for (const [status, method, path, body] of paths) {
    const answer = await send(server, method, path, body);
    assert.equal(answer.status, status, `${method} ${path}`);
    assert.deepEqual(Object.keys(answer.body), KEYS, `${method} ${path}`);
    assert.match(answer.headers.get("x-request-id") ?? "", /^req_\w+$/);
  }
  assert.equal(server.model.requests.length, 0);
  assert.equal((await complete(server, { message: "Still serving" })).status, 200);
});

test("[X4] (dialogix) 401 without a key once there is one, 429 where an operator set a limit", async () => {
  const environment = { RATE_LIMITS: "dialogix=2/m" };
  await using server = await startServer({ builtIn: true, environment });
  for (let count = 0; count < 2; count++)
    assert.equal((await complete(server, { message: "Hi" })).status, 200);
  const limited = await complete(server, { message: "Hi" });
  assert.equal(limited.status, 429);
  assert.equal(limited.body.error, "Too many requests");
  assert.ok(Number(limited.headers.get("retry-after")) >= 1);
  const authorization = `Bearer ${await makeKey(server)}`;
  assert.equal((await history(server, "x", { authorization })).status, 404);
  const refused = await history(server, "x", { authorization: "Bearer ck_unknown" });
  assert.equal(refused.status, 401);
  assert.deepEqual(Object.keys(refused.body), KEYS);
});

test("[X4] (dialogix) a store that cannot answer is 503 with Retry-After", async () => {
  await using server = await startServer({ builtIn: true });
  await server.store.close();
  for (const answer of [await complete(server, { message: "Hi" }), await history(server, "x")]) {
    assert.equal(answer.status, 503);
    assert.deepEqual(Object.keys(answer.body), KEYS);
    assert.ok(Number(answer.headers.get("retry-after")) >= 1);
  }
});

test("[X6] (dialogix) a client that leaves does not stop the reply", async () => {
  await using server = await sharedServer();
  server.model.next({ text: "Said to nobody", hold: 1 });
  const leaving = new AbortController();
  const body = { message: "Hello", conversation_id: "mine" };
  const request = send(server, "POST", PATH, body, {}, leaving.signal);
  await server.model.held();
  leaving.abort();
  await assert.rejects(request);
  const next = complete(server, { message: "And now?", conversation_id: "mine" });
  server.model.release();
  assert.equal((await next).status, 200);
  assert.equal((await history(server, "mine")).body.messages[1].content, "Said to nobody");
});

test("[X8] (dialogix) the same Idempotency-Key gives the first answer again, and asks nothing twice", async () => {
  await using server = await sharedServer();
  const key = { "idempotency-key": "k-1" };
  server.model.next({ text: "Only once", hold: 1 });
  const first = complete(server, { message: "Hello" }, key);
  await server.model.held();
  const joined = complete(server, { message: "Hello" }, key);
  server.model.release();
  const answer = await first;
  assert.equal(answer.body.message, "Only once");
  assert.equal((await joined).text, answer.text);
  assert.equal((await complete(server, { message: "Hello" }, key)).text, answer.text);
  const other = await complete(server, { message: "Something else" }, key);
  assert.equal(other.status, 409);
  assert.equal(other.body.error, "Conflict");
  assert.equal(server.model.requests.length, 1);
  assert.equal((await history(server, answer.body.conversation_id)).body.messages.length, 2);
});

test("[X9] (dialogix) a conversation of another user is the same 404 as none", async () => {
  await using server = await sharedServer();
  const alice = { "x-user-id": ALICE };
  const bob = { "x-user-id": BOB };
  const mine = (await complete(server, { message: "Mine" }, alice)).body.conversation_id;
  const theirs = await history(server, mine, bob);
  const none = await history(server, `session-${crypto.randomUUID()}`, bob);
  assert.deepEqual([theirs.status, theirs.text], [404, none.text]);
  const sent = await complete(server, { message: "Let me in", conversation_id: mine }, bob);
  assert.equal(sent.status, 200);
  assert.equal((await history(server, mine, alice)).body.messages.length, 2);
  assert.equal((await history(server, mine, bob)).body.messages[0].content, "Let me in");
});

test("[X10] (dialogix) text comes back exactly as it was sent, up to 100,000 characters", async () => {
  await using server = await startServer({ builtIn: true });
  for (const message of [...EVERY_KIND_OF_TEXT, "😀".repeat(100_000)]) {
    const answer = await complete(server, { message });
    assert.equal(answer.status, 200, message.slice(0, 40));
    const { messages } = (await history(server, answer.body.conversation_id)).body;
    assert.equal(messages[0].content, message);
  }
});

test("[X11] (dialogix) two user ids that differ are 400, the same one thrice is fine", async () => {
  await using server = await sharedServer();
  const post = (header: string, query: string, user_id: string) =>
    send(
      server,
      "POST",
      `${PATH}?user_id=${query}`,
      { message: "Hi", user_id },
      { "x-user-id": header },
    );
  assert.equal((await post(ALICE, ALICE, ALICE)).status, 200);
  for (const refused of [
    await post(BOB, ALICE, ALICE),
    await post(ALICE, BOB, ALICE),
    await post(ALICE, ALICE, BOB),
  ]) {
    assert.equal(refused.status, 400);
    assert.match(refused.body.details, /two different users/);
  }
  assert.equal(server.model.requests.length, 1);
});
