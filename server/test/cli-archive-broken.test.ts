// Whatever is given to `colloquy import`: what can be taken is taken, and the rest is told in words.
// Takes: 15 s
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { watch } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { COMMAND, finish, type WorkFolder, workFolder } from "./cli-runner.ts";

const OWNER = { tenantId: "local", userId: "alice" };
const TIME = "2026-03-01T10:00:00.000Z";
const uuid = (number: number): string =>
  `00000000-0000-7000-8000-${String(number).padStart(12, "0")}`;
const HEADER = { format: "colloquy-archive", version: 3, exportedAt: TIME };
const CONVERSATION = {
  id: uuid(1),
  title: "One",
  isPinned: false,
  agentId: null,
  mode: null,
  origin: "chat-v1",
  alias: null,
  createdAt: TIME,
  updatedAt: TIME,
};
const MESSAGE = {
  conversationId: uuid(1),
  role: "user",
  content: "hello",
  model: null,
  status: "complete",
  usage: null,
  reasoning: null,
  error: null,
  createdAt: TIME,
  finishedAt: TIME,
};
const conversation = (fields = {}) => ({
  type: "conversation",
  owner: OWNER,
  conversation: { ...CONVERSATION, ...fields },
});
const message = (sequence: number, fields = {}) => ({
  type: "message",
  owner: OWNER,
  message: { id: uuid(100 + sequence), sequence, ...MESSAGE, ...fields },
});
const end = (conversations: number, messages: number) => ({
  type: "end",
  counts: { key: 0, agent: 0, conversation: conversations, message: messages },
});
const jsonLines = (...values: readonly unknown[]): string =>
  values.map((value) => `${typeof value === "string" ? value : JSON.stringify(value)}\n`).join("");

async function importInto(
  folder: WorkFolder,
  content: string | Buffer,
  options: readonly string[],
) {
  await writeFile(folder.file("in"), content);
  const imported = await folder.run(["import", ...options, folder.file("in")]);
  assert.ok(!/^ +at /m.test(imported.stderr), "no stack is shown");
  return imported;
}

async function importOf(content: string | Buffer, ...options: string[]) {
  await using folder = await workFolder();
  return await importInto(folder, content, options);
}

async function importAndExport(content: string | Buffer) {
  await using folder = await workFolder();
  const imported = await importInto(folder, content, []);
  return { ...imported, stored: (await folder.run(["export"])).stdout };
}

test("a file that is cut off is taken as far as it goes, and called so", async () => {
  const whole = jsonLines(HEADER, conversation(), message(0), message(1), end(1, 2));
  const cuts = await Promise.all([
    importOf(whole.slice(0, -40)),
    importOf(jsonLines(HEADER, conversation(), message(0))),
    importOf(jsonLines(HEADER)),
  ]);
  for (const { code, stderr } of cuts) {
    assert.equal(code, 1);
    assert.match(stderr, /in: It ends without its end line: the file was cut off\./);
  }
  assert.match(
    cuts[0]?.stdout ?? "",
    /taken +1 conversation and 2 messages\n.*not understood +1 line\n +line 5: it is not JSON\n/,
  );
  assert.match(cuts[1]?.stdout ?? "", /taken +1 conversation and 1 message\n/);

  const gap = await importOf(jsonLines(HEADER, conversation(), message(1), end(1, 2)));
  assert.equal(gap.code, 1);
  assert.match(gap.stderr, /It should hold 2 messages, and holds 1 message: lines are missing/);
});

test("lines that are not understood are counted, the first few with their reasons", async () => {
  const { code, stdout, stderr, stored } = await importAndExport(
    jsonLines(
      HEADER,
      conversation(),
      "",
      "{oops",
      "[]",
      { type: "secret" },
      { type: "message", owner: OWNER },
      message(2, { id: "2" }),
      message(3, { role: "robot" }),
      message(4, { createdAt: "yesterday" }),
      message(5, { createdAt: "2026-13-01T00:00:00Z" }),
      message(6, { content: undefined }),
      message(7, { sequence: -1 }),
      message(8, { status: "streaming" }),
      message(9, { usage: { promptTokens: "3" } }),
      { ...message(10), owner: { tenantId: "local", userId: "" } },
      message(11),
      end(1, 1),
    ),
  );
  assert.equal(code, 1);
  assert.match(stderr, /Some lines of the archive are damaged; the rest was taken/);
  for (const words of [
    /taken +1 conversation and 1 message\n/,
    /not understood +13 lines\n/,
    /line 4: it is not JSON\n/,
    /line 5: the record must be an object\n/,
    /line 6: type must be one of conversation, message, file, agent, profile, prompt, memory, project, key, invitation, bytes, end\n/,
    /line 7: message is missing\n/,
    /line 8: message\.id must be a UUID\n/,
    /line 9: message\.role must be one of user, assistant, system, developer, tool\n/,
    /line 10: message\.createdAt must be a time/,
    /line 11: message\.createdAt is no time that exists\n/,
    /line 12: message\.content is missing\n/,
    /line 13: message\.sequence must be a whole number/,
    / {18}…\n/,
  ])
    assert.match(stdout, words);
  assert.ok(!stdout.includes("line 15"), "not more than ten");
  assert.deepEqual(
    stored.split("\n").filter((line) => line.startsWith('{"type":"message"')).length,
    1,
  );
});

test("NUL and halves of surrogate pairs are replaced and counted", async () => {
  const broken = jsonLines(
    HEADER,
    conversation({ title: "a\0b" }),
    message(0, { content: "x\ud800y" }),
    message(1, { content: "whole 😀" }),
    end(1, 2),
  );
  assert.ok(broken.includes("\\u0000") && broken.includes("\\ud800"));
  const { code, stdout, stored } = await importAndExport(
    Buffer.concat([Buffer.from(broken.replace('"hello"', '"x"'))]),
  );
  assert.equal(code, 0);
  assert.match(stdout, /changed +2 texts with characters that cannot be stored/);
  for (const text of ['"a\ufffdb"', '"x\ufffdy"', '"whole 😀"'])
    assert.ok(stored.includes(text), text);

  const latin = await importAndExport(
    Buffer.from(jsonLines(HEADER, conversation({ title: "caf\u00e9" }), end(1, 0)), "latin1"),
  );
  assert.match(latin.stdout, /changed +1 text /);
  assert.ok(latin.stored.includes('"caf\ufffd"'));
});

test("names that objects inherit are fields like any other", async () => {
  const line = JSON.stringify(message(0)).replace(
    '"type"',
    '"__proto__":{"type":"key"},"constructor":{"prototype":{"x":1}},"type"',
  );
  const { code, stdout } = await importOf(jsonLines(HEADER, conversation(), line, end(1, 1)));
  assert.equal(code, 0);
  assert.match(stdout, /taken +1 conversation and 1 message\n/);
});

test("what is no archive at all is told in words", async () => {
  const cases: readonly (readonly [content: string | Buffer, words: RegExp])[] = [
    ["", /in is empty\./],
    [" \n\t\n", /in is empty\./],
    ["Dear diary", /in is not JSON/],
    [Buffer.from([0x89, 0x50, 0x4e, 0x47]), /in is not JSON/],
    [
      Buffer.from("PK\u0003\u0004..."),
      /ZIP archive. Unpack it first[\s\S]*unzip '.*in' 'conversations\*\.json'[\s\S]*colloquy import chatgpt-export/,
    ],
    [gzipSync("{}"), /compressed[\s\S]*gunzip -c '.*in' \| colloquy import -/],
    [Buffer.from("\ufeff[]", "utf16le"), /UTF-16/],
    ["{}", /no header of a Colloquy archive/],
    ['{"messages": [\n1]}', /no header of a Colloquy archive/],
    [jsonLines({ ...HEADER, format: "other" }), /no header of a Colloquy archive/],
    [
      jsonLines({ ...HEADER, version: 4 }),
      /format version 4, and this Colloquy reads versions 1 to 3; use a newer one/,
    ],
    [jsonLines({ ...HEADER, version: "1" }), /version must be a whole number/],
    [jsonLines(conversation()), /no header of a Colloquy archive/],
  ];
  await Promise.all(
    cases.map(async ([content, words]) => {
      const { code, stdout, stderr } = await importOf(content);
      assert.equal(code, 1, String(words));
      assert.match(stderr, words);
      assert.doesNotMatch(stdout, /taken +\d/);
    }),
  );
  await using folder = await workFolder();
  await mkdir(folder.file("folder"));
  for (const [path, words] of [
    ["none.jsonl", /none\.jsonl does not exist/],
    ["folder", /folder is a folder without a conversations\.json/],
  ] as const) {
    const { code, stderr } = await folder.run(["import", folder.file(path)]);
    assert.equal(code, 1);
    assert.match(stderr, words);
  }
  const wrongUse = await importOf(jsonLines(HEADER, end(0, 0)), "--user", "bob");
  assert.equal(wrongUse.code, 2);
  assert.match(wrongUse.stderr, /for ChatGPT exports/);
});

test("a byte order mark, Windows line ends and standard input are all right", async () => {
  await using folder = await workFolder();
  const lines = jsonLines(HEADER, conversation(), message(0), end(1, 1));
  const { code, stdout } = await folder.run(["import", "-"], {
    input: `\ufeff${lines.replaceAll("\n", "\r\n")}`,
  });
  assert.equal(code, 0);
  assert.match(
    stdout,
    /Standard input \(a Colloquy archive\)\n +taken +1 conversation and 1 message\n/,
  );
});

test("an import that is stopped keeps what it took, and can be started again", async () => {
  await using folder = await workFolder();
  const lines = [HEADER, conversation(), message(0), message(1), end(1, 2)];
  const isOpen = Promise.withResolvers<void>();
  const watching = watch(folder.path, () => isOpen.resolve());
  const child = folder.start(["import", "-"]);
  const ended = finish(child, null);
  child.stdin?.write(jsonLines(...lines.slice(0, 3)));
  await isOpen.promise;
  watching.close();
  child.kill("SIGINT");
  const { code, stdout, stderr } = await ended;
  assert.equal(code, 130, stderr);
  assert.match(stdout, /^Standard input \(a Colloquy archive\)\n {2}taken /);
  assert.match(stderr, /Stopped\. What was taken stays; start it again to take the rest\./);
  const again = await folder.run(["import", "-"], { input: jsonLines(...lines) });
  assert.equal(again.code, 0);
  const { stdout: stored } = await folder.run(["export"]);
  assert.match(
    stored,
    /\n\{"type":"end","counts":\{"key":0,"agent":0,"profile":0,"prompt":0,"memory":0,"project":0,"invitation":0,"conversation":1,"message":2,"file":0\}\}\n$/,
  );
});

test("a reader that stops early is no error; a terminal sees a progress bar", {
  skip: process.platform !== "linux",
}, async () => {
  await using folder = await workFolder();
  const many = Array.from({ length: 3000 }, (_, sequence) =>
    message(sequence, { content: "word ".repeat(50) }),
  );
  const file = folder.file("many.jsonl");
  await writeFile(file, jsonLines(HEADER, conversation(), ...many, end(1, many.length)));
  const shell = async (line: string) => {
    const child = spawn("bash", ["--norc", "-c", line], {
      cwd: folder.path,
      env: {
        PATH: process.env.PATH,
        DATA_DIR: folder.data,
        NODE: process.execPath,
        COLLOQUY: COMMAND,
        TERM: "xterm",
      },
    });
    return finish(child, "");
  };
  const bar = await shell(`script -qec '"$NODE" "$COLLOQUY" import many.jsonl' /dev/null`);
  assert.equal(bar.code, 0, bar.stdout);
  assert.match(bar.stdout, /[█░]{30} \d+% {2}.*records taken/);
  const head = await shell(`set -o pipefail; "$NODE" "$COLLOQUY" export | head -n 1`);
  assert.equal(head.code, 0, head.stderr);
  assert.equal(head.stderr, "");
  assert.equal(JSON.parse(head.stdout).format, "colloquy-archive");
});
