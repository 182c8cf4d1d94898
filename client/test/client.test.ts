// The requests that are answered by JSON, against a scripted server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { ColloquyError, createClient } from "../src/index.ts";
import { type Step, startScriptedServer } from "./scripted-server.ts";
import {
  collect,
  conversation,
  cutOff,
  failure,
  quickClient,
  reply,
  success,
  userMessage,
} from "./wire-objects.ts";

test("a request carries the token, the user and its body as JSON, and gives the data", async () => {
  await using server = await startScriptedServer([success(conversation("c1"), 201)]);
  const client = quickClient(server, { userId: "alice" });

  const created = await client.conversations.create({ title: "Plans", agent_id: "a1" });

  assert.deepEqual(created, conversation("c1"));
  const [request] = server.requests;
  assert.equal(request?.method, "POST");
  assert.equal(request?.path, "/v1/chat/conversations");
  assert.equal(request?.headers.authorization, "Bearer secret-token");
  assert.equal(request?.headers["x-user-id"], "alice");
  assert.equal(request?.headers["content-type"], "application/json");
  assert.deepEqual(request?.body, { title: "Plans", agent_id: "a1" });
});

test("every method asks its route", async () => {
  await using server = await startScriptedServer([success([])], { repeatLast: true });
  const client = quickClient({ url: `${server.url}/` });
  const agent = { name: "Tutor", instructions: "Ask back" };

  await client.conversations.list({ page: 2, limit: 5 });
  await client.conversations.get("a/b");
  await client.conversations.update("c1", { is_pinned: true, agent_id: null });
  await client.conversations.delete("c1");
  await client.messages.list("c1", { limit: 50, before: "m9" });
  await client.messages.get("m1");
  await client.messages.delete("m1");
  await client.messages.add("c1", { role: "system", content: "Be brief" });
  await client.agents.create(agent);
  await client.agents.list();
  await client.agents.get("a1");
  await client.agents.replace("a1", agent);
  await client.agents.delete("a1");
  await client.shares.create("c/1", { expires_in_days: 7 });
  await client.shares.list();
  await client.shares.revoke("s1");
  await client.shares.read("t_1");
  await client.models.list();
  await client.search("two words & more", { limit: 3 });
  await client.searchPage("more", { page: 2 });

  assert.deepEqual(
    server.requests.map(({ method, path }) => `${method} ${path.replace("/v1/chat", "")}`),
    [
      "GET /conversations?page=2&limit=5",
      "GET /conversations/a%2Fb",
      "PATCH /conversations/c1",
      "DELETE /conversations/c1",
      "GET /conversations/c1/messages?limit=50&before=m9",
      "GET /messages/m1",
      "DELETE /messages/m1",
      "POST /conversations/c1/messages",
      "POST /agents",
      "GET /agents",
      "GET /agents/a1",
      "PUT /agents/a1",
      "DELETE /agents/a1",
      "POST /conversations/c%2F1/shares",
      "GET /shares",
      "DELETE /shares/s1",
      "GET /shared/t_1",
      "GET /models",
      "GET /search?q=two+words+%26+more&limit=3",
      "GET /search?q=more&page=2",
    ],
  );
  assert.deepEqual(server.requests[2]?.body, { is_pinned: true, agent_id: null });
});

test("a page comes with its numbers, and all pages one after the other", async () => {
  const page = (number: number, ids: readonly string[]) =>
    success(ids.map(conversation), 200, { total: 4, page: number, limit: 2, totalPages: 2 });
  await using server = await startScriptedServer([
    page(1, ["c1", "c2"]),
    page(1, ["c1", "c2"]),
    page(2, ["c2", "c3"]),
  ]);
  const client = quickClient(server);

  const { items, ...numbers } = await client.conversations.list();
  assert.deepEqual(numbers, { total: 4, page: 1, limit: 2, totalPages: 2 });
  assert.equal(items.length, 2);

  const all = await collect(client.conversations.all({ pageSize: 2 }));
  assert.deepEqual(
    all.map(({ id }) => id),
    ["c1", "c2", "c3"],
  );
});

test("a refusal is a ColloquyError with everything the server said", async () => {
  await using server = await startScriptedServer([
    (exchange) =>
      exchange.json(
        400,
        {
          success: false,
          message: "title is too long",
          error: { code: "VALIDATION_ERROR", details: { field: "title" } },
        },
        { "retry-after": "3" },
      ),
  ]);

  await assert.rejects(quickClient(server).conversations.create(), {
    name: "ColloquyError",
    status: 400,
    code: "VALIDATION_ERROR",
    message: "title is too long",
    details: { field: "title" },
    requestId: "req_1",
    isRetryable: false,
    retryAfterMs: 3000,
  });
});

for (const [what, first] of [
  ["a lost connection", cutOff],
  ["a 429", failure(429, "RATE_LIMITED", "Slow down", { "retry-after": "0" })],
  ["a 503", failure(503, "UNAVAILABLE", "Restarting")],
  ["a proxy's 502", (exchange) => exchange.json(502, "<h1>Bad gateway</h1>")],
] satisfies [string, Step][])
  test(`after ${what} the request is repeated`, async () => {
    await using server = await startScriptedServer([first, success(conversation("c1"))]);
    assert.equal((await quickClient(server).conversations.get("c1")).id, "c1");
  });

test("a message is sent again with the same key and body, another one with another key", async () => {
  const answer = success([userMessage, reply("Hi")], 201);
  await using server = await startScriptedServer([cutOff, answer, answer]);
  const client = quickClient(server);

  const sent = await client.messages.send("c1", { content: "Hello" });
  await client.messages.send("c1", { content: "Hello" });

  assert.deepEqual(sent, { userMessage, reply: reply("Hi") });
  const keys = server.requests.map(({ headers }) => headers["idempotency-key"]);
  assert.match(String(keys[0]), /^[0-9a-f]{32}$/);
  assert.equal(keys[1], keys[0]);
  assert.notEqual(keys[2], keys[0]);
  assert.deepEqual(server.requests[1]?.body, server.requests[0]?.body);
});

test("what would make a second thing is not repeated", async () => {
  await using server = await startScriptedServer([cutOff], { repeatLast: true });
  const client = quickClient(server);

  await assert.rejects(client.conversations.create(), { code: "NETWORK_ERROR", status: null });
  await assert.rejects(client.messages.add("c1", { role: "system", content: "x" }));
  await assert.rejects(client.agents.create({ name: "a", instructions: "b" }));

  assert.equal(server.requests.length, 3);
});

test("a model that failed is not asked again", async () => {
  const failed = failure(502, "MODEL_FAILED", "The model failed");
  await using server = await startScriptedServer([failed]);
  const sending = quickClient(server).messages.send("c1", { content: "Hello" });
  await assert.rejects(sending, { code: "MODEL_FAILED", status: 502, isRetryable: true });
  assert.equal(server.requests.length, 1);
});

test("the tries are bounded, and a long Retry-After is not waited for", async () => {
  await using server = await startScriptedServer([cutOff], { repeatLast: true });
  const client = quickClient(server, { retry: { requestRetries: 2, baseDelayMs: 1 } });
  await assert.rejects(client.models.list(), { code: "NETWORK_ERROR", isRetryable: true });
  assert.equal(server.requests.length, 3);

  const busy = failure(429, "RATE_LIMITED", "Slow down", { "retry-after": "3600" });
  await using busyServer = await startScriptedServer([busy]);
  await assert.rejects(quickClient(busyServer).models.list(), { retryAfterMs: 3_600_000 });
});

test("a deletion whose answer was lost has happened; a first 404 is one", async () => {
  const gone = failure(404, "NOT_FOUND", "Conversation not found");
  await using server = await startScriptedServer([cutOff, gone, gone]);
  const client = quickClient(server);
  await client.conversations.delete("c1");
  await assert.rejects(client.conversations.delete("c1"), { status: 404, code: "NOT_FOUND" });
});

test("a server that does not answer is a TIMEOUT, and the request is broken off", async () => {
  const left: Promise<void>[] = [];
  const silent: Step = ({ gone }) => void left.push(gone);
  await using server = await startScriptedServer([silent], { repeatLast: true });
  const client = quickClient(server, { timeouts: { requestMs: 50 }, retry: { requestRetries: 1 } });
  await assert.rejects(client.models.list(), { code: "TIMEOUT", status: null });
  assert.equal(left.length, 2);
  await Promise.all(left);
});

test("the given fetch is used, and not for a call that is aborted already", async () => {
  await using server = await startScriptedServer([success([])]);
  const urls: unknown[] = [];
  const recording: typeof fetch = (...request) => {
    urls.push(request[0]);
    return fetch(...request);
  };
  const client = quickClient(server, { fetch: recording });
  await client.models.list();
  await assert.rejects(client.models.list({ signal: AbortSignal.abort() }), { name: "AbortError" });
  assert.deepEqual(urls, [`${server.url}/v1/chat/models`]);
});

test("an answer that is not Colloquy's is an UNEXPECTED_RESPONSE", async () => {
  const page = "<!doctype html><title>Sign in</title>";
  await using server = await startScriptedServer([
    (exchange) => exchange.json(200, page),
    (exchange) => exchange.json(200, { ok: true }),
    (exchange) => exchange.json(404, page),
    (exchange) => exchange.json(200, page),
  ]);
  const client = quickClient(server);
  await assert.rejects(client.models.list(), { code: "UNEXPECTED_RESPONSE", status: 200 });
  await assert.rejects(client.models.list(), { code: "UNEXPECTED_RESPONSE", status: 200 });
  await assert.rejects(client.models.list(), { code: "UNEXPECTED_RESPONSE", status: 404 });
  await assert.rejects(client.messages.watch("c1"), { code: "UNEXPECTED_RESPONSE", status: 200 });
});

test("an aborted call throws the signal's reason and breaks the request off", async () => {
  const reason = new Error("the page was left");
  const leaving = new AbortController();
  const left = Promise.withResolvers<void>();
  await using server = await startScriptedServer([
    (exchange) => {
      leaving.abort(reason);
      left.resolve(exchange.gone);
    },
  ]);
  const client = quickClient(server);
  await assert.rejects(client.models.list({ signal: leaving.signal }), reason);
  await left.promise;
  await assert.rejects(client.models.list({ signal: leaving.signal }), reason);
  assert.equal(server.requests.length, 1);
});

test("a token function is asked before every try; what it throws comes through", async () => {
  await using server = await startScriptedServer([cutOff, success([])]);
  let count = 0;
  await quickClient(server, { token: async () => `token-${++count}` }).models.list();
  assert.deepEqual(
    server.requests.map(({ headers }) => headers.authorization),
    ["Bearer token-1", "Bearer token-2"],
  );

  const signedOut = new Error("signed out");
  const client = quickClient(server, { token: () => Promise.reject(signedOut) });
  await assert.rejects(client.models.list(), signedOut);
});

test("no error and no client shows the token", async () => {
  const refused = failure(401, "UNAUTHENTICATED", "Bad token");
  await using server = await startScriptedServer([refused, cutOff], { repeatLast: true });
  const bad = "ck_secret\nck_secret";
  const client = quickClient(server, { token: "ck_secret" });
  const calls = [
    () => client.models.list(),
    () => client.models.list(),
    () => quickClient(server, { token: bad }).models.list(),
    () => quickClient(server, { token: () => bad }).messages.stream("c1", { content: "Hello" }),
  ];
  const shown = [inspect(client, { depth: 10, showHidden: true })];
  for (const call of calls)
    await assert.rejects(call, (error: unknown) => {
      assert.ok(error instanceof ColloquyError);
      shown.push(inspect(error, { depth: 10, showHidden: true }), JSON.stringify(error));
      return true;
    });
  assert.equal(shown.length, 9);
  for (const text of shown) assert.doesNotMatch(text, /ck_secret/);
});

test("what cannot be meant is refused before it is sent", async () => {
  const invalid = { code: "INVALID_OPTION", status: null, isRetryable: false };
  assert.throws(() => createClient({ baseUrl: "localhost:8000", token: "t" }), invalid);
  const client = createClient({ baseUrl: "http://127.0.0.1:1", token: "t" });
  for (const id of ["", ".", ".."]) {
    await assert.rejects(client.conversations.delete(id), invalid);
    await assert.rejects(client.messages.watch(id), invalid);
    await assert.rejects(client.messages.stop(id), invalid);
  }
});
