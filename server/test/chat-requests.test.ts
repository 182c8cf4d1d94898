// Wire 000 over HTTP: limits, and what every wire promises.
// Backends: replicas
import assert from "node:assert/strict";
import { test } from "node:test";
import { chatWire } from "../src/dialects/chat/index.ts";
import { eventually } from "./cli-runner.ts";
import { sharedServer } from "./shared-server.ts";
import { ONCE, startServer } from "./start-server.ts";
import {
  ALICE,
  BOB,
  badBodies,
  EVERY_KIND_OF_TEXT,
  errorTable,
  type Server,
  STATUSES,
  send,
} from "./wire-client.ts";

const chat = (server: Server, body: object, headers?: Record<string, string>) =>
  send(server, "POST", "/chat", { user_id: ALICE, ...body }, headers);
const list = async (server: Server) =>
  (await send(server, "GET", `/conversations?user_id=${ALICE}`)).body;

test("[C4] 100 requests a minute per user; then 429 with Retry-After", async () => {
  await using server = await startServer({ builtIn: true, environment: { RATE_LIMITS: "" } });
  const read = (user: string) => send(server, "GET", `/conversations/x?user_id=${user}`);
  for (let count = 0; count < 99; count++) assert.equal((await read(ALICE)).status, 404);
  assert.equal((await chat(server, { message: "The hundredth" })).status, 200);
  for (const refused of [await read(ALICE), await chat(server, { message: "One too many" })]) {
    assert.equal(refused.status, 429);
    assert.deepEqual(Object.keys(refused.body), ["detail"]);
    const seconds = Number(refused.headers.get("retry-after"));
    assert.ok(seconds >= 1 && seconds <= 60, String(seconds));
  }
  assert.equal((await read(BOB)).status, 404);
});

test("[C4] 1,000 an hour is the other window, and the tighter one counts", async () => {
  const environment = { RATE_LIMITS: "chat=1000/m,3/h" };
  await using server = await startServer({ builtIn: true, environment });
  for (let count = 0; count < 3; count++)
    assert.equal((await chat(server, { message: "Hi" })).status, 200);
  const refused = await chat(server, { message: "Hi" });
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers.get("retry-after")) > 60);
});

test("[X4] (chat) every error is told as {detail}, with its status", ONCE, async () => {
  const table = await errorTable((admit) => chatWire({ admit } as never), "/conversations");
  for (const [code, answer] of Object.entries(table)) {
    assert.equal(answer.status, STATUSES[code as keyof typeof STATUSES], code);
    assert.deepEqual(Object.keys(answer.body), ["detail"], code);
  }
  assert.deepEqual(table.internal.body, { detail: "Internal server error" });
  assert.deepEqual(table.unexpected.body, { detail: "Internal server error" });
  assert.match(table.unauthenticated.headers.get("www-authenticate") ?? "", /^Bearer/);
});

test(
  "[X4] (chat) bad input is refused in this wire's words, and nothing is stored",
  ONCE,
  async () => {
    await using server = await sharedServer();
    const user = { "x-user-id": ALICE };
    for (const [status, body, type] of badBodies("message")) {
      const headers = { ...user, ...(type && { "content-type": type }) };
      const answer = await send(server, "POST", "/chat", body, headers);
      const what = `${status} ${String(body).slice(0, 50)}`;
      assert.equal(answer.status, status, what);
      assert.deepEqual(Object.keys(answer.body), ["detail"], what);
      assert.ok(answer.body.detail.length > 8, what);
    }
    for (const message of ["", " \n", "a\u0000", "a\ud800"])
      assert.match((await chat(server, { message })).body.detail, /^message must /);
    const paths: [number, string, string, unknown?][] = [
      [400, "GET", "/conversations/%00"],
      [400, "GET", "/conversations/%E0%A4%A"],
      [404, "GET", "/conversations/a/b"],
      [404, "GET", "/unknown"],
      [404, "GET", "/chat%2Fx"],
      [405, "GET", "/chat"],
      [405, "PATCH", "/conversations"],
      [405, "POST", "/conversations/x", {}],
      [413, "POST", "/chat", { message: "x".repeat(5_000_000) }],
      [426, "GET", "/ws?user_id=a"],
    ];
    for (const [status, method, path, body] of paths) {
      const answer = await send(server, method, path, body, user);
      assert.equal(answer.status, status, `${method} ${path}`);
      assert.deepEqual(Object.keys(answer.body), ["detail"], `${method} ${path}`);
      assert.match(answer.headers.get("x-request-id") ?? "", /^req_\w+$/);
    }
    assert.deepEqual(await list(server), []);
    assert.equal(server.model.requests.length, 0);
    assert.equal((await chat(server, { message: "Still serving" })).status, 200);
  },
);

test("[X4] (chat) a store that cannot answer is 503 with Retry-After", ONCE, async () => {
  await using server = await startServer({ builtIn: true });
  await server.store.close();
  const query = `?user_id=${ALICE}`;
  for (const answer of [
    await chat(server, { message: "Hi" }),
    await send(server, "GET", `/conversations${query}`),
    await send(server, "GET", `/conversations/x${query}`),
  ]) {
    assert.equal(answer.status, 503);
    assert.deepEqual(Object.keys(answer.body), ["detail"]);
    assert.ok(Number(answer.headers.get("retry-after")) >= 1);
  }
});

test("[X6] (chat) a client that leaves does not stop the reply", async () => {
  await using server = await sharedServer();
  server.model.next({ text: "Said to nobody", hold: 1 });
  const leaving = new AbortController();
  const body = { message: "Hello", user_id: ALICE };
  const request = send(server, "POST", "/chat", body, {}, leaving.signal);
  await server.model.held();
  leaving.abort();
  await assert.rejects(request);
  const next = chat(server, { message: "And now?" });
  server.model.release();
  assert.equal((await next).status, 200);
  const [{ messages }] = await list(server);
  assert.equal(messages[1].content, "Said to nobody");
});

test("[X7] (chat) two messages at once are answered one after the other", async () => {
  await using server = await sharedServer();
  const id = (await chat(server, { message: "Hello" })).body.conversation_id;
  server.model.next({ text: "First answer", hold: 1 });
  const first = chat(server, { message: "First", conversation_id: id });
  await server.model.held();
  const second = chat(server, { message: "Second", conversation_id: id });
  await eventually(async () => (await list(server))[0].messages.length >= 4);
  assert.equal(server.model.requests.length, 2);
  server.model.release();
  assert.equal((await first).body.response, "First answer");
  assert.equal((await second).body.response, "Echo: Second");
  assert.deepEqual(
    server.model.requests[2]?.body?.messages?.slice(-3).map(({ content }) => content),
    ["First", "First answer", "Second"],
  );
});

test("[X8] (chat) the same Idempotency-Key gives the first answer again, and asks nothing twice", async () => {
  await using server = await sharedServer();
  const key = { "idempotency-key": "k-1" };
  server.model.next({ text: "Only once", hold: 1 });
  const first = chat(server, { message: "Hello" }, key);
  await server.model.held();
  const joined = chat(server, { message: "Hello" }, key);
  server.model.release();
  const answer = await first;
  assert.equal(answer.body.response, "Only once");
  assert.equal((await joined).text, answer.text);
  assert.equal((await chat(server, { message: "Hello" }, key)).text, answer.text);
  const other = await chat(server, { message: "Something else" }, key);
  assert.equal(other.status, 409);
  assert.deepEqual(Object.keys(other.body), ["detail"]);
  assert.equal(server.model.requests.length, 1);
  assert.equal((await list(server))[0].messages.length, 2);
  assert.equal((await chat(server, { message: "Hi", user_id: BOB }, key)).status, 200);
  assert.equal((await chat(server, { message: "Hi" }, { "idempotency-key": "" })).status, 400);
});

test("[X9] (chat) a conversation of another user is the same 404 as none", async () => {
  await using server = await sharedServer();
  const id = (await chat(server, { message: "Mine" })).body.conversation_id;
  const ask = (method: string, path: string, body?: unknown) =>
    send(server, method, path, body, { "x-user-id": BOB });
  for (const method of ["GET", "DELETE"]) {
    const theirs = await ask(method, `/conversations/${id}`);
    const none = await ask(method, `/conversations/${crypto.randomUUID()}`);
    assert.deepEqual([theirs.status, theirs.text], [404, none.text], method);
  }
  const message = { message: "Let me in" };
  const theirs = await ask("POST", "/chat", { ...message, conversation_id: id });
  const none = await ask("POST", "/chat", { ...message, conversation_id: crypto.randomUUID() });
  assert.deepEqual([theirs.status, theirs.text], [404, none.text]);
  assert.deepEqual((await send(server, "GET", `/conversations?user_id=${BOB}`)).body, []);
  assert.equal((await list(server))[0].messages.length, 2);
});

test(
  "[X10] (chat) text comes back exactly as it was sent, up to 100,000 characters",
  ONCE,
  async () => {
    await using server = await startServer({ builtIn: true });
    for (const message of [...EVERY_KIND_OF_TEXT, "😀".repeat(100_000)]) {
      const answer = await chat(server, { message, conversation_id: null });
      assert.equal(answer.status, 200, message.slice(0, 40));
      assert.equal((await list(server))[0].messages[0].content, message);
    }
  },
);

test(
  "[X11] (chat) two user ids that differ are 400, the same one thrice is fine",
  ONCE,
  async () => {
    await using server = await sharedServer();
    const post = (header: string, query: string, body: string) =>
      send(
        server,
        "POST",
        `/chat?user_id=${query}`,
        { message: "Hi", user_id: body },
        { "x-user-id": header },
      );
    assert.equal((await post(ALICE, ALICE, ALICE)).status, 200);
    for (const refused of [
      await post(BOB, ALICE, ALICE),
      await post(ALICE, BOB, ALICE),
      await post(ALICE, ALICE, BOB),
    ]) {
      assert.equal(refused.status, 400);
      assert.match(refused.body.detail, /two different users/);
    }
    assert.equal(server.model.requests.length, 1);
  },
);
