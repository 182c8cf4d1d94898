// Temporary conversations through wire 004: in no list, no search and no export, and gone when their time is over.
// Backends: postgres
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { allEvents, caller } from "./chat-v1-client.ts";
import { startServer } from "./start-server.ts";

const DAY_MS = 24 * 3_600_000;
/** A server deletes what has expired when it starts, beside its other work. */
const MAX_ASKED = 10_000;

test("[H29] a temporary conversation is in no list, search or export, says when it is deleted, and goes on like any other", async () => {
  await using server = await startServer();
  const { call, open } = caller(server.url);
  const before = Date.now();
  const made = await call("/conversations", { body: { is_temporary: true } });
  const { id, expires_at } = made.body.data;
  const expiresAt = Date.parse(expires_at);
  assert.ok(expiresAt >= before + DAY_MS && expiresAt <= Date.now() + DAY_MS);
  const said = await call(`/conversations/${id}/messages`, { body: { content: "A xylophone?" } });
  assert.equal(said.status, 201);

  const stream = await open("/conversations/stream", {
    body: { content: "Another xylophone?", is_temporary: true },
  });
  const [created] = await allEvents(stream);
  const begun = await call(`/conversations/${created?.data.conversationId}`);
  assert.ok(Date.parse(begun.body.data.expires_at) >= before + DAY_MS);
  assert.equal(begun.body.data.title, "Another xylophone?");

  const kept = await call("/conversations", { body: {} });
  assert.equal(kept.body.data.expires_at, undefined);
  const { data, meta } = (await call("/conversations")).body;
  assert.deepEqual(
    [data.map((one: { id: string }) => one.id), meta?.total],
    [[kept.body.data.id], 1],
  );
  assert.deepEqual((await call("/search?q=xylophone")).body.data, []);
  for (const path of ["/conversations", "/api/v1/conversations"]) {
    const listed = await fetch(`${server.url}${path}`);
    assert.doesNotMatch(await listed.text(), /xylophone/, path);
  }
  assert.equal((await call(`/conversations/${id}/messages`)).body.data.length, 2);
  assert.equal((await call("/account")).body.data.temporary_hours, 24);
});

test("[H29] when its time is over it is deleted with its messages, and others stay", async () => {
  const directory = await mkdtemp(join(tmpdir(), "colloquy-test-"));
  try {
    let expired = "";
    let message = "";
    const stay: string[] = [];
    {
      await using server = await startServer({ directory, builtIn: true });
      const { call } = caller(server.url);
      for (const body of [{ is_temporary: true }, {}])
        stay.push((await call("/conversations", { body })).body.data.id);
      expired = (await call("/conversations", { body: { is_temporary: true } })).body.data.id;
      const said = await call(`/conversations/${expired}/messages`, { body: { content: "Hello" } });
      message = said.body.data[0].id;
      const records = await Array.fromAsync(server.store.exportRecords());
      const [record] = records.filter(
        (one) => one.type === "conversation" && one.conversation.id === expired,
      );
      assert.ok(record?.type === "conversation");
      // The same conversation, as if it had been begun two days earlier.
      const { owner, conversation, branches } = record;
      await server.store.deleteConversation(owner, expired);
      const past = new Date(Date.now() - 1);
      await server.store.importRecords([
        {
          type: "conversation",
          owner,
          conversation: { ...conversation, expiresAt: past },
          branches,
        },
        ...records.filter((one) => one.type === "message"),
      ]);
      assert.equal((await call(`/messages/${message}`)).status, 200);
    }
    await using server = await startServer({ directory, builtIn: true });
    const { call } = caller(server.url);
    const statusOf = async () => (await call(`/conversations/${expired}`)).status;
    for (let asked = 0; asked < MAX_ASKED && (await statusOf()) !== 404; asked++);
    assert.equal((await call(`/messages/${message}`)).status, 404);
    for (const id of stay) assert.equal((await call(`/conversations/${id}`)).status, 200, id);
    const [deleted] = (await server.store.listAuditEvents({ limit: 99 })).filter(
      ({ action }) => action === "conversation_deleted",
    );
    assert.deepEqual(
      [deleted?.about, deleted?.actor],
      [expired, "end of a temporary conversation"],
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("[H2] a conversation is named from the words of its first message, without the signs of Markdown", async () => {
  await using server = await startServer({ builtIn: true });
  const { call } = caller(server.url);
  for (const [content, title] of [
    ["**Why** is `the sky` _blue_?", "Why is the sky blue?"],
    ["# A heading\n\n- [ ] and [a link](https://example.org/a)", "A heading and a link"],
    ["2 * 3 * 4 in snake_case_names", "2 * 3 * 4 in snake_case_names"],
    ["***", "***"],
  ] as const) {
    const { id } = (await call("/conversations", { body: {} })).body.data;
    await call(`/conversations/${id}/messages`, { body: { content } });
    assert.equal((await call(`/conversations/${id}`)).body.data.title, title);
  }
});
