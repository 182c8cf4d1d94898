// Titles by a model after the first exchange, through wire 004.
// Backends: replicas
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { caller, type Envelope } from "./chat-v1-client.ts";
import { ONCE, startServer } from "./start-server.ts";

type Server = Awaited<ReturnType<typeof startServer>>;

let server: Server;
before(async () => {
  server = await startServer({
    environment: { TITLE_MODEL: "small", BUDGET_TOKENS_PER_USER_DAY: "20000" },
  });
});
after(() => server[Symbol.asyncDispose]());

let people = 0;
/** A user of their own, before whom the model has heard nothing. */
function person() {
  server.model.forget();
  const user = `person-${people++}`;
  const { call, open } = caller(server.url);
  const asked = (path: string, options: Parameters<typeof call>[1] = {}) =>
    call(path, { ...options, user });
  return {
    user,
    open,
    call: asked,
    create: async (body: object = {}): Promise<string> =>
      (await asked("/conversations", { body })).body.data.id,
    say: (id: string, content: string) =>
      asked(`/conversations/${id}/messages`, { body: { content } }),
    titleOf: async (id: string, wait = true): Promise<string> =>
      (await asked(`/conversations/${id}${wait ? "?wait=title" : ""}`)).body.data.title,
  };
}

test("[H25] the model names a conversation after the first exchange, from what was said; the answer does not wait", async () => {
  const { create, say, titleOf } = person();
  server.model.next({ text: "Try Porto." }, { text: '"Trip to Portugal."\n', hold: 0 });
  const id = await create();
  assert.equal((await say(id, "Where shall we go in May?")).status, 201);
  await server.model.held();
  assert.equal(await titleOf(id, false), "Where shall we go in May?");
  const waiting = titleOf(id);
  server.model.release();
  assert.equal(await waiting, "Trip to Portugal");
  const [, request] = server.model.requests;
  assert.equal(request?.body?.model, "small");
  const told = JSON.stringify(request?.body?.messages);
  assert.ok(told.includes("Where shall we go in May?") && told.includes("Try Porto."), told);

  assert.equal((await say(id, "And in June?")).status, 201);
  assert.equal(await titleOf(id), "Trip to Portugal");
  assert.equal(server.model.requests.length, 3, "a named conversation is not named again");
});

test("[H25] a title that somebody gave stays: at the beginning, and while the model thinks of one, even if it is the same", async () => {
  const { create, say, titleOf, call } = person();
  const given = await create({ title: "Mine" });
  await say(given, "Hello");
  assert.equal(await titleOf(given), "Mine");
  assert.equal(server.model.requests.length, 1);

  for (const title of ["Renamed", "Good morning"]) {
    server.model.forget();
    server.model.next({ text: "Hi" }, { text: "A greeting", hold: 0 });
    const id = await create();
    await say(id, "Good morning");
    await server.model.held();
    await call(`/conversations/${id}`, { method: "PATCH", body: { title } });
    server.model.release();
    assert.equal(await titleOf(id), title);
    // What the model is asked for next comes after the answer that was let go.
    await say(id, "And now?");
    assert.equal(await titleOf(id), title);
    assert.equal(server.model.requests.length, 3);
  }
});

test("[H25] a pin leaves it to the model, and the search finds the new title", ONCE, async () => {
  const { create, say, titleOf, call } = person();
  server.model.next({ text: "Hi" }, { text: "Zanzibar", hold: 0 });
  const id = await create();
  await say(id, "Good morning");
  await server.model.held();
  await call(`/conversations/${id}`, { method: "PATCH", body: { is_pinned: true } });
  const found = async (word: string): Promise<Envelope["data"][]> =>
    (await call(`/search?q=${word}`)).body.data;
  assert.equal((await found("Zanzibar")).length, 0);
  server.model.release();
  assert.equal(await titleOf(id), "Zanzibar");
  assert.equal((await found("Zanzibar")).length, 1);
});

test(
  "[H25] a model that fails, or says nothing of use, leaves the first words; the next exchange asks again",
  ONCE,
  async () => {
    const { create, say, titleOf } = person();
    server.model.next({ text: "Hi" }, { failStatus: 400 });
    const id = await create();
    await say(id, "Good morning");
    assert.equal(await titleOf(id), "Good morning");
    server.model.next({ text: "Again" }, { text: '  **""**\n\n' });
    await say(id, "Another");
    assert.equal(await titleOf(id), "Good morning");
    server.model.next({ text: "Once more" }, { text: `# Title: *${"long words ".repeat(40)}*` });
    await say(id, "A third");
    const title = await titleOf(id);
    assert.match(title, /^long words .*…$/);
    assert.ok(title.length <= 61, title);
  },
);

test(
  "[H25] a reply that failed is not named, and an answer that is not there names nothing",
  ONCE,
  async () => {
    const { create, say, titleOf } = person();
    server.model.next({ failStatus: 400 });
    const id = await create();
    await say(id, "Good morning");
    assert.equal(await titleOf(id), "Good morning");
    assert.equal(server.model.requests.length, 1);
  },
);

test("[H25] budgets count what a title costs, and a budget that is used up leaves the first words", async () => {
  const { create, say, titleOf } = person();
  server.model.next({ text: "Hi", totalTokens: 100 }, { text: "A greeting", totalTokens: 17_000 });
  const id = await create();
  await say(id, "Good morning");
  assert.equal(await titleOf(id), "A greeting");
  // 2,900 tokens are left: enough for an answer, which then takes the rest.
  server.model.next({ text: "Hi", totalTokens: 2850 });
  const other = await create();
  assert.equal((await say(other, "Good evening")).status, 201);
  assert.equal(await titleOf(other), "Good evening");
  assert.equal(server.model.requests.length, 3);
  assert.equal((await say(other, "More")).status, 429);
});

test("[H25] whoever waits for a title is answered at once where there is none to come, and not told of another's", async () => {
  const { create, titleOf } = person();
  const empty = await create();
  assert.equal(await titleOf(empty), "New Conversation");
  const { call } = person();
  assert.equal((await call(`/conversations/${empty}?wait=title`)).status, 404);
  assert.equal((await call(`/conversations/${empty}?wait=other`)).status, 400);
});

test("[H25] a conversation that no list shows is not named by the model", async () => {
  const { create, say, titleOf } = person();
  const shown = await create();
  const owner = await ownerOf(shown);
  const id = randomUUID();
  await server.store.createConversation(
    owner,
    {
      id,
      title: null,
      isPinned: false,
      agentId: null,
      model: null,
      mode: null,
      origin: "chat-v1",
      alias: null,
      createdAt: new Date(),
      isHidden: true,
    },
    [],
  );
  await say(id, "Good morning");
  assert.equal(await titleOf(id, false), "Good morning");
  await say(shown, "Good evening");
  await titleOf(shown);
  const models = server.model.requests.map(({ body }) => body?.model);
  assert.deepEqual(models, ["scripted", "scripted", "small"]);
});

async function ownerOf(conversationId: string) {
  for await (const record of server.store.exportRecords())
    if (record.type === "conversation" && record.conversation.id === conversationId)
      return record.owner;
  throw new Error("The conversation is not there");
}
