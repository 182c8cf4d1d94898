// Archived conversations through wire 004, and what the other wires see of them.
// Backends: postgres
import assert from "node:assert/strict";
import { test } from "node:test";
import { type CallOptions, caller } from "./chat-v1-client.ts";
import { sharedServer } from "./shared-server.ts";
import { ALICE } from "./wire-client.ts";

async function setUp() {
  const server = await sharedServer();
  const client = caller(server.url);
  const call = (path: string, options: CallOptions = {}) =>
    client.call(path, { user: ALICE, ...options });
  const idsOf = async (query = "") => {
    const { data, meta } = (await call(`/conversations${query}`)).body;
    return { ids: data.map(({ id }: { id: string }) => id), total: meta?.total };
  };
  const archive = async (id: string, isArchived = true) =>
    (await call(`/conversations/${id}`, { method: "PATCH", body: { is_archived: isArchived } }))
      .body.data;
  const isArchived = async (id: string) =>
    (await call(`/conversations/${id}`)).body.data.is_archived === true;
  return { server, call, idsOf, archive, isArchived };
}

test("[H60] an archived conversation is in the list of archived ones alone, keeps its time, and comes back to its place", async () => {
  const { call, idsOf, archive } = await setUp();
  const ids: string[] = [];
  for (const title of ["first", "second", "third"])
    ids.push((await call("/conversations", { body: { title } })).body.data.id);
  const [first = "", second = "", third = ""] = ids;
  await call(`/conversations/${second}`, { method: "PATCH", body: { is_pinned: true } });
  const before = (await call(`/conversations/${second}`)).body.data;
  const archived = await archive(second);
  assert.deepEqual(archived, { ...before, is_archived: true });
  assert.deepEqual(await idsOf(), { ids: [third, first], total: 2 });
  assert.deepEqual(await idsOf("?archived=0"), { ids: [third, first], total: 2 });
  assert.deepEqual(await idsOf("?archived=1"), { ids: [second], total: 1 });
  assert.deepEqual(await idsOf("?archived=1&is_pinned=true"), { ids: [second], total: 1 });
  assert.deepEqual(await idsOf("?archived=1&is_pinned=false"), { ids: [], total: 0 });
  assert.deepEqual(await idsOf("?is_pinned=true"), { ids: [], total: 0 });
  assert.equal((await call("/conversations?archived=yes")).status, 400);
  // A change of something else leaves it archived.
  const renamed = await call(`/conversations/${second}`, {
    method: "PATCH",
    body: { title: "renamed" },
  });
  assert.equal(renamed.body.data.is_archived, true);
  assert.ok(renamed.body.data.updated_at > before.updated_at);
  assert.equal((await archive(second, false)).is_archived, undefined);
  assert.deepEqual((await idsOf()).total, 3);
});

test("[H60] search finds it and says that it is archived", async () => {
  const { call, archive } = await setUp();
  const { id } = (await call("/conversations", { body: { title: "A quagga" } })).body.data;
  await archive(id);
  const [hit] = (await call("/search?q=quagga")).body.data;
  assert.deepEqual([hit.conversation.id, hit.conversation.is_archived], [id, true]);
});

test("[H60] a message brings it back, whether a model is asked or not, on a branch and on the other wires, which list it all the time", async () => {
  const { server, call, idsOf, archive, isArchived } = await setUp();
  const begun = await call("/conversations", { body: {} });
  const { id } = begun.body.data;
  const said = await call(`/conversations/${id}/messages`, { body: { content: "Hello" } });
  const question = said.body.data[0].id;
  const sendOn = (path: string, method: string, body: object) =>
    fetch(`${server.url}${path}`, {
      method,
      headers: { "content-type": "application/json", "x-user-id": ALICE },
      body: JSON.stringify(body),
    });
  const ways: Record<string, () => Promise<{ readonly status: number }>> = {
    "a question": () => call(`/conversations/${id}/messages`, { body: { content: "Again" } }),
    "a stored message": () =>
      call(`/conversations/${id}/messages`, { body: { role: "system", content: "Be brief" } }),
    "a version of an answer": () =>
      call(`/conversations/${id}/messages`, { body: { answer_again: question } }),
    "a question on wire 000": () =>
      sendOn("/chat", "POST", { message: "Once more", conversation_id: id }),
    "a list in the place of its own on wire 002": () =>
      sendOn("/api/conversations", "PUT", {
        userId: ALICE,
        conversationId: id,
        messages: [{ role: "user", content: "All anew" }],
      }),
  };
  for (const [name, say] of Object.entries(ways)) {
    await archive(id);
    assert.deepEqual((await idsOf()).ids, [], name);
    for (const path of ["/conversations", `/api/conversations?userId=${ALICE}`]) {
      const listed = await fetch(`${server.url}${path}`, { headers: { "x-user-id": ALICE } });
      assert.ok((await listed.text()).includes(id), `${name}: ${path} lists it`);
    }
    const { status } = await say();
    assert.ok(status < 300, `${name}: ${status}`);
    assert.equal(await isArchived(id), false, name);
    assert.deepEqual((await idsOf()).ids, [id], name);
  }
  await archive(id);
  const { status } = await sendOn("/api/conversations", "PUT", {
    userId: ALICE,
    conversationId: id,
    title: "By another wire",
  });
  assert.equal(status, 200);
  assert.equal(await isArchived(id), true, "a title is no message");
});
