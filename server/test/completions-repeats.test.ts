// Requests of which nothing is kept, and that come once more: the answer is bought once.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { readStream } from "./completions-client.ts";
import { messagesOf, usersOf } from "./completions-users.ts";
import { startServer } from "./start-server.ts";
import { makeKey, send } from "./wire-client.ts";

const server = await startServer({ backend: "sqlite" });
after(() => server[Symbol.asyncDispose]());
const newUser = usersOf(server, await makeKey(server, { userId: "a robot", actAs: true }));

const body = { messages: messagesOf([["user", "Hello"]]) };
const newKey = () => ({ "idempotency-key": randomUUID() });

test("[OC9] [OX3] an answer that nothing keeps is given again under its key, whole and streamed, and to nobody else", async () => {
  const user = newUser();
  for (const stream of [false, true]) {
    const key = newKey();
    const sent = { ...body, stream };
    server.model.next({ text: "Once and for all" });
    const before = server.model.requests.length;
    const first = await user.complete(sent, key);
    const again = await user.complete(sent, key);
    assert.equal(first.status, 200, first.text);
    assert.equal(again.text, first.text);
    assert.equal(server.model.requests.length, before + 1);
    if (stream) assert.ok(readStream(again.text).isDone);
    const other = await user.complete({ ...sent, temperature: 1 }, key);
    assert.deepEqual([other.status, other.body.error.code], [409, "idempotency_key_in_use"]);
    assert.notEqual((await newUser().complete(sent, key)).text, first.text);
    assert.equal(server.model.requests.length, before + 2);
  }
  const { conversation, message } = await server.store.countRecords();
  assert.deepEqual([conversation, message], [0, 0]);
});

test("[OC9] a response that nothing keeps is given again under its key", async () => {
  const user = newUser();
  for (const stream of [false, true]) {
    const key = newKey();
    const sent = { model: "scripted", input: "Hello", store: false, stream };
    const ask = () => send(server, "POST", "/v1/responses", sent, { ...user.headers, ...key });
    const before = server.model.requests.length;
    const first = await ask();
    assert.equal(first.status, 200, first.text);
    assert.equal((await ask()).text, first.text);
    assert.equal(server.model.requests.length, before + 1);
  }
});

test("[OX3] what an SDK sends for the second time is answered once, and what failed is asked again", async () => {
  const user = newUser();
  const say = async (count: number) =>
    (await user.complete(body, { "x-stainless-retry-count": String(count) })).body.id;
  const before = server.model.requests.length;
  const first = await say(0);
  assert.equal(await say(1), first);
  const second = await say(0);
  assert.notEqual(second, first);
  assert.equal(await say(2), second);
  assert.equal(server.model.requests.length, before + 2);
  const key = newKey();
  server.model.next({ failStatus: 400 });
  assert.equal((await user.complete(body, key)).status, 400);
  assert.equal((await user.complete(body, key)).status, 200);
  server.model.next({ text: "cut off here", cut: 2 });
  const broken = newKey();
  assert.equal((await user.complete(body, broken)).status, 502);
  assert.equal((await user.complete(body, broken)).status, 200);
});

test("[OX3] a client whose connection breaks before its answer gets that answer when it sends its request again", async () => {
  const user = newUser();
  server.model.forget();
  server.model.next({ text: "worth the wait", hold: 1 });
  const before = server.model.requests.length;
  const leaving = new AbortController();
  const init = (count: string, signal?: AbortSignal) => ({
    method: "POST",
    headers: {
      ...user.headers,
      "content-type": "application/json",
      "x-stainless-retry-count": count,
    },
    body: JSON.stringify({ model: "scripted", ...body }),
    ...(signal && { signal }),
  });
  const url = `${server.url}/v1/chat/completions`;
  const lost = fetch(url, init("0", leaving.signal));
  await server.model.held();
  leaving.abort();
  await assert.rejects(lost);
  const again = fetch(url, init("1"));
  const together = fetch(url, init("2"));
  server.model.release();
  const answers = [];
  for (const answer of await Promise.all([again, together])) answers.push(await answer.json());
  assert.equal(answers[0].choices[0].message.content, "worth the wait");
  assert.equal(answers[1].id, answers[0].id);
  assert.equal(server.model.requests.length, before + 1);
});

test("[OX12] a client that cannot come back stops the provider at once, and one that does not a while later", async () => {
  const user = newUser();
  for (const more of [{}, { "x-stainless-retry-count": "0" }]) {
    server.model.forget();
    server.model.next({ tokens: 100, hold: 3, gapMs: 1 });
    const leaving = new AbortController();
    const lost = fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      headers: { ...user.headers, "content-type": "application/json", ...more },
      body: JSON.stringify({ model: "scripted", ...body }),
      signal: leaving.signal,
    });
    await server.model.held();
    leaving.abort();
    await assert.rejects(lost);
    await server.model.aborted();
  }
});
