// The branches of conversations in a ChatGPT export, imported by the command and read back through wire 004.
// Takes: 15 s
import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_USER } from "../src/domain/principal.ts";
import { caller } from "./chat-v1-client.ts";
import {
  chain,
  chat,
  type ExportedMessage,
  type Node,
  node,
  said,
  uuid,
} from "./chatgpt-export.ts";
import { importOf } from "./chatgpt-steps.ts";
import { type WorkFolder, workFolder } from "./cli-runner.ts";
import { startServer } from "./start-server.ts";

type Message = {
  id: string;
  content: string;
  versions?: { index: number; ids: string[]; branches: number[] };
};

type Nodes = Record<string, Node>;

/** Adds nodes below one that is there. */
function grow(nodes: Nodes, parent: string, ...messages: ExportedMessage[]): void {
  const above = nodes[parent];
  assert.ok(above);
  Object.assign(nodes, chain(messages, above));
}

/** The ways from a root to each end, as the ids of their messages. */
function waysOf(nodes: Nodes): string[][] {
  const ways: string[][] = [];
  const follow = (id: string, before: readonly string[]) => {
    const way = nodes[id]?.message?.id ? [...before, nodes[id].message.id] : [...before];
    const children = nodes[id]?.children ?? [];
    if (children.length === 0) ways.push(way);
    for (const child of children) follow(child, way);
  };
  for (const { id, parent } of Object.values(nodes)) if (parent === null) follow(id, []);
  return ways;
}

/** What wire 004 has of a conversation after the import. */
async function readBack(folder: WorkFolder, number: number, branches: number) {
  await using server = await startServer({
    backend: "sqlite",
    builtIn: true,
    directory: folder.data,
  });
  const { call } = caller(server.url);
  const path = `/conversations/${uuid(number)}`;
  const list = async (query: string): Promise<Message[]> =>
    (await call(`${path}/messages${query}`)).body.data;
  const paths: Message[][] = [];
  for (let branch = 0; branch < branches; branch++)
    paths.push(await list(`?versions=1&branch=${branch}`));
  return {
    paths,
    shown: await list("?versions=1"),
    /** The same by wire 002, which knows no branches. */
    shownPlainly: await plainMessages(`${server.url}/api${path}?userId=${DEFAULT_USER}`),
    beyond: (await call(`${path}/messages?branch=${branches}`)).status,
  };
}

async function plainMessages(address: string): Promise<readonly string[]> {
  const body = (await (await fetch(address)).json()) as {
    conversation: { messages: { content: string }[] };
  };
  return body.conversation.messages.map(({ content }) => content);
}

const idsOf = (messages: readonly Message[]) => messages.map(({ id }) => id);

/** Every way of the tree is a path, and what follows one message is versions of each other, in the order given. */
async function assertWhole(folder: WorkFolder, number: number, nodes: Nodes, shownEnd: string) {
  const ways = waysOf(nodes);
  const { paths, shown, shownPlainly, beyond } = await readBack(folder, number, ways.length);
  assert.deepEqual(paths.map(idsOf).toSorted(), ways.toSorted());
  assert.deepEqual(
    idsOf(shown),
    ways.find((way) => way.at(-1) === shownEnd),
  );
  assert.deepEqual(
    shownPlainly,
    shown.map(({ content }) => content),
  );
  assert.equal(beyond, 400, "there are no more branches");
  const known = new Map(paths.flat().map((message) => [message.id, message]));
  for (const { children } of Object.values(nodes))
    for (const [index, id] of children.entries()) {
      const versions = known.get(id)?.versions;
      if (children.length === 1) assert.equal(versions, undefined);
      else assert.deepEqual([versions?.ids, versions?.index], [children, index]);
      for (const [at, branch] of (versions?.branches ?? []).entries())
        assert.ok(paths[branch]?.some((message) => message.id === children[at]));
    }
}

test("every branch of an export comes, the path to its current node is shown, and again nothing is taken", async () => {
  await using folder = await workFolder();
  const nodes = chain([
    said("user", 1, "Which city?"),
    said("assistant", 2, "Paris"),
    said("user", 3, "Thanks"),
  ]);
  grow(nodes, uuid(1), said("assistant", 4, "Rome"), said("user", 5, "Why?"));
  grow(nodes, uuid(1), said("assistant", 6, "Oslo"));
  grow(nodes, uuid(4), said("user", 7, "Since when?"), said("assistant", 8, "Always"));
  grow(nodes, "client-created-root", said("user", 9, "Which town?"));
  const exported = [chat(100, nodes, { current_node: uuid(8) })];
  const { stdout } = await importOf(folder, exported);
  assert.match(stdout, /taken +1 conversation and 9 messages\n$/, "nothing is left out");
  await assertWhole(folder, 100, nodes, uuid(8));
  const { shown } = await readBack(folder, 100, 1);
  assert.deepEqual(
    shown.map(({ content, versions }) => [content, versions?.index, versions?.ids.length]),
    [
      ["Which city?", 0, 2],
      ["Rome", 1, 3],
      ["Since when?", 1, 2],
      ["Always", undefined, undefined],
    ],
  );
  const again = await importOf(folder, exported);
  assert.match(again.stdout, /taken +nothing\n +there already +1 conversation and 9 messages\n$/);
  await assertWhole(folder, 100, nodes, uuid(8));
});

test("what is hidden, empty or of a tool on any branch is left out, and what follows it stays on its branch", async () => {
  await using folder = await workFolder();
  const nodes = chain([
    said("system", 1, "", { metadata: { is_visually_hidden_from_conversation: true } }),
    said("user", 2, "Look it up"),
    said("assistant", 3, "search()", { recipient: "browser" }),
    said("tool", 4, "found"),
    said("assistant", 5, "It is 7"),
  ]);
  grow(
    nodes,
    uuid(2),
    said("assistant", 6, "search again()", { recipient: "browser" }),
    said("tool", 7, "found more"),
    said("assistant", 8, "It is 8"),
  );
  grow(nodes, uuid(2), said("assistant", 9, " "));
  const { stdout } = await importOf(folder, [chat(100, nodes, { current_node: uuid(8) })]);
  assert.match(stdout, /taken +1 conversation and 3 messages\n/);
  assert.match(
    stdout,
    /left out +1 message that was hidden, 4 messages to or from a tool and 1 message without text\n/,
  );
  const { paths, shown } = await readBack(folder, 100, 2);
  const words = (messages: readonly Message[]) => messages.map(({ content }) => content);
  assert.deepEqual(paths.map(words), [
    ["Look it up", "It is 7"],
    ["Look it up", "It is 8"],
  ]);
  assert.deepEqual(shown[1]?.versions?.ids, [uuid(5), uuid(8)]);
  assert.deepEqual(words(shown), ["Look it up", "It is 8"]);
});

test("a tree that is 200 messages deep and has 50 forks comes whole", async () => {
  await using folder = await workFolder();
  const nodes = chain(
    Array.from({ length: 200 }, (_, index) =>
      said(index % 2 ? "assistant" : "user", index + 1, `said ${index}`),
    ),
  );
  for (let fork = 0; fork < 50; fork++)
    grow(
      nodes,
      uuid(fork * 4 + 1),
      said("assistant", 1000 + fork, `another ${fork}`),
      said("user", 2000 + fork, `and on ${fork}`),
    );
  const { stdout } = await importOf(folder, [chat(100, nodes, { current_node: uuid(2017) })]);
  assert.match(stdout, /taken +1 conversation and 300 messages\n$/);
  await assertWhole(folder, 100, nodes, uuid(2017));
});

test("a later export brings new versions of what is there, and shows what it shows", async () => {
  await using folder = await workFolder();
  const nodes = chain([
    said("user", 1, "one"),
    said("assistant", 2, "two"),
    said("user", 3, "three"),
    said("assistant", 4, "four"),
  ]);
  grow(nodes, uuid(1), said("assistant", 5, "deux"));
  await importOf(folder, [chat(100, nodes, { current_node: uuid(4) })]);
  await assertWhole(folder, 100, nodes, uuid(4));
  // A fork above those that are there, one at the end of a branch, and something that follows a branch.
  grow(nodes, uuid(3), said("assistant", 6, "vier"));
  grow(nodes, uuid(5), said("user", 7, "trois"), said("assistant", 8, "quatre"));
  grow(nodes, "client-created-root", said("user", 9, "uno"), said("assistant", 10, "due"));
  const later = [chat(100, nodes, { current_node: uuid(10) })];
  assert.match(
    (await importOf(folder, later)).stdout,
    /taken +5 messages\n +there already +1 conversation and 5 messages\n$/,
  );
  await assertWhole(folder, 100, nodes, uuid(10));
  assert.match((await importOf(folder, later)).stdout, /taken +nothing\n/);

  // What was said here makes the tree another one than that of the export.
  {
    await using server = await startServer({
      backend: "sqlite",
      builtIn: true,
      directory: folder.data,
    });
    await caller(server.url).call(`/conversations/${uuid(100)}/messages`, {
      body: { content: "said here", branch_from: uuid(1) },
    });
  }
  grow(nodes, uuid(10), said("user", 11, "tre"));
  assert.match(
    (await importOf(folder, [chat(100, nodes)])).stdout,
    /left out +1 message of conversations that went on here\n/,
  );
});

test("an export that a version without branches has imported gets its other branches", async () => {
  await using folder = await workFolder();
  const nodes = chain([said("user", 1, "one"), said("assistant", 2, "two")]);
  grow(nodes, uuid(1), said("assistant", 3, "zwei"), said("user", 4, "drei"));
  // That version took the path that was shown.
  const path = chain([
    said("user", 1, "one"),
    said("assistant", 3, "zwei"),
    said("user", 4, "drei"),
  ]);
  await importOf(folder, [chat(100, path)]);
  const { stdout } = await importOf(folder, [chat(100, nodes, { current_node: uuid(4) })]);
  assert.match(stdout, /taken +1 message\n +there already +1 conversation and 3 messages\n$/);
  const { paths, shown } = await readBack(folder, 100, 2);
  assert.deepEqual(paths.map(idsOf), [[1, 3, 4].map(uuid), [1, 2].map(uuid)]);
  assert.deepEqual(idsOf(shown), [1, 3, 4].map(uuid));
});

test("a circle, a missing parent and two roots cost nothing that was said", async () => {
  await using folder = await workFolder();
  const nodes: Record<string, unknown> = {
    first: node("first", null, said("user", 1, "a root")),
    second: { ...node("second", "first", said("assistant", 2, "its answer")), children: ["first"] },
    other: node("other", null, said("user", 3, "another root")),
    lost: node("lost", "nowhere", said("user", 4, "no parent")),
    round: { ...node("round", "about", said("user", 5, "round")), children: ["about"] },
    about: { ...node("about", "round", said("assistant", 6, "about")), children: ["round"] },
    self: { ...node("self", "self", said("user", 7, "itself")), children: ["self", 7, null] },
  };
  const { code, stdout } = await importOf(folder, [chat(100, nodes, { current_node: "second" })]);
  assert.equal(code, 0);
  assert.match(stdout, /taken +1 conversation and 7 messages\n$/);
  const { paths, shown } = await readBack(folder, 100, 5);
  const words = paths.map((path) => path.map(({ content }) => content).join(", "));
  assert.deepEqual(words.toSorted(), [
    "a root, its answer",
    "about, round",
    "another root",
    "itself",
    "no parent",
  ]);
  assert.deepEqual(idsOf(shown), [1, 2].map(uuid));
  assert.equal(shown[0]?.versions?.ids.length, 5, "what has nothing before it is versions");
});

test("of more branches than a conversation can have the shown one comes, and the rest is said", async () => {
  await using folder = await workFolder();
  const nodes = chain([said("user", 1, "one")]);
  for (let version = 0; version < 1_005; version++)
    grow(nodes, uuid(1), said("assistant", 10 + version, `version ${version}`));
  const { code, stdout } = await importOf(folder, [chat(100, nodes)]);
  assert.equal(code, 0);
  assert.match(stdout, /taken +1 conversation and 1,002 messages\n/);
  assert.match(stdout, /left out +4 messages on branches beyond the 1000 that/);
  const { shown } = await readBack(folder, 100, 1);
  assert.deepEqual(idsOf(shown), [1, 1_014].map(uuid));
});
