// A ChatGPT export becomes conversations; the summary says what of it did not, and why.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startOf } from "../src/domain/branches.ts";
import { DEFAULT_USER } from "../src/domain/principal.ts";
import { chain, chat, node, said, uuid } from "./chatgpt-export.ts";
import { contents, importOf, stored } from "./chatgpt-steps.ts";
import { workFolder } from "./cli-runner.ts";

test("a conversation comes with its ids, times, models and branches", async () => {
  await using folder = await workFolder();
  const asked = said("user", 1, "Which city?");
  const mapping = chain([
    asked,
    said("assistant", 2, "Paris – “là” 😀"),
    said("user", 3, "Thanks"),
    said("assistant", 4, "Welcome", { status: "in_progress" }),
  ]);
  const regenerated = node(uuid(9), asked.id ?? "", said("assistant", 9, "Another answer"));
  mapping[asked.id ?? ""]?.children.push(regenerated.id);
  const branching = { ...mapping, [regenerated.id]: regenerated };
  const { code, stdout, stderr } = await importOf(folder, [
    chat(100, branching, { current_node: uuid(4), is_starred: true }),
  ]);
  assert.equal(code, 0, stderr);
  assert.equal(
    stdout,
    "conversations.json (a ChatGPT export)\n  taken             1 conversation and 5 messages\n",
  );

  const [conversation] = await stored(folder);
  const { messages, ...about } = conversation!;
  assert.deepEqual(about, {
    id: uuid(100),
    userId: DEFAULT_USER,
    title: "Chat 100",
    isPinned: true,
    agentId: null,
    model: null,
    mode: null,
    origin: "chatgpt",
    alias: null,
    activeBranch: 0,
    createdAt: "2023-11-14T22:13:20.500Z",
    updatedAt: "2023-11-14T22:28:20.000Z",
  });
  assert.deepEqual(contents(messages), [
    "user: Which city?",
    "assistant: Paris – “là” 😀",
    "user: Thanks",
    "assistant: Welcome",
    "assistant: Another answer",
  ]);
  assert.deepEqual(
    messages.map(({ sequence }) => sequence),
    [0, 1, 2, 3, startOf(1)],
  );
  assert.deepEqual(
    messages.map(({ id }) => id),
    [1, 2, 3, 4, 9].map(uuid),
  );
  assert.deepEqual(
    messages.map(({ model }) => model),
    [null, "gpt-4o", null, "gpt-4o", "gpt-4o"],
  );
  assert.deepEqual(
    messages.map(({ status }) => status),
    ["complete", "complete", "complete", "interrupted", "complete"],
  );
  assert.equal(String(messages[0]?.createdAt), "2023-11-14T22:13:21.250Z");
});

test("what has no text of a person or a model is left out and counted", async () => {
  await using folder = await workFolder();
  const mapping = chain([
    said("system", 1, "", { metadata: { is_visually_hidden_from_conversation: true } }),
    said(
      "user",
      2,
      [
        { content_type: "image_asset_pointer", asset_pointer: "file-service://x" },
        "What is",
        "",
        "this?",
      ],
      {},
    ),
    said("assistant", 3, "search(this)", { recipient: "browser" }),
    said("tool", 4, "found it"),
    said("assistant", 5, null, {
      content: { content_type: "thoughts", thoughts: [{ summary: "hm" }] },
    }),
    said("assistant", 6, "A cat"),
    said("user", 7, [
      { content_type: "audio_transcription", text: "And how old?" },
      { content_type: "audio_asset_pointer" },
    ]),
    said("assistant", 8, " \n"),
    { id: uuid(9) },
  ]);
  const { code, stdout } = await importOf(folder, [
    chat(1, mapping),
    chat(2, chain([said("tool", 20, "alone")])),
    chat(3, {}),
  ]);
  assert.equal(code, 0);
  assert.match(stdout, /taken +1 conversation and 3 messages\n/);
  const [, leftOut] = /left out +(.*)\n/.exec(stdout) ?? [];
  assert.deepEqual(
    leftOut?.split(/, | and /).toSorted(),
    [
      "1 message that was hidden",
      "2 attachments",
      "2 conversations without a message to take",
      "2 messages without text",
      "4 messages to or from a tool",
    ].toSorted(),
  );
  assert.deepEqual(contents((await stored(folder))[0]?.messages), [
    "user: What is\n\nthis?",
    "assistant: A cat",
    "user: And how old?",
  ]);
});

test("missing fields have their next best; circles and loose ends do no harm", async () => {
  await using folder = await workFolder();
  const longest = chain([said("user", 1, "short way")]);
  const root = Object.values(longest)[0]!;
  Object.assign(
    longest,
    chain([said("user", 2, "long way"), said("assistant", 3, "indeed")], root),
  );
  const circle = {
    a: { ...node("a", "b", said("user", 10, "round")) },
    b: { ...node("b", "a", said("assistant", 11, "and round")) },
  };
  const fromChildren = chain([said("user", 20, "down"), said("assistant", 21, "there")]);
  for (const each of Object.values(fromChildren)) Object.assign(each, { parent: undefined });
  const bare = chain([
    { author: { role: "user" }, content: { parts: ["no id, no time\nat all"] } },
  ]);
  const { code, stdout } = await importOf(folder, [
    chat(1, longest, { current_node: undefined }),
    chat(2, longest, {
      current_node: "gone",
      mapping: { ...longest, x: null, y: 7, z: { parent: "nowhere" } },
      conversation_id: uuid(2),
    }),
    chat(3, circle),
    chat(4, fromChildren),
    { mapping: bare, title: " ", create_time: "yesterday", update_time: null },
    chat(
      6,
      JSON.parse(
        `{"__proto__": {"parent": null, "message": ${JSON.stringify(said("user", 30, "proto"))}}}`,
      ),
      { title: 5 },
    ),
  ]);
  assert.equal(code, 0, stdout);
  const conversations = await stored(folder);
  assert.deepEqual(
    conversations.map(({ messages }) => contents(messages)),
    [
      ["user: short way", "user: long way", "assistant: indeed"],
      ["user: short way", "user: long way", "assistant: indeed"],
      ["user: round", "assistant: and round"],
      ["user: down", "assistant: there"],
      ["user: no id, no time\nat all"],
      ["user: proto"],
    ],
  );
  assert.deepEqual(
    conversations.map(({ activeBranch }) => activeBranch),
    [1, 1, 0, 0, 0, 0],
    "the longest way is shown",
  );
  assert.deepEqual(
    conversations.slice(4).map(({ title }) => title),
    ["no id, no time at all", "proto"],
  );
  assert.match(
    conversations[4]?.id ?? "",
    /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
  );
  const ids = conversations.flatMap(({ messages }) => messages.map(({ id }) => id));
  assert.equal(
    new Set(ids).size,
    ids.length,
    "the same message in two conversations is two messages",
  );
});

test("importing twice takes nothing twice; a later export brings what is new", async () => {
  await using folder = await workFolder();
  const first = [said("user", 1, "one"), said("assistant", 2, "two")];
  const unnamed = {
    mapping: chain([said("user", 50, "x", { id: "not-a-uuid" })]),
    title: "odd",
    conversation_id: "also-none",
  };
  assert.match(
    (await importOf(folder, [chat(1, chain(first)), unnamed])).stdout,
    /taken +2 conversations and 3 messages\n/,
  );
  const before = await stored(folder);
  const again = await importOf(folder, [chat(1, chain(first)), unnamed]);
  assert.equal(again.code, 0);
  assert.match(again.stdout, /taken +nothing\n +there already +2 conversations and 3 messages\n/);
  assert.deepEqual(await stored(folder), before);

  const later = [...first, said("user", 3, "three")];
  assert.match(
    (await importOf(folder, [chat(1, chain(later)), chat(1, chain(later))])).stdout,
    /taken +1 message\n +there already +2 conversations and 5 messages\n/,
  );
  assert.deepEqual(contents((await stored(folder))[0]?.messages), [
    "user: one",
    "assistant: two",
    "user: three",
  ]);

  const otherwise = [
    first[0]!,
    said("assistant", 7, "another answer"),
    said("user", 8, "and on"),
    said("assistant", 9, "and on"),
  ];
  const diverged = await importOf(folder, [chat(1, chain(otherwise))]);
  assert.equal(diverged.code, 0);
  assert.match(diverged.stdout, /left out +1 message of conversations that went on here\n/);
  assert.equal((await stored(folder))[0]?.messages.length, 3);
});

test("the same export for two users is two sets of conversations", async () => {
  await using folder = await workFolder();
  const exported = [chat(1, chain([said("user", 1, "one"), said("assistant", 2, "two")]))];
  await importOf(folder, exported);
  const forAlice = await importOf(folder, exported, "--user", "alice", "--tenant", "shop");
  assert.equal(forAlice.code, 0);
  assert.match(forAlice.stdout, /taken +1 conversation and 2 messages\n/);
  assert.match(
    (await importOf(folder, exported, "--user", "alice", "--tenant", "shop")).stdout,
    /taken +nothing\n/,
  );
  const [hers] = await stored(folder, "--tenant", "shop", "--user", "alice");
  assert.deepEqual(contents(hers?.messages), ["user: one", "assistant: two"]);
  assert.notEqual(hers?.id, uuid(1));
  assert.equal((await stored(folder)).length, 2);
});

test("--dry-run says the same and stores nothing", async () => {
  await using folder = await workFolder();
  const exported = [chat(1, chain([said("user", 1, "one")])), { title: "no mapping" }];
  const { code, stdout } = await importOf(folder, exported, "--dry-run");
  assert.equal(code, 0);
  assert.match(
    stdout,
    /would be taken +1 conversation and 1 message\n +not understood +1 conversation\n +conversation 2: it has no 'mapping'/,
  );
  assert.equal((await folder.run(["export"])).code, 1, "there is nothing to export");
});
