// What the page makes of texts: blocks of a message, mathematics in it, conversations in a file.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { createClient } from "@colloquy/client";
import { workFolder } from "../../server/test/cli-runner.ts";
import { startServer } from "../../server/test/start-server.ts";
import { mayHaveMath, withOneMathDelimiter } from "../src/chat/markdown/math-delimiters.ts";
import { createBlockSplitter, splitBlocks } from "../src/chat/markdown/split-blocks.ts";
import { NodeBudget, type TreeNode } from "../src/chat/markdown/tree.ts";
import { formatText } from "../src/chat/markdown/worker/format-text.ts";
import {
  importConversations,
  NOTHING_IMPORTED,
} from "../src/conversations/import/import-conversations.ts";
import { readConversations } from "../src/conversations/import/read-conversations.ts";

const shapes = (text: string) =>
  splitBlocks(text).map((block) =>
    block.kind === "code"
      ? `${block.language}${block.isOpen ? "…" : ""}:${block.code}`
      : block.text.trim(),
  );

test("a text is split where its parts mean the same by themselves, and nowhere else", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["one\n\ntwo", ["one", "two"]],
    ["# a\ntext\n\n\n\nmore", ["# a\ntext", "more"]],
    ["- a\n\n- b\n\n  still b\n\nend", ["- a\n\n- b\n\n  still b", "end"]],
    [
      "1. a\n\n   ```js\n   x\n\n   y\n   ```\n\nend",
      ["1. a\n\n   ```js\n   x\n\n   y\n   ```", "end"],
    ],
    ["a\n```js\nx\n\ny\n```\nb", ["a", "js:x\n\ny", "b"]],
    ["```\na\n```\n\n- b\n\n- c", [":a", "- b\n\n- c"]],
    ["````md\n```\n````", ["md:```"]],
    ["~~~\na\n```\n~~~", [":a\n```"]],
    ["```py\nhalf", ["py…:half"]],
    ["```not `a` fence```", ["```not `a` fence```"]],
    ["    code\n\n    more code", ["code\n\n    more code"]],
    ["$$\na\n\nb\n$$\n\nend", ["$$\na\n\nb\n$$", "end"]],
    ["\\[\na\n\nb\n\\]\n\nend", ["\\[\na\n\nb\n\\]", "end"]],
    ["see [x]\n\n[x]: https://example.org", ["see [x]\n\n[x]: https://example.org"]],
    [
      "a\n\n<details>\n<summary>b</summary>\n\nc\n\n- d\n\n</details>\n\ne",
      ["a", "<details>\n<summary>b</summary>\n\nc\n\n- d\n\n</details>", "e"],
    ],
  ];
  for (const [text, expected] of cases) assert.deepEqual(shapes(text), expected, text);
});

test("of the blocks as many are found as are wanted", () => {
  assert.equal(splitBlocks("a\n\n".repeat(100), 7).length, 7);
  assert.equal(splitBlocks("a\n\n".repeat(5), 7).length, 5);
});

test("while a text grows, only its last blocks are other objects than before", () => {
  const text = "one\n\ntwo\n\n```js\nlet a;\nlet b;\n```\n\nthree\n\n- x\n- y\n\nend";
  const split = createBlockSplitter();
  let before = split("");
  for (let length = 1; length <= text.length; length++) {
    const now = split(text.slice(0, length));
    for (let index = 0; index < before.length - 1; index++)
      assert.equal(now[index], before[index], `block ${index} after ${length} characters`);
    before = now;
  }
  assert.deepEqual(before, splitBlocks(text));
});

test("dollars are mathematics or money", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["It costs $5 and $10.", "It costs $5 and $10."],
    ["From $5-$10 and $USD", "From $5-$10 and $USD"],
    ["so $x^2$ is", "so $$x^2$$ is"],
    ["so \\(x\\) and \\[y\\]", "so $$x$$ and \n$$\ny\n$$\n"],
    ["code `$x$` stays, ``\\(y\\)`` too", "code `$x$` stays, ``\\(y\\)`` too"],
    ["```\n$x$\n```\n$y$", "```\n$x$\n```\n$$y$$"],
    ["$$\na \\\\[4pt] b\n$$ and \\]", "$$\na \\\\[4pt] b\n$$ and \\]"],
    ["a ` and $x$", "a ` and $$x$$"],
  ];
  for (const [text, expected] of cases) assert.equal(withOneMathDelimiter(text), expected);
  assert.equal(mayHaveMath("It costs $5 and $10."), false);
  assert.equal(mayHaveMath("so $x^2$ is"), true);
});

test("signs of mathematics that nothing ends take time in proportion to their number", () => {
  const timeOf = (text: string): number => {
    const startMs = performance.now();
    for (let round = 0; round < 3; round++) mayHaveMath(text);
    return performance.now() - startMs;
  };
  for (const sign of ["\\[", "\\(", "$a ", "`a ", "``` ", "$$a", "\\(a\\) "]) {
    const short = Math.max(1, timeOf(sign.repeat(2_000)));
    const long = timeOf(sign.repeat(40_000));
    assert.ok(long < 200 * short, `${sign}: ${short.toFixed(1)} ms, then ${long.toFixed(0)} ms`);
  }
});

test("of HTML some elements are taken, without their attributes, and nothing else", async () => {
  const shown = async (text: string) => asText(await formatText(text, new NodeBudget()));
  const cases: readonly (readonly [string, string])[] = [
    ["a<br>b<br />c", "p(a br() b br() c)"],
    ["H<sub>2</sub>O, x<SUP class='x' onclick=y>2</SUP>", "p(H sub(2) O, x sup(2))"],
    ["press <kbd>Ctrl</kbd>", "p(press kbd(Ctrl))"],
    ["a <sub>b", "p(a sub(b))"],
    ["a </sub>b", "p(a </sub> b)"],
    ["<script>a</script>", "<script>a</script>"],
    ["a <b onclick=c>d</b>", "p(a <b onclick=c> d </b>)"],
    ["<summary>a</summary>", "<summary> a </summary>"],
    ["<details open>\n\na\n\n</details>", "details[open](p(a))"],
    ["<details data-opened>\n\na\n\n</details>", "details(p(a))"],
    [
      "<details open ontoggle=a>\n<summary>b</summary>\n\n*c*\n\n</details>",
      "details[open](summary(b) p(em(c)))",
    ],
    ["<details>\n<summary>b</summary>\n\nstill coming", "details(summary(b) p(still coming))"],
  ];
  for (const [text, expected] of cases) assert.equal(await shown(text), expected, text);
});

const asText = (nodes: readonly TreeNode[]): string =>
  nodes
    .map((node) =>
      typeof node === "string"
        ? node.trim()
        : `${node.tag}${node.props.open ? "[open]" : ""}(${asText(node.children)})`,
    )
    .filter(Boolean)
    .join(" ");

test("conversations are found in every kind of file", async () => {
  const conversation = { title: "A", messages: [{ role: "user", content: "Hi" }] };
  const read = (name: string, content: string | Uint8Array<ArrayBuffer>) =>
    readConversations(new File([content], name));
  for (const value of [
    conversation,
    [conversation],
    { conversations: [conversation], version: 2 },
    { chats: JSON.stringify({ a: conversation }), theme: "dark" },
  ])
    assert.deepEqual(await read("a.json", JSON.stringify(value)), [conversation]);
  assert.deepEqual(await read("a.json", "[1, 2"), []);
  assert.deepEqual(await read("a.json", '{"messages": "none"}'), []);

  const inner = JSON.stringify([{ title: "Z", mapping: {} }]);
  const zipped = zip({ "chat.html": "<p>", "conversations.json": inner });
  assert.deepEqual(await read("export.zip", zipped), JSON.parse(inner));
  await assert.rejects(read("export.zip", "no archive"), /no ZIP archive/);
});

test("an archive of colloquy export is read with its messages", async () => {
  await using folder = await workFolder();
  {
    await using server = await startServer({ builtIn: true, directory: folder.data });
    const client = createClient({ baseUrl: server.url, token: "local" });
    await (await client.conversations.start({ content: "Keep me" })).message();
  }
  const { code, stdout, stderr } = await folder.run(["export"]);
  assert.equal(code, 0, stderr);
  const items = await readConversations(new File([stdout], "archive.jsonl"));
  assert.equal(items.length, 1);
  const [{ conversation, messages }] = items as unknown as [
    { conversation: { title: string }; messages: { content: string }[] },
  ];
  assert.equal(conversation.title, "Keep me");
  assert.deepEqual(
    messages.map(({ content }) => content),
    ["Keep me", "You said: Keep me"],
  );
});

test("a long import goes in pieces that a slow connection can send; what is too large holds up nothing", async () => {
  await using server = await startServer({ builtIn: true });
  const sizes: number[] = [];
  const client = createClient({
    baseUrl: server.url,
    token: "local",
    fetch: (url, init) => {
      sizes.push(String(init?.body).length);
      return fetch(url, init);
    },
  });
  const chat = (title: string, length: number) => ({
    title,
    messages: [{ role: "user", content: `${title} ${"x".repeat(length)}` }],
  });
  const items = [
    ...Array.from({ length: 20 }, (_, index) => chat(`Part ${index}`, 90_000)),
    chat("Too large", 33 * 1024 * 1024),
    chat("After it", 10),
  ];
  const counts = [];
  for await (const count of importConversations(client, items, new AbortController().signal))
    counts.push(count);
  const { done, imported, skipped, failed } = counts.at(-1) ?? NOTHING_IMPORTED;
  assert.deepEqual([done, imported, skipped], [22, 21, 0]);
  assert.deepEqual(
    failed.map(({ name }) => name),
    ["Too large"],
  );
  assert.match(failed[0]?.reason ?? "", /large/);
  assert.deepEqual(
    sizes.filter((size) => size > 510_000).map((size) => size > 33 * 1024 * 1024),
    [true],
  );
});

test("pieces that somebody in between refuses as too large go one by one", async () => {
  await using server = await startServer({ builtIn: true });
  const client = createClient({
    baseUrl: server.url,
    token: "local",
    fetch: async (url, init) =>
      String(init?.body).length > 1000 ? new Response("", { status: 413 }) : fetch(url, init),
  });
  const items = [600, 600, 2000, 600].map((length, index) => ({
    messages: [{ role: "user", content: `${index}${"x".repeat(length)}` }],
  }));
  const counts = [];
  for await (const count of importConversations(client, items, new AbortController().signal))
    counts.push(count);
  assert.deepEqual(counts.at(-1), {
    done: 4,
    imported: 3,
    skipped: 0,
    failed: [{ name: "#3", reason: "The server answered with status 413" }],
  });
});

/** A ZIP archive as ChatGPT's has it: compressed, the directory at its end. */
function zip(files: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const content = deflateRawSync(text);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(8, 8);
    local.writeUInt32LE(content.length, 18);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(content.length, 20);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    parts.push(local, Buffer.from(name), content);
    directory.push(entry, Buffer.from(name));
    offset += local.length + name.length + content.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return new Uint8Array(Buffer.concat([...parts, central, end]));
}
