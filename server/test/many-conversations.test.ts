// Several conversations in one request of wire 004: what is done with each, what becomes of the others.
// Backends: postgres
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { sharedServer } from "./shared-server.ts";

const MOST = 1000;
const MANY = 400;

type Result = { readonly id: string; readonly done: boolean; readonly error?: { code: string } };

async function setUp() {
  const server = await sharedServer();
  const { call, newConversation } = caller(server.url);
  const act = async (action: string, ids: readonly string[]) => {
    const { status, body } = await call("/conversations/actions", { body: { action, ids } });
    return { status, results: (body.data?.results ?? []) as Result[] };
  };
  const totalOf = async (query = "") => (await call(`/conversations${query}`)).body.meta?.total;
  return { server, call, newConversation, act, totalOf };
}

test("[H61] several conversations are archived, brought back and deleted in one request, each with its own result in the order of the ids", async () => {
  const { call, newConversation, act, totalOf } = await setUp();
  const ids = await Promise.all(Array.from({ length: 40 }, () => newConversation({ body: {} })));
  const stranger = await newConversation({ body: {}, user: randomUUID() });
  const asked = [...ids.slice(0, 30), stranger, randomUUID()];
  const expected = asked.map((id, place) => (place < 30 ? [id, true] : [id, "NOT_FOUND"]));
  const shown = (results: readonly Result[]) =>
    results.map(({ id, done, error }) => [id, done || error?.code]);

  assert.deepEqual(shown((await act("archive", asked)).results), expected);
  assert.deepEqual([await totalOf(), await totalOf("?archived=1")], [10, 30]);
  assert.deepEqual(shown((await act("unarchive", asked)).results), expected);
  assert.deepEqual([await totalOf(), await totalOf("?archived=1")], [40, 0]);
  assert.deepEqual(shown((await act("delete", asked)).results), expected);
  assert.equal(await totalOf(), 10);
  assert.deepEqual(
    (await act("delete", asked)).results.map(({ error }) => error?.code),
    asked.map(() => "NOT_FOUND"),
    "a repeat finds nothing",
  );
  for (const body of [
    { action: "archive", ids: [] },
    { action: "archive", ids: [ids[30], ids[30]] },
    { action: "archive", ids: Array.from({ length: MOST + 1 }, () => randomUUID()) },
    { action: "burn", ids: ids.slice(30) },
    { ids },
  ])
    assert.equal((await call("/conversations/actions", { body })).status, 400);
  assert.equal(await totalOf(), 10);
});

test("[H61] several conversations are exported with their messages, and import takes them back", async () => {
  const { call, newConversation, open } = {
    ...(await setUp()),
    ...caller((await sharedServer()).url),
  };
  const ids: string[] = [];
  for (const word of ["alpaca", "bison"]) {
    const id = await newConversation({ body: { title: word } });
    await call(`/conversations/${id}/messages`, { body: { content: `A ${word}?` } });
    ids.push(id);
  }
  const gone = randomUUID();
  const answer = await open("/conversations/export", { body: { ids: [...ids, gone] } });
  const { success, data, meta } = await answer.json();
  assert.equal(success, true);
  assert.deepEqual(meta, { missing: [gone] });
  assert.deepEqual(
    data.map((one: { id: string; title: string; messages: { content: string }[] }) => [
      one.id,
      one.title,
      one.messages.map(({ content }) => content),
    ]),
    ids.map((id, place) => {
      const word = ["alpaca", "bison"][place];
      return [id, word, [`A ${word}?`, `Echo: A ${word}?`]];
    }),
  );
  const other = randomUUID();
  const imported = await call("/conversations/import", {
    body: { conversations: data },
    user: other,
  });
  assert.equal(imported.body.data.imported, 2);
  assert.equal((await call("/conversations", { user: other })).body.meta?.total, 2);
  const strangers = await open("/conversations/export", { body: { ids }, user: randomUUID() });
  assert.deepEqual(await strangers.json(), { success: true, data: [], meta: { missing: ids } });
});

test(`[H61] ${MANY} conversations are archived while others are answered`, async () => {
  const { server, act, totalOf } = await setUp();
  const { call, newConversation } = caller(server.url);
  const ids: string[] = [];
  for (let round = 0; round < MANY / 100; round++) {
    const conversations = Array.from({ length: 100 }, (_, index) => ({
      id: randomUUID(),
      title: `Number ${round * 100 + index}`,
      messages: [{ role: "user", content: "Hello", timestamp: 1_700_000_000_000 }],
    }));
    await call("/conversations/import", { body: { conversations } });
  }
  for (let page = 1; page <= MANY / 100; page++) {
    const { data } = (await call(`/conversations?limit=100&page=${page}`)).body;
    ids.push(...data.map(({ id }: { id: string }) => id));
  }
  assert.equal(ids.length, MANY);
  const other = randomUUID();
  const theirs = await newConversation({ body: {}, user: other });
  let isOver = false;
  const archiving = act("archive", ids).finally(() => {
    isOver = true;
  });
  let answered = 0;
  while (!isOver) {
    assert.equal((await call(`/conversations/${theirs}`, { user: other })).status, 200);
    answered++;
  }
  assert.ok((await archiving).results.every(({ done }) => done));
  assert.ok(answered > 2, `others were answered ${answered} times meanwhile`);
  assert.deepEqual([await totalOf(), await totalOf("?archived=1")], [0, MANY]);
});
