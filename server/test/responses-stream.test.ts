// Backends: replicas
// The events of a response: their order, their numbers, and that a replay differs in nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { twoCalls } from "./completions-client.ts";
import { all, checkEvents, type Event, responsesClient, textOf } from "./responses-client.ts";
import { sharedServer } from "./shared-server.ts";
import { ONCE } from "./start-server.ts";

const typesOf = (events: readonly Event[]): string[] => {
  const types: string[] = [];
  for (const { type } of events) if (types.at(-1) !== type) types.push(type);
  return types;
};

const MESSAGE = [
  "response.output_item.added",
  "response.content_part.added",
  "response.output_text.delta",
  "response.output_text.done",
  "response.content_part.done",
  "response.output_item.done",
];
const END = ["response.completed", "[DONE]"];

test(
  "[OR12] a text is told event by event, and each part of it once more whole",
  ONCE,
  async () => {
    const server = await sharedServer();
    const { stream } = responsesClient(server);
    const events = await all(stream({ input: '{{reply text="one two three" gapMs=1}}' }));
    checkEvents(events);
    assert.deepEqual(typesOf(events), [
      "response.created",
      "response.in_progress",
      ...MESSAGE,
      ...END,
    ]);
    assert.equal(textOf(events), "one two three");
    const [added] = events.filter(({ type }) => type === "response.output_item.added");
    assert.deepEqual([added?.item.status, added?.item.content], ["in_progress", []]);
  },
);

test("[OR12] reasoning, text and calls are items one after the other", ONCE, async () => {
  const server = await sharedServer();
  const { stream } = responsesClient(server);
  const tools = [{ type: "function", name: "look" }];
  const events = await all(stream({ input: "{{reply tokens=30 mixed gapMs=1}}", tools }));
  checkEvents(events);
  const items = events.filter(({ type }) => type === "response.output_item.done");
  assert.deepEqual(
    items.map(({ item }) => item.type),
    ["message", "reasoning", "message", "reasoning", "function_call"],
  );
  assert.equal(new Set(items.map(({ item }) => item.id)).size, items.length);
  const [done] = events.filter(({ type }) => type === "response.function_call_arguments.done");
  assert.equal(done?.name, "look");
});

test("[OR13] a replay is cut and numbered as it was first shown, live and after the end, from any event", async () => {
  const server = await sharedServer();
  const { stream, replay } = responsesClient(server);
  const input = "{{reply tokens=40 gapMs=2 mixed hold=20}}";
  const tools = [{ type: "function", name: "look" }];
  const shown: Event[] = [];
  let live: Promise<Event[]> = Promise.resolve([]);
  for await (const event of stream({ input, tools })) {
    shown.push(event);
    if (event.type !== "response.created") continue;
    const { id } = event.response;
    live = server.model.held().then(() => {
      const events = all(replay(id));
      server.model.release();
      return events;
    });
  }
  checkEvents(shown);
  assert.deepEqual(await live, shown);
  const { id } = shown[0]?.response ?? {};
  for (const url of server.replicaUrls)
    assert.deepEqual(await all(replay(id, "", undefined, url)), shown);
  for (const after of [0, 1, 7, 30, shown.length - 2]) {
    const rest = await all(replay(id, `&starting_after=${after}`));
    assert.deepEqual(rest, shown.slice(after + 1), `after ${after}`);
  }
});

test("[OR14] a failure in the stream is told in both shapes, and then by response.failed with what was said", async () => {
  const server = await sharedServer();
  const { stream, replay } = responsesClient(server);
  const events = await all(stream({ input: '{{reply text="one two" cut=1}}' }));
  checkEvents(events);
  const [error, failed] = events.slice(-3);
  assert.deepEqual(
    [error?.type, error?.code, error?.error.code, error?.error.type],
    ["error", "provider_error", "provider_error", "server_error"],
  );
  assert.equal(error?.message, error?.error.message);
  assert.equal(failed?.type, "response.failed");
  assert.equal(failed?.response.output[0].status, "incomplete");
  assert.deepEqual(await all(replay(failed?.response.id)), events);
});

test("[OX10] the first events are sent before the model's first word", async () => {
  const server = await sharedServer();
  for (const [index, store] of [true, false].entries()) {
    const { stream } = responsesClient(server);
    const types: string[] = [];
    for await (const { type } of stream({ input: "{{reply text=x hold=head}}", store })) {
      types.push(type);
      if (type !== "response.in_progress") continue;
      await server.model.held(index + 1);
      server.model.release();
    }
    assert.equal(types.at(-2), "response.completed");
  }
});

test(
  "[OR9] [OR12] thoughts are told as a summary where one is asked for, in the stream, its replay and the items",
  ONCE,
  async () => {
    const server = await sharedServer();
    const { stream, replay, create, call } = responsesClient(server);
    const asked = { input: "Why?", reasoning: { summary: "auto" } };
    const script = { reasoning: "So that is why", text: "Because." };
    for (const store of [true, false]) {
      server.model.next(script);
      const events = await all(stream({ ...asked, store }));
      checkEvents(events);
      const ofSummary = events.filter(({ type }) => type.includes("reasoning"));
      const deltas = ofSummary.filter(
        ({ type }) => type === "response.reasoning_summary_text.delta",
      );
      assert.equal(deltas.map(({ delta }) => delta).join(""), script.reasoning);
      assert.deepEqual(
        [...new Set(ofSummary.map(({ type }) => type))],
        [
          "response.reasoning_summary_part.added",
          "response.reasoning_summary_text.delta",
          "response.reasoning_summary_text.done",
          "response.reasoning_summary_part.done",
        ],
      );
      const { id, output } = events.findLast(({ response }) => response)?.response ?? {};
      assert.deepEqual(
        [output[0].summary, output[0].content],
        [[{ type: "summary_text", text: script.reasoning }], []],
      );
      if (!store) continue;
      assert.deepEqual(await all(replay(id)), events);
      assert.deepEqual((await call("GET", `/responses/${id}`)).body.output, output);
    }
    server.model.next(script);
    const plain = (await create({ input: "Why?" })).body.output[0];
    assert.deepEqual([plain.summary, plain.content[0].text], [[], script.reasoning]);
    const wrong = await create({ input: "Why?", reasoning: { summary: "long" } });
    assert.deepEqual([wrong.status, wrong.body.error.param], [400, "reasoning.summary"]);
  },
);

test(
  "[OR9] max_tool_calls leaves out the calls beyond it, of what is stored and of what is not",
  ONCE,
  async () => {
    const server = await sharedServer();
    const { create } = responsesClient(server);
    const tools = [{ type: "function", name: "weather" }];
    for (const store of [true, false])
      for (const most of [1, 2, 3]) {
        server.model.next({ raw: twoCalls });
        const { body } = await create({ input: "Rain?", tools, store, max_tool_calls: most });
        const calls = body.output.filter(({ type }: Event) => type === "function_call");
        assert.deepEqual(
          calls.map((one: Event) => one.call_id),
          ["call_a", "call_b"].slice(0, most),
        );
        assert.equal(calls[0].arguments, '{"city":"Ulm"}');
        assert.equal(body.max_tool_calls, most);
      }
  },
);
