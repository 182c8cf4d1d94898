// Budgets of tokens a day: reserved before a model is asked, settled after, in every wire's own words.
// Backends: replicas
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { caller } from "./chat-v1-client.ts";
import { openRealtime } from "./realtime-client.ts";
import { openSocket } from "./socket-client.ts";
import { ONCE, startServer } from "./start-server.ts";
import { ALICE, BOB, makeKey, type Server, send } from "./wire-client.ts";

const SLOW_MS = 100;
const answerUsing = (tokens: number) => ({ text: "Hi", totalTokens: tokens });
const say = (server: Server, user: string) =>
  send(server, "POST", "/chat", { message: "Hello", user_id: user });

function assertTold(text: string, retryAfter: string | null, limit: string): void {
  assert.match(text, new RegExp(`of ${limit} tokens a day is used up`));
  const midnight = /begins anew at (\d{4}-\d\d-\d\dT00:00:00\.000Z)/.exec(text)?.[1];
  assert.ok(midnight, text);
  const left = (Date.parse(midnight) - Date.now()) / 1000;
  assert.ok(left > -5 && left <= 86_400);
  if (retryAfter !== null) assert.ok(Math.abs(Number(retryAfter) - left) < 5, retryAfter);
}

test("a user's budget that is used up is 429 in every wire's words, with the time it resets; nothing is stored or asked", async () => {
  await using server = await startServer({
    environment: { BUDGET_TOKENS_PER_USER_DAY: "5000" },
  });
  server.model.next(answerUsing(4800), answerUsing(200));
  assert.equal((await say(server, ALICE)).status, 200);
  assert.equal((await say(server, ALICE)).status, 200, "there was room for a short answer");
  const asked = server.model.requests.length;
  const before = await send(server, "GET", `/conversations?user_id=${ALICE}`);
  const bearer = { authorization: "Bearer local", "x-user-id": ALICE };
  const conversation = await send(server, "POST", "/v1/chat/conversations", {}, bearer);
  const path = `/v1/chat/conversations/${conversation.body.data.id}/messages`;
  const table = [
    ["/chat", { message: "Hello", user_id: ALICE }, {}, ["detail"]],
    ["/api/v1/chat/completions", { message: "Hi", user_id: ALICE }, {}, ["error", "details"]],
    ["/chat/completions", { message: "Hi", user_id: ALICE }, {}, ["error", "details"]],
    [path, { content: "Hi" }, bearer, ["success", "message", "error"]],
    [`${path}/stream`, { content: "Hi" }, bearer, ["success", "message", "error"]],
    ["/v1/chat/conversations/stream", { content: "Hi" }, bearer, ["success", "message", "error"]],
  ] as const;
  for (const [address, body, headers, words] of table) {
    const refused = await send(server, "POST", address, body, headers);
    assert.equal(refused.status, 429, address);
    assert.deepEqual(Object.keys(refused.body), words, address);
    assertTold(refused.text, refused.headers.get("retry-after"), "5,000");
  }
  await using chat = await openSocket(server, `/ws?user_id=${ALICE}`);
  chat.say({ type: "message", content: "Hi" });
  const told = await chat.next();
  assert.equal(told.type, "error");
  assertTold(told.content, null, "5,000");
  await using voice = await openSocket(server, "/ws");
  voice.say({ type: "start_conversation", user_id: ALICE });
  await voice.next();
  await voice.next();
  voice.say({ type: "text_input", text: "Hi" });
  const spoken = await voice.next();
  assert.equal(spoken.code, "RATE_LIMITED");
  assertTold(spoken.message, null, "5,000");

  assert.equal(server.model.requests.length, asked, "no model was asked");
  const after = await send(server, "GET", `/conversations?user_id=${ALICE}`);
  const texts = (answer: typeof after) =>
    answer.body.flatMap((one: { messages: unknown[] }) => one.messages);
  assert.deepEqual(texts(after), texts(before), "nothing was stored");
  assert.equal((await say(server, BOB)).status, 200, "others go on");
});

test("[X8] a request that was answered is answered again when the budget is used up, and so is one with the same key for something else", async () => {
  await using server = await startServer({
    environment: { BUDGET_TOKENS_PER_USER_DAY: "3000" },
  });
  server.model.next(answerUsing(3000));
  const ask = (message: string, key: string) =>
    send(server, "POST", "/chat", { message, user_id: ALICE }, { "idempotency-key": key });
  const first = await ask("Hello", "one");
  assert.equal(first.status, 200);
  const again = await ask("Hello", "one");
  assert.equal(again.status, 200);
  assert.equal(again.body.message_id, first.body.message_id);
  assert.equal((await ask("Hello", "two")).status, 429);
  assert.equal((await ask("Another", "one")).status, 409);
});

test("a tenant's budget is shared by its users, and by no other tenant", async () => {
  await using server = await startServer({
    environment: { BUDGET_TOKENS_PER_TENANT_DAY: "3000" },
  });
  const keys = await Promise.all(
    [
      { tenantId: "one", userId: "ann" },
      { tenantId: "one", userId: "bob" },
      { tenantId: "two", userId: "ann" },
    ].map((fields) => makeKey(server, fields)),
  );
  const ask = (key = "") =>
    send(server, "POST", "/chat", { message: "Hi" }, { authorization: `Bearer ${key}` });
  server.model.next(answerUsing(3000));
  assert.equal((await ask(keys[0])).status, 200);
  for (const key of keys.slice(0, 2)) {
    const refused = await ask(key);
    assert.equal(refused.status, 429);
    assert.match(refused.body.detail, /share with others of 3,000/);
  }
  assert.equal((await ask(keys[2])).status, 200);
});

test("what is reserved and not used is given back: a stop, a failure, a refusal, a repeat cost what they used", async () => {
  await using server = await startServer({
    environment: { BUDGET_TOKENS_PER_USER_DAY: "4000" },
  });
  const start = (key: string, body: object) =>
    send(
      server,
      "POST",
      "/chat",
      { user_id: ALICE, ...body },
      key ? { "idempotency-key": key } : {},
    );
  server.model.next(answerUsing(10));
  assert.equal((await start("same", { message: "Hello" })).status, 200);
  for (let count = 0; count < 10; count++) {
    assert.equal((await start("same", { message: "Hello" })).status, 200);
    assert.equal((await start("same", { message: "Other" })).status, 409);
    assert.equal((await start("", { message: "Hi", conversation_id: "unknown" })).status, 404);
    server.model.next({ failStatus: 400, failBody: { error: { message: "no" } } });
    assert.equal((await start("", { message: "Hi" })).status, 400);
  }
  server.model.next(answerUsing(10));
  assert.equal((await start("", { message: "Still here" })).status, 200);
});

test("what is given back is there when the end is told: whoever asks again at once has it", async () => {
  await using server = await startServer({
    environment: { BUDGET_TOKENS_PER_USER_DAY: "4000" },
    backend: "sqlite",
  });
  const { store } = server;
  const settle = store.settleTokens;
  // As of a database that is busy.
  store.settleTokens = async (...given) => {
    await sleep(SLOW_MS);
    return settle(...given);
  };
  const bearer = { authorization: "Bearer local", "x-user-id": ALICE };
  const messages = [{ role: "user", content: "Hi" }];
  const requests = [
    ["/chat", { message: "Hi", user_id: ALICE }],
    ["/v1/chat/completions", { model: "scripted", messages }],
    ["/v1/chat/completions", { model: "scripted", messages, store: true }],
  ] as const;
  for (const [path, body] of requests)
    for (let count = 0; count < 2; count++) {
      server.model.next({ failStatus: 400, failBody: { error: { message: "no" } } });
      const answer = await send(server, "POST", path, body, bearer);
      assert.equal(answer.status, 400, `${path}: ${answer.text}`);
    }
});

test("of many requests at once no more are let in than there is room for", async () => {
  await using server = await startServer({
    environment: { BUDGET_TOKENS_PER_USER_DAY: "5000", BUDGET_ANSWER_TOKENS: "1000" },
  });
  const statuses: number[] = [];
  const asked = Array.from({ length: 40 }, async () => {
    const message = "{{reply hold=0}}";
    const body = { message, user_id: ALICE, conversation_id: null };
    statuses.push((await send(server, "POST", "/chat", body)).status);
    if (statuses.length === 35) await server.model.held(5).then(server.model.release);
  });
  await Promise.all(asked);
  const refused = statuses.slice(0, 35);
  assert.deepEqual(new Set(refused), new Set([429]), "while five replies are on their way");
  assert.deepEqual(statuses.slice(35), [200, 200, 200, 200, 200], "each reserves about a thousand");
});

test("where a provider counts nothing, prompt and answer are estimated", ONCE, async () => {
  await using server = await startServer({
    environment: { BUDGET_TOKENS_PER_USER_DAY: "3000" },
  });
  server.model.next({ text: "word ".repeat(4000), usage: false });
  assert.equal((await say(server, ALICE)).status, 200);
  assert.equal((await say(server, ALICE)).status, 429);
  assert.equal(server.model.requests.length, 1);
});

const tokensOf = (text: string) => Math.ceil(text.length / 4);

test("20 replies at once with long prompts use no more than the budget and one reply", async () => {
  const budget = 30_000;
  const answerTokens = 500;
  await using server = await startServer({
    environment: {
      BUDGET_TOKENS_PER_USER_DAY: String(budget),
      BUDGET_ANSWER_TOKENS: String(answerTokens),
    },
  });
  const prompt = "word ".repeat(5600);
  const promptTokens = tokensOf(prompt);
  const statuses: number[] = [];
  for (let round = 0; round < 3; round++) {
    for (let count = 0; count < 20; count++)
      server.model.next({ tokens: 5000, totalTokens: promptTokens + answerTokens });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        send(server, "POST", "/chat", { message: prompt, user_id: ALICE, conversation_id: null }),
      ),
    );
    statuses.push(...answers.map(({ status }) => status));
  }
  const { requests } = server.model;
  assert.equal(statuses.filter((status) => status === 200).length, requests.length);
  assert.ok(requests.length >= 3, `${requests.length} replies: the budget can be used`);
  const limits = requests.map(({ body }) => Number(body?.max_tokens));
  assert.ok(
    limits.every((limit) => limit > 0 && limit <= answerTokens),
    `${limits}`,
  );
  const used = limits.reduce((sum, limit) => sum + promptTokens + limit, 0);
  assert.ok(used <= budget + promptTokens + answerTokens, `${used} tokens`);
});

test(
  "an answer may be as long as what is left of the budget; a provider that says more is cut there, as at its limit",
  ONCE,
  async () => {
    await using server = await startServer({ environment: { BUDGET_TOKENS_PER_USER_DAY: "400" } });
    server.model.next({ tokens: 1000, gapMs: 1, ignoreLimit: true });
    const answer = await say(server, ALICE);
    const limit = Number(server.model.requests[0]?.body?.max_tokens);
    assert.ok(limit > 300 && limit < 400, `${limit}`);
    const told = String(answer.body.response ?? answer.body.text ?? answer.text);
    const words = told.split(" ").filter((word) => /alpha|bravo|charlie|delta/.test(word)).length;
    assert.ok(words > limit / 4 && words <= limit, `${words} of 1000 words`);
    await server.model.aborted();
    assert.equal((await say(server, ALICE)).status, 429);
  },
);

test("without a budget a provider is asked for no limit", ONCE, async () => {
  await using server = await startServer();
  assert.equal((await say(server, ALICE)).status, 200);
  const [asked] = server.model.requests;
  assert.equal(asked?.body?.max_tokens, undefined);
  assert.equal(asked?.body?.max_completion_tokens, undefined);
});

test("a prompt of many bytes a character is reserved as what it may be", ONCE, async () => {
  await using server = await startServer({
    environment: { BUDGET_TOKENS_PER_USER_DAY: "30000" },
  });
  const thai = "\u0e01".repeat(29_000);
  const body = { message: thai, user_id: ALICE, conversation_id: null };
  for (let count = 0; count < 2; count++) server.model.next(answerUsing(29_000));
  const answers = await Promise.all([
    send(server, "POST", "/chat", body),
    send(server, "POST", "/chat", body),
  ]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 429]);
});

test(
  "[OX4] [RT6] what is left of the tighter budget is told with answers of OpenAI's shape and in a session",
  ONCE,
  async () => {
    await using server = await startServer({
      environment: { BUDGET_TOKENS_PER_USER_DAY: "50000", BUDGET_TOKENS_PER_TENANT_DAY: "60000" },
      backend: "sqlite",
    });
    const bearer = { authorization: "Bearer local" };
    const body = { model: "scripted", messages: [{ role: "user", content: "Hello" }] };
    const first = await send(server, "POST", "/v1/chat/completions", body, bearer);
    assert.equal(first.headers.get("x-ratelimit-limit-tokens"), "50000");
    assert.equal(first.headers.get("x-ratelimit-remaining-tokens"), "50000");
    assert.match(first.headers.get("x-ratelimit-reset-tokens") ?? "", /^(?:\d+h)?(?:\d+m)?\d+m?s$/);
    const then = await send(server, "GET", "/v1/models", undefined, bearer);
    const left = Number(then.headers.get("x-ratelimit-remaining-tokens"));
    assert.ok(left > 0 && left < 50_000, `${left} tokens are left`);
    await using session = await openRealtime(server, { headers: bearer });
    session.type("Hello");
    session.say({ type: "response.create", response: { output_modalities: ["text"] } });
    const { rate_limits: told } = await session.next("rate_limits.updated");
    assert.deepEqual(
      told.map((one: { name: string; limit: number }) => [one.name, one.limit]),
      [["tokens", 50_000]],
    );
  },
);

test(
  "[H140] two answers to one question use up a budget twice; where there is room for one alone, the other is told so and the first goes on",
  ONCE,
  async () => {
    await using server = await startServer({ environment: { BUDGET_TOKENS_PER_USER_DAY: "5000" } });
    const { call, newConversation } = caller(server.url);
    const path = `/conversations/${await newConversation()}/messages`;
    server.model.next(answerUsing(2000), answerUsing(3000));
    const [question] = (await call(path, { body: { content: "Hello" } })).body.data;
    const again = { body: { answer_again: question.id, model: "test-model" } };
    assert.equal((await call(path, again)).status, 201);
    const refused = await call(path, again);
    assert.deepEqual([refused.status, refused.body.error?.code], [429, "RATE_LIMITED"]);
    const [, answer] = (await call(`${path}?branch=0`)).body.data;
    assert.equal(answer.content, "Hi");
  },
);
