// Backends: replicas
// Turns as the core gives them to wires: inputs of many messages, what is kept with a turn, and pieces that are the same
// each time they are shown.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { systemClock } from "../src/adapters/clocks/system/clock.ts";
import { openSqliteStore } from "../src/adapters/stores/sqlite/store.ts";
import { memoryTurnLog } from "../src/adapters/turn-logs/memory/turn-log.ts";
import { watching } from "../src/core/turns/follow.ts";
import type { Part } from "../src/domain/parts.ts";
import { endOfPiece } from "../src/domain/pieces.ts";
import { endingOf, endingOfParts } from "../src/domain/turn.ts";
import { eventually } from "./cli-runner.ts";
import { ONCE, startServer } from "./start-server.ts";
import { aConversation, anEnding, aTurn, begun, newOwner } from "./store-contract/fixtures.ts";
import { turnClient, turnWire } from "./turn-wire.ts";
import { send } from "./wire-client.ts";

let directory: string;
let server: Awaited<ReturnType<typeof startServer>>;
const start = () => startServer({ moreWires: [turnWire], directory });

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "colloquy-pieces-"));
  server = await start();
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const CALL: Part = {
  type: "tool_call",
  callId: "call_1",
  source: "client",
  name: "look",
  arguments: "{}",
};
const RESULT: Part = { type: "tool_result", callId: "call_1", outcome: "ok", text: "Seen" };

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test("[H8] a reply that ran when it was asked for tells its ending also to a client that has all of its words by then", async () => {
  await using store = await openSqliteStore({
    directory: join(directory, "ended"),
    exclusive: true,
  });
  const owner = newOwner();
  const turn = aTurn({ kind: "new", conversation: aConversation() });
  const { id } = begun(await store.beginTurn(owner, turn)).reply;
  const ended = await store.finishReply(owner, id, anEnding("All of it"));
  const ending = endingOf(ended ?? assert.fail()) ?? assert.fail();
  const parts = { store, log: memoryTurnLog(), clock: systemClock };
  const toldOf = (status: "streaming" | "complete") => {
    const { promise, resolve } = Promise.withResolvers<string[]>();
    const types: string[] = [];
    watching(parts, owner, { id, status }).watchParts(endingOfParts(ending).position, {
      take: (events) => void types.push(...events.map(({ type }) => type)),
      end: () => resolve(types),
    });
    return promise;
  };
  assert.deepEqual(await toldOf("streaming"), ["completed"], "it ended since");
  assert.deepEqual(await toldOf("complete"), [], "the client has its ending, too");
});

test("the pieces of a text do not depend on how it comes", ONCE, () => {
  const alphabet = [
    "a",
    "bc",
    " ",
    "\n",
    "word ",
    "漢",
    "字。",
    "😀",
    "\u00a0",
    '{"x":',
    "0123456789abcdefgh",
  ];
  for (let run = 0; run < 500; run++) {
    let text = "";
    for (let at = 0; at < 40; at++) text += alphabet[Math.floor(Math.random() * alphabet.length)];
    const cuts = (upTo: string) => {
      const ends: number[] = [];
      for (let end = endOfPiece(upTo, 0); end !== null; end = endOfPiece(upTo, end)) ends.push(end);
      return ends;
    };
    const whole = cuts(text);
    for (let length = 0; length <= text.length; length++)
      assert.deepEqual(
        cuts(text.slice(0, length)),
        whole.filter((end) => end <= length),
      );
    for (const end of whole) assert.ok(text.slice(0, end).isWellFormed());
  }
});

test("a reply is shown in the same pieces live, from every replica, once it has ended, and after a restart", async () => {
  const user = randomUUID();
  const client = turnClient(server, user);
  const tools = [{ name: "look", description: null, parameters: {}, strict: null }];
  const odd = ["Hel", "lo wor", "ld, 漢", "字 ", "a"];
  const pieces = Array.from({ length: 150 }, (_, at) => odd[at % odd.length] ?? "");
  server.model.next({ pieces, gapMs: 3, mixed: true });
  const content = "Hello";
  const { replyId } = (await client.begin({ content, settings: { tools } })).body;
  const [live = [], ...others] = await Promise.all(
    [server.url, ...server.replicaUrls].map((url) => collected(client.pieces(replyId, url))),
  );
  assert.ok(live.length > 50, `${live.length} pieces`);
  assert.equal(live.at(-1)?.type, "completed");
  const without = (events: readonly Record<string, unknown>[]) => events.slice(0, -1);
  for (const other of others) assert.deepEqual(without(other), without(live));
  assert.deepEqual(without(await collected(client.pieces(replyId))), without(live));
  await server[Symbol.asyncDispose]();
  server = await start();
  const later = turnClient(server, user);
  assert.deepEqual(without(await collected(later.pieces(replyId))), without(live));
});

test("an input of several messages is what the model is told, in order, after this turn's instructions", async () => {
  const user = randomUUID();
  const client = turnClient(server, user);
  server.model.next({ text: "Seen it" });
  const input = [
    { role: "developer", content: "Be short" },
    { role: "user", content: "Look" },
    { role: "assistant", content: "", parts: [CALL] },
    { role: "tool", content: "", parts: [RESULT] },
  ] as const;
  const record = { metadata: { topic: "herons" } };
  const first = (await client.begin({ content: "", input, record, instructions: "Be kind" })).body;
  assert.deepEqual([first.inputIds.length, first.about], [4, first.inputIds[1]]);
  await collected(client.pieces(first.replyId));
  assert.deepEqual(server.model.requests.at(-1)?.body?.messages, [
    { role: "system", content: "Be kind" },
    { role: "system", content: "Be short" },
    { role: "user", content: "Look" },
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "call_1", type: "function", function: { name: "look", arguments: "{}" } }],
    },
    { role: "tool", tool_call_id: "call_1", content: "Seen" },
  ]);
  const stored = { status: "completed", text: "Seen it", input: first.inputIds, record };
  assert.deepEqual(await client.turn(first.replyId), stored);
  await client.setRecord(first.replyId, { metadata: {} });
  assert.deepEqual((await client.turn(first.replyId)).record, { metadata: {} });
  assert.equal(await turnClient(server, randomUUID()).turn(first.replyId), null);

  const path = `/api/conversations/${first.conversationId}`;
  const shown = await send(server, "GET", path, undefined, { "x-user-id": user });
  const roles = shown.body.conversation.messages.map(({ role }: { role: string }) => role);
  assert.deepEqual(roles, ["user", "assistant"]);

  server.model.next({ text: "And now" });
  const { conversationId } = first;
  const next = {
    content: "",
    conversationId,
    after: first.replyId,
    input: [{ role: "user", content: "Again" }],
  } as const;
  const second = (await client.begin(next)).body;
  assert.equal(second.branch, 0);
  await collected(client.pieces(second.replyId));
  const messages = server.model.requests.at(-1)?.body?.messages ?? [];
  assert.deepEqual(
    messages.map(({ role }) => role),
    ["system", "user", "assistant", "tool", "assistant", "user"],
  );
  const third = (await client.begin(next)).body;
  assert.equal(third.branch, 1);
  const unread = (
    await client.begin({ content: "", conversationId, after: first.inputIds[3], input: [] })
  ).body;
  assert.deepEqual([unread.inputIds, unread.about], [[], first.inputIds[3]]);
  // What these ask the model for is answered before a test after this one says how it answers.
  for (const { replyId } of [third, unread]) await collected(client.pieces(replyId));
});

test(
  "an input that cannot be is refused with the name of the field, and nothing is stored",
  ONCE,
  async () => {
    const client = turnClient(server, randomUUID());
    const refused = async (turn: Parameters<typeof client.begin>[0]) => {
      const { status, body } = await client.begin(turn);
      return [status, body.field];
    };
    const said = { role: "user", content: "a" } as const;
    const many = Array.from({ length: 10_001 }, () => said);
    assert.deepEqual(await refused({ content: "", input: [] }), [400, "input"]);
    assert.deepEqual(await refused({ content: "", input: many }), [400, "input"]);
    assert.deepEqual(
      await refused({ content: "", input: [said, { role: "user", content: "\0" }] }),
      [400, "input[1].content"],
    );
    assert.deepEqual(await refused({ content: "", input: [{ ...said, parts: [CALL] }] }), [
      400,
      "input[0]",
    ]);
    assert.deepEqual(
      await refused({ content: "", input: [{ role: "assistant", content: "", parts: [RESULT] }] }),
      [400, "input[0].parts[0]"],
    );
    assert.deepEqual(await refused({ content: "a", settings: { choices: 2 } }), [400, "n"]);
    const record = { metadata: "x".repeat(70_000) };
    assert.deepEqual(await refused({ content: "a", record }), [400, "metadata"]);
  },
);

test("[OR7] a turn that is to leave no failure and fails before its first word leaves nothing; one that fails later stays", async () => {
  const user = randomUUID();
  const client = turnClient(server, user);
  server.model.next(...Array.from({ length: 3 }, () => ({ failStatus: 429 })));
  const lost = (await client.begin({ content: "First", leavesNoFailure: true, isHidden: true }))
    .body;
  // Who asks when it is gone already is not told of the failure.
  const pieces = await collected(client.pieces(lost.replyId)).catch(() => []);
  for (const { type, error } of pieces)
    if (type === "failed") assert.equal((error as { code: string }).code, "rate_limited");
  const path = `/api/conversations/${lost.conversationId}`;
  const headers = { "x-user-id": user };
  await eventually(async () => (await client.turn(lost.replyId)) === null);
  assert.equal((await send(server, "GET", path, undefined, headers)).status, 404);
  server.model.next({ pieces: ["one ", "two "], cut: 1 });
  const begun = (await client.begin({ content: "Second", leavesNoFailure: true })).body;
  const last = (await collected(client.pieces(begun.replyId))).at(-1);
  assert.equal(last?.type, "failed");
  assert.equal((await client.turn(begun.replyId)).text, "one ");
});
