// Conversations from elsewhere, through wire 004.
import assert from "node:assert/strict";
import { test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { startServer } from "./start-server.ts";

const BACKUP = {
  id: "conv-1",
  title: "From the browser",
  createdAt: 1_700_000_000_000,
  updatedAt: 1_700_000_100_000,
  isPinned: true,
  messages: [
    { role: "user", content: "Hello", timestamp: 1_700_000_000_000 },
    { role: "assistant", content: "Hi \u{1F44B}", timestamp: "2023-11-14T22:13:21.000Z" },
  ],
};

const CHATGPT = {
  id: "0b0c7c6e-5d0f-4d3c-9d40-0123456789ab",
  title: "From ChatGPT",
  create_time: 1_700_000_200.5,
  current_node: "b",
  mapping: {
    root: { id: "root", message: null, parent: null, children: ["a"] },
    a: {
      id: "a",
      parent: "root",
      children: ["b"],
      message: {
        id: "a",
        author: { role: "user" },
        content: { parts: ["Why?"] },
        create_time: 1_700_000_201,
      },
    },
    b: {
      id: "b",
      parent: "a",
      children: [],
      message: {
        id: "b",
        author: { role: "assistant" },
        content: { parts: ["Because."] },
        create_time: 1_700_000_202,
      },
    },
  },
};

type Stored = { role: string; content: string; created_at: string };

test("[V2] conversations from a browser, from ChatGPT and from this server's own wires are taken over, once", async () => {
  await using server = await startServer({ builtIn: true });
  const { call, newConversation } = caller(server.url);
  const import_ = (conversations: unknown[], user?: string) =>
    call("/conversations/import", { body: { conversations }, ...(user ? { user } : {}) });

  const first = await import_([BACKUP, CHATGPT]);
  assert.deepEqual([first.status, first.body.data], [200, { imported: 2, skipped: 0, failed: [] }]);
  const list = (await call("/conversations")).body.data;
  assert.deepEqual(
    list.map(({ title, is_pinned }: { title: string; is_pinned: boolean }) => [title, is_pinned]),
    [
      ["From ChatGPT", false],
      ["From the browser", true],
    ],
  );
  assert.equal(list[1].created_at, "2023-11-14T22:13:20.000Z");
  assert.equal(list[1].updated_at, "2023-11-14T22:15:00.000Z");
  const messages: Stored[] = (await call(`/conversations/${list[1].id}/messages`)).body.data;
  assert.deepEqual(
    messages.map(({ role, content, created_at }) => [role, content, created_at]),
    [
      ["user", "Hello", "2023-11-14T22:13:20.000Z"],
      ["assistant", "Hi \u{1F44B}", "2023-11-14T22:13:21.000Z"],
    ],
  );

  const again = await import_([BACKUP, CHATGPT]);
  assert.deepEqual(again.body.data, { imported: 0, skipped: 2, failed: [] });
  const longer = { ...BACKUP, messages: [...BACKUP.messages, { role: "user", content: "More" }] };
  assert.deepEqual((await import_([longer])).body.data, { imported: 1, skipped: 0, failed: [] });
  assert.equal((await call(`/conversations/${list[1].id}/messages`)).body.data.length, 3);

  const other = await import_([BACKUP, CHATGPT], "somebody-else");
  assert.deepEqual(other.body.data, { imported: 2, skipped: 0, failed: [] });
  assert.equal((await call("/conversations")).body.meta?.total, 2);

  const id = await newConversation();
  await call(`/conversations/${id}/messages`, { body: { content: "Keep this" } });
  const exported = {
    conversation: (await call(`/conversations/${id}`)).body.data,
    messages: (await call(`/conversations/${id}/messages`)).body.data,
  };
  assert.deepEqual((await import_([exported])).body.data.imported, 0, "it is there already");
  await call(`/conversations/${id}`, { method: "DELETE" });
  assert.deepEqual((await import_([exported])).body.data, { imported: 1, skipped: 0, failed: [] });
  const restored = (await call("/conversations")).body.data.find(
    (one: { title: string }) => one.title === exported.conversation.title,
  );
  const back: Stored[] = (await call(`/conversations/${restored.id}/messages`)).body.data;
  const words = ({ role, content, created_at }: Stored) => [role, content, created_at];
  assert.deepEqual(back.map(words), exported.messages.map(words));
});

test("[X4] what cannot be taken over is said, one by one; the rest is taken", async () => {
  await using server = await startServer({ builtIn: true });
  const { call } = caller(server.url);
  const hostile = [
    null,
    "text",
    {},
    { messages: [] },
    { messages: [{ role: "tool", content: "x" }] },
    { mapping: 5 },
    { messages: [{ role: "user", content: "half \ud800 and \u0000" }], createdAt: "never" },
    { ...BACKUP, title: 7, createdAt: 1e99, agentId: { a: 1 } },
    { messages: [{ role: "constructor", content: "x" }] },
  ];
  const { status, body } = await call("/conversations/import", {
    body: { conversations: hostile },
  });
  assert.equal(status, 200);
  assert.equal(body.data.imported, 2);
  assert.deepEqual(
    body.data.failed.map(({ index }: { index: number }) => index),
    [0, 1, 2, 3, 4, 5, 8],
  );
  for (const wrong of [{}, { conversations: 5 }, { conversations: Array(101).fill(BACKUP) }]) {
    const refused = await call("/conversations/import", { body: wrong });
    assert.equal(refused.status, 400);
    assert.equal(refused.body.error?.details?.field, "conversations");
  }
});

const chatOf = (id: unknown, ...texts: string[]) => ({
  ...(id === undefined ? {} : { id }),
  messages: texts.map((content, index) => ({ role: index % 2 ? "assistant" : "user", content })),
});

test("[V2] conversations that begin alike, without a time or under numbers, stay apart, and come once", async () => {
  await using server = await startServer({ builtIn: true });
  const { call } = caller(server.url);
  const import_ = async (...conversations: unknown[]) =>
    (await call("/conversations/import", { body: { conversations } })).body.data;
  const stored = async () => {
    const said: string[] = [];
    for (const { id } of (await call("/conversations?limit=100")).body.data) {
      const messages: Stored[] = (await call(`/conversations/${id}/messages`)).body.data;
      said.push(messages.map(({ content }) => content).join("|"));
    }
    return said.sort();
  };

  const chats = [
    chatOf(undefined, "Hi", "Hello", "About cats"),
    chatOf(undefined, "Hi", "Hello", "About dogs", "Woof"),
    chatOf(1_700_000_000_001, "Hi", "Numbered"),
    chatOf(1_700_000_000_002, "Hi", "Numbered"),
    chatOf("default", "Hi", "Of one program"),
    chatOf("default", "Hi", "Of another"),
  ];
  assert.deepEqual(await import_(...chats), { imported: 6, skipped: 0, failed: [] });
  const all = [
    "Hi|Hello|About cats",
    "Hi|Hello|About dogs|Woof",
    "Hi|Numbered",
    "Hi|Numbered",
    "Hi|Of another",
    "Hi|Of one program",
  ];
  assert.deepEqual(await stored(), all);
  assert.deepEqual(await import_(...chats), { imported: 0, skipped: 6, failed: [] });
  for (const chat of chats.toReversed())
    assert.deepEqual(await import_(chat), { imported: 0, skipped: 1, failed: [] });
  assert.deepEqual(await stored(), all);

  const longer = chatOf(1_700_000_000_002, "Hi", "Numbered", "And on");
  assert.deepEqual(await import_(longer, longer), { imported: 1, skipped: 1, failed: [] });
  assert.deepEqual(await stored(), all.with(3, "Hi|Numbered|And on"));
});

test("[V2] messages of one chat under the same id are all taken, and once", async () => {
  await using server = await startServer({ builtIn: true });
  const { call } = caller(server.url);
  const messages = ["One", "Two", "Three"].map((content, index) => ({
    role: "user",
    content,
    id: index < 2 ? "temp" : 1,
  }));
  const conversations = [{ ...BACKUP, messages }];
  for (const imported of [1, 0]) {
    const { body } = await call("/conversations/import", { body: { conversations } });
    assert.deepEqual(body.data, { imported, skipped: 1 - imported, failed: [] });
    const [{ id }] = (await call("/conversations")).body.data;
    const stored: Stored[] = (await call(`/conversations/${id}/messages`)).body.data;
    assert.deepEqual(
      stored.map(({ content }) => content),
      ["One", "Two", "Three"],
    );
  }
});
