// What a message took the place of can be brought back; and the model that a conversation keeps. Through wire 004.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DEFAULT_USER } from "../src/domain/principal.ts";
import { caller } from "./chat-v1-client.ts";
import { startServer } from "./start-server.ts";
import { send } from "./wire-client.ts";

let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

test("[H5] what a message took the place of comes back as it was, with the same ids, also from under a reply that runs", async () => {
  const { open, call, newConversation } = caller(server.url);
  const id = await newConversation();
  const path = `/conversations/${id}/messages`;
  const say = (body: object) => call(path, { body });
  const list = async () => (await call(path)).body.data;
  const restore = (replacedBy: string, options = {}) =>
    call(`${path}/restore`, { body: { replaced_by: replacedBy }, ...options });
  const [first] = (await say({ content: "one {{reply text=eins}}" })).body.data;
  await say({ content: "two {{reply text=deux}}" });
  await say({ content: "three {{reply text=drei}}" });
  const before = await list();

  const streaming = await open(`${path}/stream`, {
    body: { content: "uno {{reply tokens=50 hold=1}}", replace_from: first.id },
  });
  await server.model.held();
  const [question] = await list();
  assert.equal((await list()).length, 1);
  assert.equal((await restore(question.id, { user: "somebody-else" })).status, 404);
  const other = await newConversation();
  assert.equal(
    (await call(`/conversations/${other}/messages/restore`, { body: { replaced_by: question.id } }))
      .status,
    404,
  );
  assert.equal((await restore(first.id)).status, 404);
  const restored = await restore(question.id);
  assert.deepEqual([restored.status, restored.body.data], [200, { restored: 6 }]);
  server.model.release();
  await streaming.text();
  assert.deepEqual(await list(), before);
  assert.equal((await restore(question.id)).status, 404, "once");
  assert.equal((await call(`/messages/${question.id}`)).status, 404);

  const [again] = (await say({ content: "eine {{reply text=I}}", replace_from: first.id })).body
    .data;
  await say({ content: "and on" });
  const refused = await restore(again.id);
  assert.equal(refused.status, 409);
  assert.match(refused.body.message ?? "", /has continued since/);
  assert.equal((await list()).length, 4);
  assert.equal((await call(`${path}/restore`, { body: {} })).status, 400);
});

test("[H5] what was replaced cannot come back where one of its ids has been given to another message, and nothing is changed", async () => {
  const { call, newConversation } = caller(server.url);
  const id = await newConversation();
  const path = `/conversations/${id}/messages`;
  const [first] = (await call(path, { body: { content: "one" } })).body.data;
  const [question] = (await call(path, { body: { content: "uno", replace_from: first.id } })).body
    .data;
  const messages = [{ id: first.id, role: "user", content: "Hi", timestamp: 1_700_000_000_000 }];
  const moved = await send(server, "POST", "/api/conversations", {
    userId: DEFAULT_USER,
    messages,
  });
  assert.equal(moved.status, 201);
  const before = (await call(path)).body.data;
  const refused = await call(`${path}/restore`, { body: { replaced_by: question.id } });
  assert.equal(refused.status, 409);
  assert.match(refused.body.message ?? "", /given to another message/);
  assert.deepEqual((await call(path)).body.data, before);
});

test("[H5] a conversation keeps its model for messages that name none, until another is chosen", async () => {
  const { call, newConversation } = caller(server.url);
  const asked = () => server.model.requests.at(-1)?.body?.model;
  const id = await newConversation();
  const say = (body: object, to = id) => call(`/conversations/${to}/messages`, { body });
  await say({ content: "the usual one" });
  assert.equal(asked(), "scripted");
  const changed = await call(`/conversations/${id}`, {
    method: "PATCH",
    body: { model: "test-model" },
  });
  assert.equal(changed.body.data.model, "test-model");
  const [, reply] = (await say({ content: "the chosen one" })).body.data;
  assert.deepEqual([asked(), reply.model], ["test-model", "test-model"]);
  await say({ content: "this once", model: "scripted" });
  assert.equal(asked(), "scripted");
  assert.equal((await call(`/conversations/${id}`)).body.data.model, "test-model");
  await call(`/conversations/${id}`, { method: "PATCH", body: { model: null } });
  await say({ content: "the usual one again" });
  assert.equal(asked(), "scripted");

  const created = await call("/conversations", { body: { model: "test-model" } });
  assert.equal(created.body.data.model, "test-model");
  for (const keep of [true, false]) {
    const body = { content: "begin", model: "test-model", ...(keep && { keep_model: true }) };
    const { data } = JSON.parse(
      (await (await caller(server.url).open("/conversations/stream", { body })).text())
        .split("\n")
        .find((line) => line.startsWith("data: "))
        ?.slice(6) ?? "",
    );
    const stored = await call(`/conversations/${data.conversationId}`);
    assert.equal(stored.body.data.model, keep ? "test-model" : null);
  }
  const wrong = await call(`/conversations/${id}`, {
    method: "PATCH",
    body: { model: "x".repeat(257) },
  });
  assert.equal(wrong.status, 400);
});
