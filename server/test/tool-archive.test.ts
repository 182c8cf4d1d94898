// A reply that waits for a decision is exported and imported by the command line, and goes on where it was imported.
// Takes: 12 s
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { type WorkFolder, workFolder } from "./cli-runner.ts";
import { skipWithoutPostgres } from "./postgres-server.ts";
import { createMigratedDatabase } from "./services.ts";
import { startServer } from "./start-server.ts";
import { answering, asking, watchedTool } from "./tool-steps.ts";

// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
type Shown = any;

const GIVEN = '{"to":"a@b.c",  "text":"\\u0041 😀"}';
const send = watchedTool("send", {
  ...{ source: "mail", isRepeatable: false, effect: "writes", asks: true },
});
const look = watchedTool("look");
const tools = [send.tool, look.tool];
let folder: WorkFolder;
let conversation: string;
let question: Shown;
let awaited: Shown;
/** All lines but the first, which says when it was written. */
const recordsIn = async (name: string): Promise<string> =>
  (await readFile(folder.file(name), "utf8")).replace(/^.*\n/u, "");
const runs = async (args: readonly string[], environment = {}) => {
  const { code, stderr, stdout } = await folder.run(args, { environment });
  assert.equal(code, 0, `${args.join(" ")}: ${stderr}${stdout}`);
};

/** A reply that has made a call, waits for another, and comes before a message on another branch. */
before(async () => {
  folder = await workFolder();
  await using server = await startServer({ backend: "sqlite", directory: folder.data, tools });
  const { call, newConversation } = caller(server.url);
  conversation = await newConversation({ body: {} });
  const calls = [{ name: "send", given: GIVEN }, { name: "look" }, { name: "mine" }];
  server.model.next(asking(calls, { words: "I look 😀, and send." }));
  const mine = [{ type: "function", function: { name: "mine" } }];
  const body = { content: "Send it", steps: true, tools: mine };
  const sent = await call(`/conversations/${conversation}/messages`, { body });
  assert.equal(sent.body.data[1].status, "waiting");
  assert.equal(look.inputs.length, 1);
  [question] = sent.body.data[1].questions;
  [awaited] = sent.body.data[1].calls;
  server.model.next(answering("Another"));
  const again = { content: "Do not", branch_from: sent.body.data[0].id };
  const other = await call(`/conversations/${conversation}/messages`, { body: again });
  assert.equal(other.body.data[1].content, "Another");
  // What a program says is known as a stranger's words later, too.
  const params = { name: "continue_conversation", arguments: { message: "By a program" } };
  await fetch(`${server.url}/mcp`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
  });
  await runs(["export", "first.jsonl"]);
  const marked = (await recordsIn("first.jsonl"))
    .split("\n")
    .filter((line) => /isUntrusted/.test(line));
  assert.deepEqual(
    marked.map((line) => JSON.parse(line).message.role),
    ["user", "assistant"],
  );
});
after(() => folder?.[Symbol.asyncDispose]());

/** Decides there, and gives the reply with its parts. */
async function decidedAt(environment: Readonly<Record<string, string>>, directory: string) {
  send.forget();
  await using server = await startServer({ backend: "sqlite", directory, environment, tools });
  const { call, openedStream } = helpers(server.url);
  const { data, meta } = (await call("/questions")).body;
  assert.deepEqual([data, meta?.total], [[question], 1]);
  assert.equal(send.inputs.length, 0);
  server.model.next(answering("It is sent."));
  assert.deepEqual((await call("/calls")).body.data, [awaited]);
  const result = `/messages/${awaited.message_id}/calls/${awaited.call_id}/result`;
  assert.equal((await call(result, { body: { text: "Mine" } })).status, 200);
  const path = `/messages/${question.message_id}/calls/${question.call_id}/decision`;
  const { arguments_sha256 } = question;
  const wrong = { decision: "allow", arguments_sha256: "0".repeat(64) };
  assert.equal((await call(path, { body: wrong })).status, 409);
  const decided = await call(path, { body: { decision: "allow", arguments_sha256 } });
  assert.equal(decided.status, 200, JSON.stringify(decided.body));
  await openedStream();
  assert.equal((await call(path, { body: wrong })).status, 409);
  assert.deepEqual(
    send.inputs.map((input) => [input.arguments, input.key]),
    [[JSON.parse(GIVEN), `${question.message_id}/${question.call_id}`]],
  );
  const told = server.model.requests[0]?.body?.messages as Shown[];
  assert.deepEqual(
    told.map(({ role }) => role),
    ["user", "assistant", "tool", "tool", "tool"],
  );
  const list = await call(`/conversations/${conversation}/messages?branch=0&parts=1`);
  const { data: open } = (await call("/questions")).body;
  assert.deepEqual(open, []);
  return list.body.data.at(-1);
}

function helpers(url: string) {
  const calls = caller(url);
  return {
    ...calls,
    /** Resolves once nothing runs on the branch of the reply. */
    async openedStream() {
      const path = `/conversations/${conversation}/messages/stream?branch=0`;
      const stream = await calls.open(path);
      await stream.text();
    },
  };
}

for (const { name, isShared, skip } of [
  { name: "another folder", isShared: false, skip: false },
  { name: "PostgreSQL", isShared: true, skip: skipWithoutPostgres() },
] as const)
  test(`[H50] [H51] a reply that waits comes along into ${name}, is the same there, and goes on when it is allowed`, {
    skip,
  }, async () => {
    await using stack = new AsyncDisposableStack();
    const directory = folder.file(name.replaceAll(" ", "-"));
    const environment = {
      DATA_DIR: directory,
      ...(isShared && { DATABASE_URL: stack.use(await createMigratedDatabase()).url }),
    };
    await runs(["import", "first.jsonl"], environment);
    await runs(["export", "--force", "second.jsonl"], environment);
    assert.equal(await recordsIn("second.jsonl"), await recordsIn("first.jsonl"));
    const [header, , , ...rest] = (await readFile(folder.file("second.jsonl"), "utf8")).split("\n");
    const counted = [header, rest.at(-2)].map((line) => JSON.parse(line ?? "").counts);
    assert.deepEqual(counted[0], counted[1], "it is counted before and afterwards");
    await runs(["import", "first.jsonl"], environment);
    const reply = await decidedAt(environment, directory);
    assert.equal(reply.status, "complete");
    assert.equal(reply.content, "I look 😀, and send.\n\nIt is sent.");
    const kinds = reply.parts.map(({ type, outcome }: Shown) => outcome ?? type);
    assert.deepEqual(kinds, [
      "text",
      "tool_call",
      "tool_call",
      "tool_call",
      "ok",
      "ok",
      "ok",
      "text",
    ]);
    await runs(["export", "--force", "second.jsonl"], environment);
    assert.ok(!(await recordsIn("second.jsonl")).includes('"waits"'));
  });

test("a reply that waits is taken only as a server has written it", async () => {
  const lines = (await readFile(folder.file("first.jsonl"), "utf8")).trimEnd().split("\n");
  const at = lines.findIndex((line) => line.includes('"waits"'));
  const refusalOf = async (change: (line: Shown) => void): Promise<string> => {
    const line = JSON.parse(lines[at] ?? "");
    change(line);
    await writeFile(folder.file("changed.jsonl"), lines.with(at, JSON.stringify(line)).join("\n"));
    const { code, stdout } = await folder.run(["import", "--dry-run", "changed.jsonl"], {
      environment: { DATA_DIR: folder.file("nothing") },
    });
    assert.equal(code, 1);
    return stdout;
  };
  const stateWith = (change: (state: Shown) => void) => (line: Shown) => {
    const state = JSON.parse(line.waits.state);
    change(state);
    line.waits.state = JSON.stringify(state);
  };
  const refusals: readonly [RegExp, (line: Shown) => void][] = [
    [/argumentsSha256 must be that/u, (line) => (line.waits.questions[0].arguments = "{}")],
    [/about the calls in parts/u, (line) => (line.waits.questions[0].callId = "other")],
    [/without a result/u, (line) => line.message.parts.push(resultOf(line))],
    [/question that is open/u, (line) => (line.waits.questions = [])],
    [/status must be one of streaming/u, (line) => (line.message.status = "complete")],
    [/status must be one of complete/u, (line) => delete line.waits],
    [/waits\.state must be an object/u, (line) => (line.waits.state = "[]")],
    [/waits\.state\.calls\[\d\]\.state/u, stateWith(({ calls }) => (calls[0].state = "running"))],
    [/say which calls wait/u, stateWith((state) => (state.calls = []))],
    [/waits\.state\.asked\.settings/u, stateWith(({ asked }) => delete asked.settings)],
  ];
  for (const [expected, change] of refusals) assert.match(await refusalOf(change), expected);
});

const resultOf = ({ waits }: Shown) => ({
  ...{ type: "tool_result", callId: waits.questions[0].callId, outcome: "ok", text: "" },
});
