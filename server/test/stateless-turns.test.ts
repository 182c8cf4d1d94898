// Turns that nothing keeps: what they give, what they leave, and what ends them.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import type { TurnObserver } from "../src/ports/observer.ts";
import { startServer } from "./start-server.ts";
import { turnClient, turnWire } from "./turn-wire.ts";

type Event = Record<string, unknown>;
/** How the turns ended that the server has told of. */
const endings: string[] = [];
const observer: TurnObserver = {
  begin: () => ({ asked() {}, firstToken() {}, ended: ({ status }) => void endings.push(status) }),
};
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer({ moreWires: [turnWire], observers: [observer] });
});
after(() => server?.[Symbol.asyncDispose]());

const asking = (content: string, more: object = {}) => ({
  messages: [{ role: "user", content } as const],
  model: null,
  temperature: null,
  ...more,
});

async function collected(items: AsyncIterable<Event>): Promise<Event[]> {
  const all: Event[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test("[OX11] the words come and then one ending; nothing is written, and it counts as a turn", async () => {
  const client = turnClient(server, randomUUID());
  const events = await collected(client.ask(asking("{{reply tokens=30 gapMs=1}}")));
  const said = events
    .slice(0, -1)
    .map(({ text }) => text)
    .join("");
  assert.match(said, /^alpha bravo charlie /);
  const { outcome } = events.at(-1) as { outcome: Event };
  assert.deepEqual(
    [outcome.error, outcome.finishes, (outcome.usage as Event).completionTokens],
    [null, [{ reason: "stop", word: "stop" }], 30],
  );
  assert.deepEqual(endings, ["complete"]);
  const { conversation, message } = await server.store.countRecords();
  assert.deepEqual([conversation, message], [0, 0]);
});

test("[OX12] a client that goes away ends the request at the provider", async () => {
  const client = turnClient(server, randomUUID());
  server.model.forget();
  const gone = new AbortController();
  const events = client.ask(asking("{{reply tokens=10 hold=3}}"), gone.signal);
  assert.equal((await events.next()).value?.type, "text");
  await server.model.held();
  gone.abort();
  await server.model.aborted();
});

test("what fails before the first word is an answer of its own; what fails later is the ending", async () => {
  const client = turnClient(server, randomUUID());
  server.model.next(...Array.from({ length: 3 }, () => ({ failStatus: 429 })));
  await assert.rejects(collected(client.ask(asking("Hello"))), /^Error: 429 .*rate_limited/);
  server.model.next({ failStatus: 400, failBody: { error: { message: "No such field" } } });
  await assert.rejects(collected(client.ask(asking("Hello"))), /^Error: \d+ .*No such field/);
  await assert.rejects(collected(client.ask(asking("Hello", { model: "refused-model" }))), /model/);
  const events = await collected(client.ask(asking("{{reply tokens=10 cut=3 gapMs=1}}")));
  const { outcome } = events.at(-1) as { outcome: { error: Event; finishes: unknown } };
  assert.ok(events.length > 1 && outcome.error !== null);
  assert.deepEqual(outcome.finishes, []);
});

test("several answers, how likely their tokens were, and fields that the operator allows by name", async () => {
  await using own = await startServer({
    moreWires: [turnWire],
    environment: { MODEL_EXTRA_FIELDS: "top_k,min_p" },
  });
  const chunk = (index: number, delta: object, more: object = {}) =>
    `data: ${JSON.stringify({ model: "m", choices: [{ index, delta, finish_reason: null, ...more }] })}\n\n`;
  const logprobs = { content: [{ token: "a", logprob: -1, bytes: [97], top_logprobs: [] }] };
  own.model.next({
    contentType: "text/event-stream",
    raw: [
      chunk(0, { content: "a" }, { logprobs }),
      chunk(1, { content: "b" }),
      chunk(0, {}, { finish_reason: "stop" }),
      chunk(1, {
        tool_calls: [
          { index: 0, id: "c", type: "custom", custom: { name: "sql", input: "SELECT" } },
        ],
      }),
      chunk(1, {}, { finish_reason: "tool_calls" }),
      "data: [DONE]\n\n",
    ],
  });
  const tool = {
    name: "sql",
    description: null,
    parameters: null,
    strict: null,
    custom: { format: null },
  };
  const settings = {
    choices: 2,
    logprobs: true,
    tools: [tool],
    toolChoice: { mode: "auto", allowed: [{ name: "sql", isCustom: true }] },
    extras: { top_k: 4, secret: 1 },
  };
  const events = await collected(turnClient(own, randomUUID()).ask(asking("Hello", { settings })));
  assert.deepEqual(events.slice(0, -1), [
    { type: "text", text: "a", logprobs: logprobs.content },
    { type: "text", text: "b", choice: 1 },
    { type: "tool_call", callId: "c", name: "sql", text: "SELECT", isCustom: true, choice: 1 },
  ]);
  const { outcome } = events.at(-1) as { outcome: Event };
  assert.deepEqual(outcome.finishes, [
    { reason: "stop", word: "stop" },
    { reason: "tool_calls", word: "tool_calls" },
  ]);
  const {
    n,
    logprobs: asked,
    top_k,
    secret,
    tools,
    tool_choice,
  } = own.model.requests.at(-1)?.body ?? {};
  assert.deepEqual([n, asked, top_k, secret], [2, true, 4, undefined]);
  assert.deepEqual(tools, [{ type: "custom", custom: { name: "sql" } }]);
  const named = { type: "custom", custom: { name: "sql" } };
  assert.deepEqual(tool_choice, {
    type: "allowed_tools",
    allowed_tools: { mode: "auto", tools: [named] },
  });
});

test("a shutdown ends it at the provider; budgets and the list of models hold", async () => {
  await using own = await startServer({
    moreWires: [turnWire],
    observers: [observer],
    environment: {
      BUDGET_TOKENS_PER_USER_DAY: "5000",
      BUDGET_ANSWER_TOKENS: "1000",
      MODELS: "scripted",
    },
  });
  const client = turnClient(own, randomUUID());
  await assert.rejects(collected(client.ask(asking("Hello", { model: "other" }))), /model_refused/);
  const whole = await collected(client.ask(asking("{{reply tokens=5 totalTokens=4990}}")));
  assert.equal(whole.at(-1)?.type, "ended");
  await assert.rejects(collected(client.ask(asking("Hello"))), /429 .*budget/);
  const other = turnClient(own, randomUUID()).ask(asking("{{reply tokens=10 hold=3}}"));
  assert.equal((await other.next()).value?.type, "text");
  await own.model.held();
  const reading = collected(other).catch(() => []);
  await Promise.all([own.close(0), own.model.aborted(), reading]);
  assert.equal(endings.at(-1), "interrupted");
});
