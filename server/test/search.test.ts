// Searching through the front door: what it answers, and that nobody else waits for it.
// Backends: postgres
// Runs: apart
import assert from "node:assert/strict";
import { test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { longestTurnOf } from "./event-loop.ts";
import { BACKEND, startServer } from "./start-server.ts";
import { ALICE, BOB, send } from "./wire-client.ts";

/** A message of the longest kind, of one word alone. */
const ONES = "1,".repeat(50_000);
const MESSAGES = 10;

test("a search for a word that is everywhere in long messages keeps nobody else waiting", async () => {
  await using server = await startServer({ builtIn: true });
  const messages = Array.from({ length: MESSAGES }, () => ({ role: "user", content: ONES }));
  const stored = await send(server, "POST", "/api/conversations", { userId: ALICE, messages });
  assert.equal(stored.status, 201);
  const { call } = caller(server.url);
  const search = (query: string) =>
    call(`/search?limit=${MESSAGES}&q=${encodeURIComponent(query)}`, { user: ALICE });
  while ((await search("1")).body.meta?.is_indexing);
  const controlMs = await longestTurnOf(() => search("nothing"));
  const attackMs = await longestTurnOf(async () => {
    const found = await search("1,".repeat(499));
    assert.equal(found.status, 200);
    assert.equal(found.body.data.length, MESSAGES);
  });
  assert.ok(attackMs < 50 + controlMs, `${attackMs} ms, and ${controlMs} ms without`);
});

test("while long texts of one user are made findable, others write between their pieces, and their searches do not wait", async () => {
  await using server = await startServer({ environment: { RATE_LIMITS: "off" } });
  const { call, newConversation } = caller(server.url);
  const TEXTS = 4;
  let count = 0;
  const text = () =>
    Array.from({ length: 100_000 }, () => `w${(count++ * 7_919) % 60_000}`).join(" ");
  const path = `/conversations/${await newConversation({ user: BOB, body: {} })}/messages`;
  const messages = Array.from({ length: TEXTS }, (_, place) => ({
    role: "assistant",
    content: `${text()} begun${place}`,
  }));
  const stored = await send(server, "POST", "/api/conversations", { userId: ALICE, messages });
  assert.equal(stored.status, 201);
  let isFound = false;
  const search = async () => {
    let answer = await call("/search?q=begun", { user: ALICE });
    while (answer.body.meta?.is_indexing) answer = await call("/search?q=begun", { user: ALICE });
    return answer;
  };
  const found = search().finally(() => {
    isFound = true;
  });
  const hadToWait = call("/search?q=nothing", { user: BOB }).then(({ body }) => {
    assert.equal(body.meta?.is_indexing, undefined, "what others have stored is nothing of Bob's");
    return isFound;
  });
  let written = 0;
  while (!isFound) {
    const body = { role: "assistant", content: `note ${written}` };
    assert.equal((await call(path, { user: BOB, body })).status, 201);
    written++;
  }
  const answer = await found;
  assert.deepEqual([answer.status, answer.body.meta?.total], [200, TEXTS]);
  if (BACKEND !== "sqlite") return;
  assert.equal(await hadToWait, false);
  assert.ok(written > 10 * TEXTS, `${written} writes while ${TEXTS} texts were taken in`);
});

test("a search tells how many hits there are, and in how many conversations", async () => {
  await using server = await startServer({ builtIn: true });
  const post = (title: string, contents: string[]) =>
    send(server, "POST", "/api/conversations", {
      userId: ALICE,
      title,
      messages: contents.map((content) => ({ role: "user", content })),
    });
  await post("Tides", ["**tide** one", "tide two"]);
  await post("Moon", ["tide three"]);
  const { call } = caller(server.url);
  const { body } = await call("/search?q=tide&limit=3", { user: ALICE });
  assert.deepEqual(body.meta, {
    total: 4,
    page: 1,
    limit: 3,
    totalPages: 2,
    conversations: 2,
    is_complete: true,
  });
  for (const hit of body.data)
    assert.equal(hit.hits_in_conversation, hit.conversation.title === "Tides" ? 3 : 1);
  assert.ok(body.data.every(({ snippet }: { snippet: string }) => !snippet.includes("*")));
  const theirs = await call("/search?q=tide", { user: BOB });
  assert.deepEqual([theirs.body.data, theirs.body.meta?.total], [[], 0]);
});

test("[H91] a search after much was stored answers from what is indexed and says so, also to a model; others are told nothing of it", async () => {
  const environment = { TOOLS: "search_conversations" };
  await using server = await startServer({ builtIn: true, environment });
  const { call, newConversation } = caller(server.url);
  const there = { user: BOB, body: { role: "assistant", content: "a pebble of Bob's" } };
  await call(`/conversations/${await newConversation({ user: BOB, body: {} })}/messages`, there);
  const search = (user: string) => call("/search?q=pebble", { user });
  while ((await search(BOB)).body.meta?.is_indexing);
  const id = await newConversation({ user: ALICE, body: {} });
  const messages = Array.from({ length: 80 }, (_, place) => ({
    role: "user",
    content: `pebble ${place} ${"on the beach ".repeat(7_600)}`,
  }));
  const stored = await send(server, "POST", "/api/conversations", { userId: ALICE, messages });
  assert.equal(stored.status, 201);
  const [mine, bobs] = await Promise.all([ALICE, BOB].map(search));
  assert.deepEqual([mine?.status, mine?.body.meta?.is_indexing], [200, true]);
  assert.ok(Number(mine?.body.meta?.total) < messages.length);
  assert.equal(bobs?.body.meta?.total, 1);
  assert.equal(bobs?.body.meta?.is_indexing, undefined);
  const { body } = await call(`/conversations/${id}/messages`, {
    user: ALICE,
    body: { content: '#call search_conversations {"query":"pebble"}', parts: true },
  });
  const [, reply] = body.data;
  const { text } = reply.parts.find(({ type }: { type: string }) => type === "tool_result");
  assert.match(JSON.parse(text).note, /not all .* searchable yet/iu);
});

test("searches have a limit of their own", async () => {
  const environment = { RATE_LIMITS: "search=3/m" };
  await using server = await startServer({ builtIn: true, environment });
  const { call } = caller(server.url);
  for (let count = 0; count < 3; count++)
    assert.equal((await call("/search?q=x", { user: ALICE })).status, 200);
  const refused = await call("/search?q=x", { user: ALICE });
  assert.deepEqual([refused.status, refused.body.error?.code], [429, "RATE_LIMITED"]);
  assert.ok(Number(refused.headers.get("retry-after")) >= 1);
  assert.equal((await call("/search?q=x", { user: BOB })).status, 200);
  assert.equal((await call("/conversations", { user: ALICE })).status, 200);
});
