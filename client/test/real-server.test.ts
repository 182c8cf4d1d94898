// The client against the whole server, where a scripted server could promise too much.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { startServer } from "../../server/test/start-server.ts";
import { answering, asking } from "../../server/test/tool-steps.ts";
import type { Reply, ReplyEvent } from "../src/index.ts";
import { startCuttingProxy } from "./cutting-proxy.ts";
import { collect, quickClient } from "./wire-objects.ts";

const textOf = (events: readonly ReplyEvent[]) =>
  events.map((event) => (event.type === "ai_chunk" ? event.data : "")).join("");

/** Reads on to the first piece of text. */
async function firstPiece(reply: Reply): Promise<AsyncIterator<ReplyEvent>> {
  const events = reply[Symbol.asyncIterator]();
  for (;;) {
    const { value, done } = await events.next();
    if (done || value.type === "ai_chunk") return events;
  }
}

test("conversations and messages, from the first to the last", async () => {
  await using server = await startServer();
  const { conversations, messages, search, searchPage } = quickClient(server);

  const created = await conversations.create({ title: "Tides" });
  assert.deepEqual(await conversations.get(created.id), created);
  const system = await messages.add(created.id, { role: "system", content: "Be brief" });
  server.model.next({ text: "The moon pulls." });
  const { userMessage, reply } = await messages.send(created.id, { content: "Why do tides rise?" });
  assert.equal(reply.content, "The moon pulls.");
  assert.equal(reply.status, "complete");
  assert.deepEqual(await messages.list(created.id), [system, userMessage, reply]);
  assert.deepEqual(await messages.list(created.id, { limit: 1, before: reply.id }), [userMessage]);
  assert.deepEqual(await messages.get(reply.id), reply);

  const [hit] = await search("tides rise");
  assert.equal(hit?.message?.id, userMessage.id);
  assert.match(hit?.snippet ?? "", /\uE000.+\uE001/u);
  const { items, ...counts } = await searchPage("tides", { limit: 1 });
  assert.equal(items.length, 1);
  assert.deepEqual(counts, {
    total: 2,
    page: 1,
    limit: 1,
    totalPages: 2,
    conversations: 1,
    is_complete: true,
  });

  const bob = quickClient(server, { userId: "bob" });
  await assert.rejects(bob.messages.list(created.id), { code: "NOT_FOUND" });

  const updated = await conversations.update(created.id, { title: "Moon", is_pinned: true });
  assert.deepEqual([updated.title, updated.is_pinned], ["Moon", true]);
  await messages.delete(system.id);
  assert.equal((await messages.list(created.id)).length, 2);
  await conversations.delete(created.id);
  await assert.rejects(conversations.get(created.id), {
    status: 404,
    code: "NOT_FOUND",
    message: "Conversation not found",
  });
});

test("projects: made, changed, filled, listed by, and deleted without their conversations", async () => {
  await using server = await startServer({ builtIn: true });
  const { projects, conversations, files } = quickClient(server);
  const plan = await files.upload(new Blob(["Seven windows"]), { name: "plan.txt" });
  const made = await projects.create({ name: "House", file_ids: [plan.id] });
  assert.deepEqual(
    made.files.map(({ id }) => id),
    [plan.id],
  );
  const changed = await projects.update(made.id, { instructions: "Metric units" });
  assert.deepEqual(changed, {
    ...made,
    instructions: "Metric units",
    updated_at: changed.updated_at,
  });
  assert.deepEqual(await projects.get(made.id), changed);
  assert.deepEqual(await projects.list(), [changed]);
  const inside = await conversations.create({ project_id: made.id });
  const other = await conversations.create();
  assert.deepEqual(await conversations.act({ move: made.id }, [other.id]), [
    { id: other.id, done: true },
  ]);
  assert.equal((await conversations.list({ project_id: made.id })).total, 2);
  assert.equal(
    "project_id" in (await conversations.update(inside.id, { project_id: null })),
    false,
  );
  await projects.delete(made.id);
  assert.equal((await conversations.list({ project_id: "none" })).total, 2);
});

test("several conversations at once: archived, exported and deleted, each with its own result", async () => {
  await using server = await startServer();
  const { conversations } = quickClient(server);
  const ids: string[] = [];
  for (const title of ["a", "b"]) ids.push((await conversations.create({ title })).id);
  const [first = ""] = ids;
  assert.equal((await conversations.update(first, { is_archived: true })).is_archived, true);
  assert.equal((await conversations.list({ archived: "1" })).total, 1);
  assert.equal((await conversations.list()).total, 1);
  const exported = JSON.parse(await (await conversations.exportJson(ids)).text());
  assert.deepEqual(
    exported.data.map(({ title }: { title: string }) => title),
    ["a", "b"],
  );
  assert.deepEqual(await conversations.act("delete", ids), [
    { id: ids[0], done: true },
    { id: ids[1], done: true },
  ]);
  const [again] = await conversations.act("delete", [first]);
  assert.deepEqual([again?.done, again?.error?.code], [false, "NOT_FOUND"]);
});

test("pages, agents and models", async () => {
  await using server = await startServer();
  const { conversations, agents, models } = quickClient(server);
  for (const title of ["a", "b", "c"]) await conversations.create({ title });

  const page = await conversations.list({ page: 2, limit: 2 });
  assert.deepEqual([page.total, page.page, page.limit, page.totalPages], [3, 2, 2, 2]);
  assert.equal(page.items.length, 1);
  const all = await collect(conversations.all({ pageSize: 2 }));
  assert.deepEqual(all.map(({ title }) => title).sort(), ["a", "b", "c"]);

  const agent = await agents.create({ name: "Tutor", instructions: "Ask back", temperature: 1 });
  assert.deepEqual(await agents.get(agent.id), agent);
  const replaced = await agents.replace(agent.id, { name: "Coach", instructions: "Cheer" });
  assert.deepEqual([replaced.name, replaced.temperature], ["Coach", null]);
  assert.deepEqual(await agents.list(), [replaced]);
  await agents.delete(agent.id);
  assert.deepEqual(await agents.list(), []);

  assert.ok((await models.list()).some((each) => each.id === "test-model"));
});

test("a link is made, read by somebody without a token, listed and revoked", async () => {
  await using server = await startServer({ environment: { SHARE_LINKS: "true" } });
  const { conversations, messages, shares, account } = quickClient(server);
  assert.equal((await account()).can_share, true);
  const { id } = await conversations.create({ title: "Tides" });
  server.model.next({ text: "The moon pulls." });
  await messages.send(id, { content: "Why?" });
  const share = await shares.create(id, { expires_in_days: 7 });
  assert.deepEqual(await shares.list(), [share]);
  const reader = quickClient(server, { token: "" });
  const shown = await reader.shares.read(share.token);
  assert.equal(shown.title, "Tides");
  assert.deepEqual(
    shown.messages.map(({ role, content }) => [role, content]),
    [
      ["user", "Why?"],
      ["assistant", "The moon pulls."],
    ],
  );
  await shares.revoke(share.id);
  await assert.rejects(reader.shares.read(share.token), { status: 404, code: "NOT_FOUND" });
});

test("[H86] [H87] tools of the client's own are run while the reply waits", async () => {
  await using server = await startServer();
  const client = quickClient(server);
  const { id } = await client.conversations.create();
  const lookUp = { name: "look_up", description: "Finds it", parameters: { type: "object" } };
  const tools = [{ type: "function", function: lookUp }] as const;
  const wanted = [1, 2].map((order) => ({ name: "look_up", given: { order } }));
  server.model.next(asking(wanted), asking([{ name: "look_up", given: { order: 3 } }]));
  server.model.next(answering("All three."));
  const asked = { content: "Where are they?", steps: true, tools };
  let reply: Reply | null = await client.messages.stream(id, asked);
  let message = await reply.message();
  const orders: number[] = [];
  while (message.status === "waiting") {
    assert.deepEqual(await client.calls.list(), message.calls);
    for (const call of message.calls ?? []) {
      const { order } = JSON.parse(call.arguments);
      orders.push(order);
      await client.calls.answer(call, { text: `Order ${order} is on its way` });
      await client.calls.answer(call, { text: `Order ${order} is on its way` });
      const other = client.calls.answer(call, { text: "Lost", outcome: "failed" });
      await assert.rejects(other, { code: "CONFLICT" });
    }
    reply = await client.messages.watch(id, { after: reply.lastEventId ?? undefined });
    if (!reply) assert.fail();
    message = await reply.message();
  }
  assert.deepEqual([orders, message.content], [[1, 2, 3], "All three."]);
  assert.deepEqual(await client.calls.list(), []);
});

test("a refusal says what is wrong, in every way to send", async () => {
  await using server = await startServer({ environment: { MODELS: "*" } });
  const { conversations, messages } = quickClient(server);
  const blank = { content: " " };
  const invalid = { status: 400, code: "VALIDATION_ERROR", isRetryable: false };
  const { id } = await conversations.create();
  await assert.rejects(messages.send(id, blank), invalid);
  await assert.rejects(messages.stream(id, blank), invalid);
  await assert.rejects(conversations.start(blank), invalid);
  await assert.rejects(messages.send(id, { content: "Hello", model: "refused-model" }), {
    status: 400,
    code: "MODEL_REFUSED",
  });
  await assert.rejects(messages.stream("missing", { content: "Hello" }), (error) => {
    assert.match(String((error as { requestId?: unknown }).requestId), /./);
    return true;
  });
});

test("a conversation that starts as a stream is what is stored afterwards", async () => {
  await using server = await startServer();
  const { conversations, messages } = quickClient(server);
  server.model.next({ pieces: ["Hi ", "there", " 👋🏽"] });

  const reply = await conversations.start({ content: "Hello" });
  const events = await collect(reply);

  assert.equal(events[0]?.type, "conversation_created");
  assert.equal(textOf(events), "Hi there 👋🏽");
  const stored = await messages.list(reply.conversationId);
  assert.deepEqual(stored, [reply.userMessage, await reply.message()]);
});

test("a reply goes on where the connection broke off, and the model is asked once", async () => {
  await using server = await startServer();
  await using network = await startCuttingProxy(server.url);
  const { conversations } = quickClient(network);
  server.model.next({ pieces: ["one ", "two ", "three"], hold: 1 });

  const reply = await conversations.start({ content: "Count" }, { notices: true });
  const pieces: string[] = [];
  const notices: string[] = [];
  for await (const event of reply) {
    if (event.type === "ai_chunk") {
      pieces.push(event.data);
      if (pieces.length === 1) network.cut();
    } else if (event.type === "resumed") server.model.release();
    if (event.type === "reconnecting" || event.type === "resumed") notices.push(event.type);
  }

  assert.equal(pieces.join(""), "one two three");
  assert.deepEqual(notices, ["reconnecting", "resumed"]);
  assert.equal((await reply.message()).content, "one two three");
  assert.equal(server.model.requests.length, 1);
});

test("without a gap, a repeat or a second message, wherever the network cuts", async () => {
  await using server = await startServer();
  await using network = await startCuttingProxy(server.url);
  const retry = { baseDelayMs: 0, maxDelayMs: 0, requestRetries: 10 };
  const direct = quickClient(server);
  const { conversations } = quickClient(network, { retry });
  const text = fc.string({ unit: "grapheme", minLength: 1 }).filter((each) => /\S/u.test(each));
  const cuts = fc.array(fc.integer({ min: 0, max: 1200 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(text, { minLength: 1, maxLength: 20 }),
      cuts,
      async (said, places) => {
        server.model.next({ pieces: said, split: 50 });
        network.cut();
        network.cutAfterBytes(...places);

        const reply = await conversations.start({ content: "Speak" });
        const events = await collect(reply);

        assert.equal(textOf(events), said.join(""));
        assert.equal(events.filter(({ type }) => type === "conversation_created").length, 1);
        assert.equal((await reply.message()).content, said.join(""));
        const client = quickClient(server);
        assert.equal((await client.messages.list(reply.conversationId)).length, 2);
      },
    ),
    { numRuns: 25 },
  );
  const all = await collect(direct.conversations.all());
  assert.equal(all.length, server.model.requests.length);
});

test("a message whose answer is lost is sent again, stored once and answered once", async () => {
  await using server = await startServer();
  await using network = await startCuttingProxy(server.url);
  const { id } = await quickClient(server).conversations.create();
  const { messages } = quickClient(network);

  network.cutAfterBytes(0, 0);
  const { reply } = await messages.send(id, { content: "Once" });
  network.cut();
  network.cutAfterBytes(0, 0);
  const streamed = await messages.stream(id, { content: "Twice" });
  await streamed.text();

  const stored = await messages.list(id);
  assert.deepEqual(
    stored.map(({ content }) => content),
    ["Once", reply.content, "Twice", await streamed.text()],
  );
  assert.equal(server.model.requests.length, 2);
});

test("the same key with another text is a CONFLICT", async () => {
  await using server = await startServer();
  const { conversations, messages } = quickClient(server);
  const { id } = await conversations.create();
  const options = { idempotencyKey: "draft-7" };
  const first = await messages.send(id, { content: "Hello" }, options);
  assert.deepEqual(await messages.send(id, { content: "Hello" }, options), first);
  await assert.rejects(messages.send(id, { content: "Other" }, options), { code: "CONFLICT" });
});

test("stop() ends the reply as interrupted, with the text so far", async () => {
  await using server = await startServer();
  const { conversations, messages } = quickClient(server);
  server.model.next({ pieces: ["one ", "two"], hold: 1 });

  const reply = await conversations.start({ content: "Count" });
  await firstPiece(reply);
  assert.equal(await reply.stop(), true);
  const events = await collect(reply);

  assert.equal(events.at(-1)?.type, "ai_complete");
  const message = await reply.message();
  assert.deepEqual([message.status, message.content], ["interrupted", "one "]);
  assert.deepEqual(await messages.get(message.id), message);
  assert.equal(await reply.stop(), false);
  assert.equal(await messages.stop(reply.conversationId), false);
});

test("aborting leaves the reply to go on; another client watches it, from its start or the middle", async () => {
  await using server = await startServer();
  const { conversations, messages } = quickClient(server);
  server.model.next({ pieces: ["one ", "two"], hold: 1 });
  const leaving = new AbortController();

  const left = await conversations.start({ content: "Count" }, { signal: leaving.signal });
  const events = await firstPiece(left);
  leaving.abort();
  await assert.rejects(Promise.resolve(events.next()), { name: "AbortError" });

  const after = left.lastEventId ?? "";
  const fromStart = await messages.watch(left.conversationId);
  const watching = messages.watch(left.conversationId, { after });
  server.model.release();
  const fromMiddle = await watching;
  assert.ok(fromStart && fromMiddle);
  assert.deepEqual(fromStart.userMessage, left.userMessage);
  assert.equal(textOf(await collect(fromStart)), "one two");
  assert.equal(textOf(await collect(fromMiddle)), "two");
  assert.equal((await fromStart.message()).status, "complete");

  const end = fromMiddle.lastEventId ?? "";
  assert.equal(await messages.watch(left.conversationId, { after: end }), null);
  const { id } = await conversations.create();
  assert.equal(await messages.watch(id), null);
});

test("a server that restarts in the middle of a reply: the client comes back to what is stored", async () => {
  await using first = await startServer();
  await using network = await startCuttingProxy(first.url);
  const { conversations, messages } = quickClient(network, { retry: { streamRetries: 1000 } });
  first.model.next({ pieces: ["one ", "two"], hold: 1 });

  const reply = await conversations.start({ content: "Count" });
  const events = await firstPiece(reply);
  network.target = null;
  network.cut();
  const next = events.next();
  await first.close(0);
  await using second = await startServer({ directory: first.directory });
  network.target = second.url;

  await next;
  const message = await reply.message();
  assert.equal(message.content, "one ");
  assert.equal(message.status, "interrupted");
  assert.deepEqual((await messages.list(reply.conversationId)).at(-1), message);
});

test("a model that refuses the server's key is not available, in the server's words", async () => {
  await using server = await startServer();
  const { conversations, messages } = quickClient(server);
  server.model.next({ failStatus: 401 }, { failStatus: 401 });
  const { id } = await conversations.create();
  await assert.rejects(messages.send(id, { content: "Hello" }), {
    status: 502,
    code: "MODEL_UNAVAILABLE",
  });
  const reply = await messages.stream(id, { content: "Hello" });
  await assert.rejects(reply.text(), { status: null, code: "MODEL_UNAVAILABLE" });
});
