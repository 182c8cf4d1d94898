// Which models may be named: what providers list, MODELS, and the list of a key. Through every wire.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { allEvents, caller } from "./chat-v1-client.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";
import { openSocket } from "./socket-client.ts";
import { startServer } from "./start-server.ts";
import { ALICE, makeKey, send } from "./wire-client.ts";

const NAMES = ["cheap-1", "cheap-2", "dear/best", "scripted", "spare"];
const LISTING = { object: "list", data: NAMES.map((id) => ({ id })) };

let model: ModelServer;
before(async () => {
  model = await startModelServer({ listing: LISTING });
});
after(() => model[Symbol.asyncDispose]());

const startWith = (environment: Record<string, string>) =>
  startServer({ environment: { OPENAI_BASE_URL: model.url, ...environment } });

type Call = ReturnType<typeof caller>["call"];

const offeredTo = async (call: Call): Promise<string[]> =>
  (await call("/models")).body.data.map(({ id }: { id: string }) => id).toSorted();

/** Asks by that model in a new conversation, and gives the status and the words. */
async function ask(call: Call, name: string | null, conversation: object = {}) {
  const made = await call("/conversations", { body: conversation });
  assert.equal(made.status, 201, made.body.message);
  const path = `/conversations/${made.body.data.id}/messages`;
  const { status, body } = await call(path, { body: { content: "Hi", model: name } });
  return { status, code: body.error?.code, message: body.message ?? "", path };
}

test("a model that no provider lists is refused in words, and nothing is stored, replaced or asked", async () => {
  await using server = await startWith({});
  const { call, open } = caller(server.url);
  for (const name of ["cheap-1", "openai/cheap-1", "dear/best", "scripted", null])
    assert.equal((await ask(call, name)).status, 201, `${name}`);
  assert.deepEqual(await offeredTo(call), ["builtin/echo", ...NAMES]);

  const { path } = await ask(call, null);
  const stored = async () => [
    (await call(path)).body.data,
    (await call("/conversations")).body.meta,
  ];
  const before = await stored();
  const asked = model.requests.length;
  const [question] = (await call(path)).body.data;
  const requests: [string, object][] = [
    [path, {}],
    [`${path}/stream`, {}],
    ["/conversations/stream", {}],
    [path, { replace_from: question.id }],
    [`${path}/stream`, { replace_from: question.id }],
  ];
  for (const [to, more] of requests)
    for (const name of ["nonsense", "cheap-10", "openai/cheap", "x".repeat(256)]) {
      const response = await open(to, { body: { content: "Hi", model: name, ...more } });
      assert.equal(response.status, 400, to);
      const body = await response.json();
      assert.equal(body.error.code, "MODEL_REFUSED");
      assert.match(body.message, /^This server does not offer the model '/);
      assert.match(body.message, /It offers .*cheap-1, .*GET \/v1\/chat\/models lists them$/);
    }
  assert.deepEqual(await stored(), before);
  assert.equal(model.requests.length, asked);

  const agent = { name: "A", instructions: "", model: "nonsense" };
  const agentId = (await call("/agents", { body: agent })).body.data.id;
  assert.match(
    (await ask(call, null, { agent_id: agentId })).message,
    /the agent's model 'nonsense'/,
  );
  assert.equal((await ask(call, "cheap-1", { agent_id: agentId })).status, 201);
  assert.match(
    (await ask(call, null, { model: "nonsense" })).message,
    /the conversation's model 'nonsense'/,
  );
});

test("[H5] without a list to be had, or with an empty one, the provider says what it thinks of a name", async () => {
  for (const listing of [{ listingStatus: 500 }, { listing: { object: "list", data: [] } }]) {
    await using unlisted = await startModelServer(listing);
    await using server = await startWith({ OPENAI_BASE_URL: unlisted.url });
    const { call } = caller(server.url);
    assert.equal((await ask(call, "anything")).status, 201);
    const refused = await ask(call, "refused-model");
    assert.equal(refused.status, 400);
    assert.match(refused.message, /refused-model is not a valid model ID/);

    await using limited = await startWith({ OPENAI_BASE_URL: unlisted.url, MODELS: "any*" });
    const other = caller(limited.url).call;
    assert.equal((await ask(other, "anything")).status, 201);
    assert.equal((await ask(other, null)).status, 201, "MODEL may always be used");
    assert.match((await ask(other, "nothing")).message, /does not offer the model 'nothing'/);
  }
});

test("MODELS decides alone which models may be named, besides MODEL and its fallbacks", async () => {
  await using server = await startWith({
    MODELS: "cheap-*, openai/dear/*, new*el",
    MODEL_FALLBACKS: "spare",
  });
  const { call } = caller(server.url);
  for (const name of ["cheap-2", "cheap-unlisted", "dear/best", "openai/cheap-1", "new-model"])
    assert.equal((await ask(call, name)).status, 201, name);
  for (const name of ["scripted", "openai/scripted", "spare", null])
    assert.equal((await ask(call, name)).status, 201, `${name}`);
  const asked = model.requests.length;
  for (const name of ["cheap", "xcheap-1", "dear", "newel2", "builtin/echo", "Cheap-1"]) {
    const { status, code, message } = await ask(call, name);
    assert.deepEqual([status, code], [400, "MODEL_REFUSED"], name);
    assert.match(message, /It offers cheap-\*, openai\/dear\/\*, new\*el; GET \/v1\/chat\/models/);
  }
  assert.equal(model.requests.length, asked);
  assert.deepEqual(await offeredTo(call), NAMES);
  const agent = { name: "A", instructions: "", model: "other" };
  assert.equal((await call("/agents", { body: agent })).body.error?.code, "MODEL_REFUSED");
});

test("where MODEL is unset, the first model that MODELS means answers; [H5] the built-in one alone answers to every name", async () => {
  await using server = await startWith({ MODEL: "", MODELS: "dear/*" });
  const { call } = caller(server.url);
  assert.equal((await ask(call, null)).status, 201);
  assert.equal(model.requests.at(-1)?.body?.model, "dear/best");

  await using alone = await startServer({ builtIn: true, environment: { MODELS: "cheap-*" } });
  const { path, status } = await ask(caller(alone.url).call, "whatever");
  assert.equal(status, 201);
  const [, reply] = (await caller(alone.url).call(path)).body.data;
  assert.equal(reply.model, "builtin/echo");
});

test("a key's list of models is obeyed on every wire and socket, and by the key's tickets", async () => {
  await using server = await startWith({ MODEL_FALLBACKS: "spare" });
  const root = caller(server.url, await makeKey(server, { isOperator: true, userId: "root" }));
  const made = await root.call("/keys", { body: { user_id: ALICE, models: ["cheap-*"] } });
  assert.deepEqual(made.body.data.models, ["cheap-*"]);
  assert.equal((await root.call("/keys", { body: { models: [] } })).status, 400);
  assert.equal((await root.call("/keys", { body: { models: ["a,b"] } })).status, 400);
  const listed = (await root.call("/keys")).body.data;
  assert.deepEqual(
    listed.map(({ models }: { models: unknown }) => models),
    [null, ["cheap-*"]],
  );
  const { key } = made.body.data;
  const { call, open } = caller(server.url, key);
  const headers = { authorization: `Bearer ${key}` };
  const asked = model.requests.length;
  const words =
    /This key may not use the server's default model 'scripted'\. Name one that it may use: cheap-\*/;

  const chat = await send(server, "POST", "/chat", { message: "Hi", user_id: ALICE }, headers);
  assert.equal(chat.status, 400);
  assert.match(chat.text, words);
  const dialogix = await send(
    server,
    "POST",
    "/api/v1/chat/completions",
    { message: "Hi" },
    headers,
  );
  assert.equal(dialogix.status, 400);
  assert.match(dialogix.text, words);
  const ticket = async () => (await call("/tickets", { method: "POST" })).body.data.ticket;
  for (const [path, options] of [
    [`/ws?user_id=${ALICE}`, { headers }],
    [`/ws?user_id=${ALICE}&ticket=${await ticket()}`, {}],
  ] as const) {
    await using socket = await openSocket(server, path, options);
    socket.say({ type: "message", content: "Hi" });
    const { type, content } = await socket.next();
    assert.equal(type, "error");
    assert.match(content, words);
  }
  for (const [path, options] of [
    ["/ws", { headers }],
    [`/ws?ticket=${await ticket()}`, {}],
  ] as const) {
    await using voice = await openSocket(server, path, options);
    voice.say({ type: "start_conversation", capabilities: [] });
    voice.say({ type: "text_input", text: "Hi" });
    let told = await voice.next();
    while (told.type !== "error") told = await voice.next();
    assert.equal(told.code, "MODEL_REFUSED");
    assert.match(told.message, words);
  }
  const streamed = await open("/conversations/stream", { body: { content: "Hi" } });
  assert.equal(streamed.status, 400);
  assert.match(await streamed.text(), words);
  assert.equal((await call("/conversations")).body.meta?.total, 0, "nothing is stored");
  assert.equal(model.requests.length, asked, "nobody is asked");

  assert.equal((await ask(call, "cheap-2")).status, 201);
  assert.equal((await ask(call, null, { model: "openai/cheap-1" })).status, 201);
  assert.match((await ask(call, "dear/best")).message, /may not use the model 'dear\/best'/);
  assert.deepEqual(await offeredTo(call), ["cheap-1", "cheap-2"]);
  assert.deepEqual(await offeredTo(root.call), ["builtin/echo", ...NAMES]);
});

test("an agent's and a conversation's model outside the key's list is refused where it is chosen, and where it answers", async () => {
  await using server = await startWith({ MODEL_FALLBACKS: "spare" });
  const free = caller(server.url, await makeKey(server));
  const { call, open } = caller(server.url, await makeKey(server, { models: ["cheap-*"] }));
  const agent = (name: string) => ({ name: "A", instructions: "", model: name });
  const dear = (await free.call("/agents", { body: agent("dear/best") })).body.data.id;
  const cheap = (await call("/agents", { body: agent("cheap-1") })).body.data.id;
  const id = await free.newConversation({ body: { model: "dear/best" } });
  const words = /This key may not use the model 'dear\/best'\. It may use cheap-\*/;
  for (const [path, method, body] of [
    ["/agents", "POST", agent("dear/best")],
    [`/agents/${cheap}`, "PUT", agent("dear/best")],
    ["/conversations", "POST", { model: "dear/best" }],
    [`/conversations/${id}`, "PATCH", { model: "dear/best" }],
  ] as const) {
    const { status, body: refused } = await call(path, { method, body });
    assert.equal(status, 400, path);
    assert.match(refused.message ?? "", words);
  }
  const asked = model.requests.length;
  assert.match(
    (await ask(call, null, { agent_id: dear })).message,
    /the agent's model 'dear\/best'/,
  );
  const said = await call(`/conversations/${id}/messages`, { body: { content: "Hi" } });
  assert.match(said.body.message ?? "", /the conversation's model 'dear\/best'/);
  assert.equal((await call(`/conversations/${id}/messages`)).body.data.length, 0);
  assert.equal(model.requests.length, asked);
  assert.equal((await ask(call, null, { agent_id: cheap })).status, 201);

  // What is asked for by a key does not fall back on a model that the key may not use.
  const content = "{{reply failStatus=500 failTimes=9}}";
  const failing = await allEvents(
    await open("/conversations/stream", { body: { content, model: "cheap-1" } }),
  );
  assert.equal(failing.at(-2)?.type, "error");
  assert.deepEqual(
    new Set(model.requests.slice(asked + 1).map(({ body }) => body?.model)),
    new Set(["cheap-1"]),
  );

  // A repeat is answered as before, whatever the key that asks may use.
  const repeat = { headers: { "idempotency-key": "one" }, body: { content: "Hi" } };
  const other = await free.newConversation();
  const first = await free.call(`/conversations/${other}/messages`, repeat);
  assert.equal(first.status, 201);
  assert.deepEqual((await call(`/conversations/${other}/messages`, repeat)).body, first.body);
});
