// How a reply ended is kept with it, and told as it was on every wire.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { allEvents, caller, eventsOf, type StreamEvent, textOf } from "./chat-v1-client.ts";
import { BACKEND, startServer } from "./start-server.ts";
import type { Server } from "./wire-client.ts";

let server: Server;
let users = 0;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

/** Calls wire 004 as a user of whom nothing is known. */
function newCaller() {
  const user = `user-${users++}`;
  const { open, call } = caller(server.url);
  return {
    user,
    open: (path: string, options = {}) => open(path, { user, ...options }),
    call: (path: string, options = {}) => call(path, { user, ...options }),
    newConversation: async (): Promise<string> =>
      (await call("/conversations", { method: "POST", user })).body.data.id,
  };
}

/** What the wire says of a message's ending. */
const endingOf = (message: Record<string, unknown>) => [
  message.status,
  message.finish_reason,
  message.interrupted_by,
];

test("[X12] the reason for which a model ended its answer is kept with it, and told in one word for all providers", async () => {
  const { call, open, newConversation } = newCaller();
  const id = await newConversation();
  for (const [said, told] of [
    ["stop", "stop"],
    ["end_turn", "stop"],
    ["length", "length"],
    ["MAX_TOKENS", "length"],
    ["content_filter", "filter"],
    ["tool_calls", "tool_calls"],
    ["of its own accord", "other"],
  ]) {
    const content = `{{reply text="Some words" finishReason=${JSON.stringify(said)}}}`;
    const { status, body } = await call(`/conversations/${id}/messages`, { body: { content } });
    assert.equal(status, 201, said);
    const [question, reply] = body.data;
    assert.deepEqual(endingOf(question), ["complete", null, null]);
    assert.deepEqual(endingOf(reply), ["complete", told, null], said);
    assert.deepEqual((await call(`/messages/${reply.id}`)).body.data, reply);
  }
  const content = '{{reply text="Some words" finishReason=length}}';
  const events = await allEvents(
    await open(`/conversations/${id}/messages/stream`, { body: { content } }),
  );
  const last = events.at(-2);
  assert.deepEqual([last?.type, last?.data.finish_reason], ["ai_complete", "length"]);
});

test("[X12] an answer without a word is a failure in words", async () => {
  const { call, open, newConversation } = newCaller();
  const id = await newConversation();
  for (const [script, status, words] of [
    ["finishReason=tool_calls", 502, /asked for a tool instead of answering/],
    ["finishReason=stop", 502, /empty answer/],
    ["finishReason=length", 502, /length limit before the first word/],
    ["finishReason=content_filter", 400, /withheld by its content filter/],
  ] as const) {
    const content = `{{reply text=" " ${script}}}`;
    const answer = await call(`/conversations/${id}/messages`, { body: { content } });
    assert.equal(answer.status, status, script);
    assert.match(answer.body.message ?? "", words, script);
    const streamed = await allEvents(
      await open(`/conversations/${id}/messages/stream`, { body: { content } }),
    );
    assert.equal(streamed.at(-2)?.type, "error", script);
    const stored = (await call(`/conversations/${id}/messages`)).body.data.at(-1);
    assert.equal(stored.status, "failed", script);
    assert.match(stored.error.message, words, script);
  }
});

test("[X12] a call of a tool that nobody offered, and nothing else, is a failure", async () => {
  const { call, newConversation } = newCaller();
  const id = await newConversation();
  const chunk = (choice: unknown) => `data: ${JSON.stringify({ choices: [choice] })}\n\n`;
  const calls = [{ index: 0, id: "call_1", function: { name: "search", arguments: "{}" } }];
  server.model.next({
    raw: [
      chunk({ index: 0, delta: { role: "assistant", content: null, tool_calls: calls } }),
      chunk({ index: 0, delta: {}, finish_reason: "tool_calls" }),
      "data: [DONE]\n\n",
    ],
    contentType: "text/event-stream",
  });
  const answer = await call(`/conversations/${id}/messages`, { body: { content: "Hello" } });
  assert.deepEqual([answer.status, answer.body.error?.code], [502, "MODEL_FAILED"]);
  assert.match(answer.body.message ?? "", /asked for a tool/);
});

test("[X12] what interrupted a reply is kept with it: its user, a newer message, a deletion", async () => {
  const { call, newConversation } = newCaller();
  const interruptBy = async (interrupt: (id: string, questionId: string) => Promise<unknown>) => {
    const id = await newConversation();
    const waiting = call(`/conversations/${id}/messages`, {
      body: { content: `{{reply tokens=9 gapMs=1 hold=3}}` },
    });
    const queued = call(`/conversations/${id}/messages`, { body: { content: "next" } });
    await server.model.held(++held);
    const stored = () => call(`/conversations/${id}/messages`);
    let { body } = await stored();
    while (body.data.length < 2) ({ body } = await stored());
    await interrupt(id, body.data[0].id);
    return [await waiting, await queued].map((answer) => endingOf(answer.body.data[1]));
  };
  let held = 0;
  const stopped = ["interrupted", null, "stopped"];
  assert.deepEqual(
    await interruptBy((id) => call(`/conversations/${id}/messages/stop`, { method: "POST" })),
    [stopped, stopped],
  );
  const superseded = ["interrupted", null, "superseded"];
  const byNewer = await interruptBy((id, replaced) =>
    call(`/conversations/${id}/messages`, { body: { content: "new", replace_from: replaced } }),
  );
  assert.deepEqual(byNewer, [superseded, superseded]);
  const deleted = ["interrupted", null, "deleted"];
  assert.deepEqual(await interruptBy((id) => call(`/conversations/${id}`, { method: "DELETE" })), [
    deleted,
    deleted,
  ]);
});

test("[X12] a reply that a shutdown cut off says so after the restart", async () => {
  const directory = await mkdtemp(join(tmpdir(), "colloquy-endings-"));
  try {
    let id = "";
    {
      await using first = await startServer({ directory });
      const { open, newConversation } = caller(first.url);
      id = await newConversation();
      await open(`/conversations/${id}/messages/stream`, {
        body: { content: "{{reply tokens=9 hold=3}}" },
      });
      await first.model.held();
    }
    await using second = await startServer({ directory });
    const stored = (await caller(second.url).call(`/conversations/${id}/messages`)).body.data;
    assert.deepEqual(endingOf(stored[1]), ["interrupted", null, "shutdown"]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("a checkpoint writes what was added since the last one, however long the reply is", async () => {
  const { call, newConversation } = newCaller();
  const { store } = server;
  const checkpoint = store.checkpoint.bind(store);
  const written = new Map<number, string>();
  store.checkpoint = (additions) => {
    for (const { number, content } of additions) written.set(number, content);
    return checkpoint(additions);
  };
  const id = await newConversation();
  const content = "{{reply tokens=300 gapMs=8}}";
  const { body } = await call(`/conversations/${id}/messages`, { body: { content } });
  const kept = [...written.values()].join("");
  assert.ok(written.size >= 2, `${written.size} checkpoints`);
  assert.ok(kept.length > 0 && body.data[1].content.startsWith(kept), kept);
});

test("whoever asks for it sees what a model thinks as it comes, also who comes late; ids and text stay as they are", {
  skip: BACKEND === "replicas" && "live thoughts stay where they are thought",
}, async () => {
  const { call, open, newConversation } = newCaller();
  const id = await newConversation();
  const path = `/conversations/${id}/messages/stream`;
  const reasoning = "They breathe air. ".repeat(5_000);
  const script = { text: "Whales are mammals.", reasoning, hold: 0 } as const;
  const thoughtsIn = (events: readonly StreamEvent[]) => {
    let text = "";
    for (const { id, type, data } of events) {
      if (type !== "ai_reasoning") continue;
      assert.deepEqual([id, data.offset], ["", text.length]);
      text += data.text;
    }
    return text;
  };
  const rest = (events: readonly StreamEvent[]) =>
    events.filter(({ type }) => type !== "ai_reasoning" && type !== "user_message");

  server.model.next(script);
  const body = { content: "Tell me of whales", reasoning: true };
  const watching = eventsOf(await open(path, { body }));
  const first: StreamEvent[] = [];
  while (thoughtsIn(first) !== reasoning) first.push((await watching.next()).value);
  const [accepted] = first;
  const late = await open(`${path}?reasoning=1`);
  const unasked = await open(path);
  const headers = { "last-event-id": accepted?.id ?? "" };
  const resumed = await open(`${path}?reasoning=1`, { headers });
  const repeated = await open(path, { body, headers });
  const lateEvents = eventsOf(late);
  const lateFirst: StreamEvent[] = [];
  while (thoughtsIn(lateFirst) !== reasoning) lateFirst.push((await lateEvents.next()).value);
  server.model.release();
  const all = [...first, ...(await Array.fromAsync(watching))];
  const stored = (await call(`/conversations/${id}/messages`)).body.data[1];
  assert.equal(stored.reasoning, reasoning);
  const plain = await allEvents(unasked);
  assert.ok(!plain.some(({ type }) => type === "ai_reasoning"));
  for (const events of [
    all,
    plain,
    [...lateFirst, ...(await Array.fromAsync(lateEvents))],
    await allEvents(resumed),
    await allEvents(repeated),
  ]) {
    assert.equal(textOf(events), "Whales are mammals.");
    assert.deepEqual(events.at(-2)?.data, stored);
    assert.deepEqual(
      rest(events)
        .slice(-2)
        .map(({ id }) => id),
      rest(plain)
        .slice(-2)
        .map(({ id }) => id),
    );
    assert.ok(reasoning.startsWith(thoughtsIn(events)));
  }
  const whole = await allEvents(await open(path, { body: { content: "Again" } }));
  assert.ok(!whole.some(({ type }) => type === "ai_reasoning"));
});
