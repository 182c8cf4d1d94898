// Versions of questions and answers, by the SDK against the whole server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startServer } from "../../server/test/start-server.ts";
import { startCuttingProxy } from "./cutting-proxy.ts";
import { collect, quickClient } from "./wire-objects.ts";

let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

test("an answer and a question get versions, which are listed, chosen, continued and watched by their branch", async () => {
  const { conversations, messages } = quickClient(server);
  const { id } = await conversations.create({ title: "Tides" });
  server.model.next({ text: "The moon pulls." });
  const { userMessage, reply } = await messages.send(id, { content: "Why do tides rise?" });
  assert.equal("active_branch" in (await conversations.get(id)), false);

  server.model.next({ text: "The sun pulls, too." });
  const again = await messages.stream(id, { answer_again: userMessage.id });
  assert.deepEqual([again.userMessage, again.branch], [userMessage, 1]);
  const other = await again.message();
  assert.deepEqual([other.content, other.branch], ["The sun pulls, too.", 1]);
  const [, shown] = await messages.list(id, { versions: true });
  assert.deepEqual(shown, {
    ...other,
    versions: { index: 1, ids: [reply.id, other.id], branches: [0, 1] },
  });
  assert.deepEqual(await messages.list(id, { branch: 0 }), [userMessage, reply]);

  await messages.send(id, { branch_from: userMessage.id, content: "Why do they fall?" });
  assert.equal((await conversations.get(id)).active_branch, 2);
  assert.equal((await conversations.update(id, { active_branch: 0 })).active_branch, 0);
  const note = await messages.add(id, { role: "system", content: "Be brief", branch: 1 });
  assert.equal(note.branch, 1);
  assert.deepEqual((await messages.list(id, { branch: 1, limit: 1 })).at(0), note);
  const watched = await messages.watch(id, { branch: 0 });
  assert.deepEqual([watched?.branch, await watched?.text()], [0, "The moon pulls."]);
  await assert.rejects(messages.list(id, { branch: 9 }), { code: "VALIDATION_ERROR" });
});

test("stop ends the reply of its own branch, and a version that is cut off goes on where it was", async () => {
  const { conversations, messages } = quickClient(server);
  const { id } = await conversations.create({});
  const { userMessage } = await messages.send(id, { content: "one {{reply text=eins}}" });
  const left = await messages.stream(id, {
    branch_from: userMessage.id,
    content: "left {{reply tokens=9 hold=2}}",
  });
  await server.model.held();
  const right = await messages.stream(id, {
    branch_from: userMessage.id,
    content: "right {{reply tokens=9 hold=2}}",
  });
  await server.model.held();
  assert.equal(await right.stop(), true);
  assert.equal((await right.message()).status, "interrupted");
  server.model.release();
  assert.equal((await left.message()).status, "complete");

  await using proxy = await startCuttingProxy(server.url);
  proxy.cutAfterBytes(1_000);
  const through = quickClient(proxy);
  const reply = await through.messages.stream(id, {
    answer_again: userMessage.id,
    model: "scripted",
  });
  const events = await collect(reply);
  const text = events.map((event) => (event.type === "ai_chunk" ? event.data : "")).join("");
  assert.deepEqual([text, events.at(-1)?.type], ["eins", "ai_complete"]);
  assert.equal(reply.branch, 3);
});
