// Wire 002: its limits, its errors, and what every wire promises.
import assert from "node:assert/strict";
import { test } from "node:test";
import { conversationsWire } from "../src/dialects/conversations/index.ts";
import { sharedServer } from "./shared-server.ts";
import { startServer } from "./start-server.ts";
import {
  ALICE,
  type Answer,
  BOB,
  badBodies,
  EVERY_KIND_OF_TEXT,
  errorTable,
  type Server,
  STATUSES,
  send,
} from "./wire-client.ts";

const PATH = "/api/conversations";
const KEYS = ["error", "message", "code", "requestId", "context"];
const get = (server: Server, user = ALICE) => send(server, "GET", `${PATH}?userId=${user}`);
const post = (server: Server, body: object) =>
  send(server, "POST", PATH, { userId: ALICE, ...body });
const limitOf = ({ headers }: Answer) => ({
  limit: headers.get("x-ratelimit-limit"),
  remaining: headers.get("x-ratelimit-remaining"),
  reset: Number(headers.get("x-ratelimit-reset")),
});

test("[V5] [X9] (conversations) what is not yours is 404 NOT_FOUND, the same as what is not there", async () => {
  await using server = await sharedServer();
  const { id } = (await post(server, { title: "Mine" })).body.conversation;
  for (const method of ["PUT", "DELETE"]) {
    const ask = (conversationId: string) =>
      send(server, method, PATH, { userId: BOB, conversationId, title: "Theirs", messages: [] });
    const withoutId = ({ status, text, body }: Answer) => [
      status,
      text.replace(body.requestId, ""),
    ];
    const theirs = await ask(id);
    assert.equal(theirs.body.code, "NOT_FOUND");
    assert.deepEqual(withoutId(theirs), withoutId(await ask(crypto.randomUUID())), method);
    assert.deepEqual(withoutId(theirs), withoutId(await ask("conv-123")), method);
  }
  assert.equal((await get(server)).body.conversations[0].title, "Mine");
  assert.equal((await get(server, BOB)).body.count, 0);
});

test("[V5] [X4] (conversations) every error has its code and status in the documented body", async () => {
  const wireWith = (admit: unknown) =>
    conversationsWire({ admit, limits: { takeForUser: async () => null } } as never);
  const table = await errorTable(wireWith, PATH);
  const codes: Record<string, string> = {
    invalid_request: "VALIDATION_ERROR",
    unauthenticated: "UNAUTHENTICATED",
    forbidden: "PERMISSION_DENIED",
    not_found: "NOT_FOUND",
    conflict: "CONFLICT",
    rate_limited: "RATE_LIMITED",
    unavailable: "DATABASE_ERROR",
  };
  for (const [code, answer] of Object.entries(table)) {
    assert.equal(answer.status, STATUSES[code as keyof typeof STATUSES], code);
    assert.deepEqual(Object.keys(answer.body), KEYS, code);
    if (codes[code]) assert.equal(answer.body.code, codes[code]);
    assert.equal(answer.body.requestId, answer.headers.get("x-request-id"));
  }
  assert.deepEqual(table.invalid_request.body.context, { field: "place" });
  assert.equal(table.invalid_request.body.error, "Validation Error");
  assert.equal(table.unexpected.body.message, "Internal server error");
});

test("[V6] 100 requests a minute per user; every answer says how many are left", async () => {
  await using server = await startServer({ builtIn: true, environment: { RATE_LIMITS: "" } });
  for (let count = 1; count <= 100; count++) {
    const answer = await get(server);
    assert.equal(answer.status, 200);
    const { limit, remaining, reset } = limitOf(answer);
    assert.deepEqual([limit, remaining], ["100", String(100 - count)]);
    assert.ok(reset >= 1 && reset <= 60);
  }
  const refused = await get(server);
  assert.equal(refused.status, 429);
  assert.equal(refused.body.code, "RATE_LIMITED");
  assert.deepEqual(Object.keys(refused.body), KEYS);
  const { limit, remaining, reset } = limitOf(refused);
  assert.deepEqual([limit, remaining], ["100", "0"]);
  assert.equal(refused.headers.get("retry-after"), String(reset));
  assert.equal((await get(server, BOB)).status, 200);
});

test("[V6] errors say it too; where no user is known, the address is counted", async () => {
  const environment = { RATE_LIMITS: "conversations=30/m" };
  await using server = await startServer({ builtIn: true, environment });
  const known = { userId: ALICE, conversationId: crypto.randomUUID() };
  const ofUser: [number, string, string, unknown?][] = [
    [404, "DELETE", PATH, known],
    [404, "PUT", PATH, known],
    [400, "PUT", PATH, { userId: ALICE }],
    [400, "POST", PATH, { userId: ALICE, title: 5 }],
  ];
  const ofAddress: [number, string, string, unknown?][] = [
    [400, "POST", PATH, "{"],
    [400, "POST", `${PATH}?userId=${ALICE}`, { userId: BOB }],
    [400, "GET", `${PATH}/%E0%A4%A`],
    [400, "GET", `${PATH}?x=%00`],
    [404, "GET", `${PATH}/unknown/path`],
    [405, "PATCH", PATH],
    [413, "DELETE", PATH, { userId: "x".repeat(3_000_000) }],
  ];
  for (const group of [ofUser, ofAddress]) {
    let left = 30;
    for (const [status, method, path, body] of group) {
      const answer = await send(server, method, path, body);
      const what = `${method} ${path}`;
      assert.equal(answer.status, status, what);
      assert.deepEqual(Object.keys(answer.body), KEYS, what);
      const { limit, remaining, reset } = limitOf(answer);
      assert.deepEqual([limit, remaining], ["30", String(--left)], what);
      assert.ok(reset >= 1 && reset <= 60);
    }
  }
  let last = await send(server, "POST", PATH, "{");
  for (let count = 0; count < 30 && last.status === 400; count++)
    last = await send(server, "POST", PATH, "{");
  assert.deepEqual(
    [last.status, last.body.code, limitOf(last).remaining],
    [429, "RATE_LIMITED", "0"],
  );
  assert.ok(Number(last.headers.get("retry-after")) >= 1);
  assert.equal((await get(server)).status, 200);
});

test("[V6] where limits are off, nothing is said of them", async () => {
  await using server = await startServer({ builtIn: true });
  for (const answer of [await get(server), await send(server, "GET", `${PATH}/unknown`)])
    assert.equal(limitOf(answer).limit, null);
});

test("[V7] requestId is req_…, the same as X-Request-Id, and each request has its own", async () => {
  await using server = await startServer({ builtIn: true });
  const { id } = (await post(server, {})).body.conversation;
  const answers = [
    await get(server),
    await post(server, {}),
    await send(server, "PUT", PATH, { userId: ALICE, conversationId: id }),
    await send(server, "DELETE", PATH, { userId: ALICE, conversationId: id }),
    await send(server, "DELETE", PATH, { userId: ALICE, conversationId: id }),
    await send(server, "POST", PATH, "{"),
    await send(server, "GET", `${PATH}/unknown`),
  ];
  for (const { body, headers } of answers) {
    assert.match(body.requestId, /^req_\w+$/);
    assert.equal(body.requestId, headers.get("x-request-id"));
  }
  assert.equal(new Set(answers.map(({ body }) => body.requestId)).size, answers.length);
});

test("[X4] (conversations) bad input is refused in this wire's words, and nothing is stored", async () => {
  await using server = await sharedServer();
  const inMessages = (body: string | Uint8Array) =>
    typeof body === "string" && body.startsWith('{"content"')
      ? `{"userId":"${ALICE}","messages":[{"role":"user",${body.slice(1, -1)}}]}`
      : body;
  const headers = { "x-user-id": ALICE };
  for (const [status, bad, type] of badBodies("content")) {
    if (bad === "" || bad === "null") continue;
    const body = bad === "{}" ? '{"messages":{}}' : inMessages(bad);
    const answer = await send(server, "POST", PATH, body, {
      ...headers,
      ...(type && { "content-type": type }),
    });
    const what = `${status} ${String(body).slice(0, 120)}`;
    if (answer.status === 201) {
      const { conversation, skipped } = answer.body;
      assert.deepEqual([conversation.messages, skipped], [[], 1], what);
      assert.ok(body !== bad && status === 400, what);
      const gone = { userId: ALICE, conversationId: conversation.id };
      assert.equal((await send(server, "DELETE", PATH, gone)).status, 200);
      continue;
    }
    assert.equal(answer.status, status, what);
    assert.deepEqual(Object.keys(answer.body), KEYS, what);
    assert.ok(answer.body.message.length > 8, what);
  }
  const wrong: object[] = [
    { title: 5 },
    { title: "a\u0000" },
    { title: "x".repeat(1001) },
    { isPinned: "yes" },
    { isPinned: null },
    { agentId: 5 },
    { agentId: "x".repeat(257) },
    { mode: ["a"] },
    { mode: "a\nb" },
    { messages: "none" },
    { messages: null },
  ];
  for (const fields of wrong) {
    const answer = await post(server, fields);
    assert.equal(answer.status, 400, JSON.stringify(fields).slice(0, 60));
    assert.equal(answer.body.code, "VALIDATION_ERROR");
    assert.equal(typeof answer.body.context.field, "string");
  }
  assert.equal((await send(server, "PUT", PATH, { userId: ALICE })).status, 400);
  const known = { userId: ALICE, conversationId: crypto.randomUUID() };
  assert.equal((await send(server, "PUT", PATH, { ...known, updatedAt: "yesterday" })).status, 400);
  const large = { messages: [{ role: "user", content: "x".repeat(17_000_000) }] };
  assert.equal((await post(server, large)).status, 413);
  assert.equal((await get(server)).body.count, 0);
  assert.equal((await post(server, { title: "Still serving" })).status, 201);
});

test("[X4] (conversations) a store that cannot answer is 503 DATABASE_ERROR with Retry-After", async () => {
  await using server = await startServer({ builtIn: true });
  await server.store.close();
  for (const answer of [await get(server), await post(server, {})]) {
    assert.deepEqual([answer.status, answer.body.code], [503, "DATABASE_ERROR"]);
    assert.ok(Number(answer.headers.get("retry-after")) >= 1);
  }
});

test("[X10] (conversations) text comes back exactly as it was sent, up to 100,000 characters", async () => {
  await using server = await startServer({ builtIn: true });
  for (const content of [...EVERY_KIND_OF_TEXT, "😀".repeat(100_000)]) {
    const title = content.slice(0, 200);
    const answer = await post(server, { title, messages: [{ role: "user", content }] });
    assert.equal(answer.status, 201, content.slice(0, 40));
    const [stored] = (await get(server)).body.conversations;
    assert.deepEqual([stored.title, stored.messages[0].content], [title, content]);
  }
});

test("[X11] (conversations) two user ids that differ are 400, the same one thrice is fine", async () => {
  await using server = await startServer({ builtIn: true });
  const ask = (header: string, query: string, userId: string) =>
    send(server, "POST", `${PATH}?userId=${query}`, { userId }, { "x-user-id": header });
  assert.equal((await ask(ALICE, ALICE, ALICE)).status, 201);
  for (const refused of [
    await ask(BOB, ALICE, ALICE),
    await ask(ALICE, BOB, ALICE),
    await ask(ALICE, ALICE, BOB),
  ]) {
    assert.deepEqual([refused.status, refused.body.code], [400, "VALIDATION_ERROR"]);
    assert.match(refused.body.message, /two different users/);
  }
  assert.equal((await get(server)).body.count, 1);
  assert.equal((await get(server, BOB)).body.count, 0);
});
