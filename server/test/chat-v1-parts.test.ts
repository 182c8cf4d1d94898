// Wire 004 for clients that ask for more: the parts of a reply, tools, and what else a message may ask of its answer.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { allEvents, caller, eventsOf, type StreamEvent } from "./chat-v1-client.ts";
import { BACKEND, startServer } from "./start-server.ts";
import { ALICE, BOB, makeKey, type Server } from "./wire-client.ts";

let server: Server;
let calls: ReturnType<typeof caller>;
before(async () => {
  server = await startServer();
  calls = caller(server.url, await makeKey(server, { userId: ALICE }));
});
after(() => server?.[Symbol.asyncDispose]());

const TOOL = {
  type: "function",
  function: { name: "look", description: "Looks", parameters: { type: "object" } },
};

const event = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ model: "m", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const callOf = (index: number, given: object, more: object = {}) =>
  event({ tool_calls: [{ index, ...more, function: given }] });

const USAGE = {
  prompt_tokens: 9,
  completion_tokens: 3,
  total_tokens: 12,
  cost: 0.5,
  prompt_tokens_details: { cached_tokens: 8 },
  completion_tokens_details: { reasoning_tokens: 2 },
};

/** Thoughts, words, more thoughts, words, a refusal, two calls. */
const MIXED = [
  event({ reasoning: "Hm 😀. " }),
  event({ content: "Let me " }),
  event({ content: "look. " }),
  event({ reasoning: "So." }),
  event({ content: "There" }),
  event({ refusal: "No " }),
  event({ refusal: "more" }),
  callOf(0, { name: "look", arguments: '{"at":' }, { id: "a" }),
  callOf(1, { name: "look", arguments: "{}" }, { id: "b" }),
  callOf(0, { arguments: "1}" }),
  event({}, "tool_calls"),
  `data: ${JSON.stringify({ choices: [], usage: USAGE })}\n\n`,
  "data: [DONE]\n\n",
];
const CALL = { type: "tool_call", source: "client", name: "look" };
const PARTS = [
  { type: "reasoning", text: "Hm 😀. " },
  { type: "text", text: "Let me look. " },
  { type: "reasoning", text: "So." },
  { type: "text", text: "There" },
  { type: "refusal", text: "No more" },
  { ...CALL, call_id: "a", arguments: '{"at":1}' },
  { ...CALL, call_id: "b", arguments: "{}" },
];
const WORDS = "Let me look. ThereNo more";

const say = (raw: readonly string[]) =>
  server.model.next({ raw, contentType: "text/event-stream" });

// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
type Shown = any;

/** What a client makes of the events, from what it had before. */
function apply(parts: readonly Shown[], events: readonly StreamEvent[]): Shown[] {
  const made = parts.map((part) => ({ ...part }));
  const add = (index: number, type: string, text: string) => {
    made[index] ??= { type, text: "" };
    const field = made[index].type === "tool_call" ? "arguments" : "text";
    made[index][field] += text;
  };
  for (const { type, data, index } of events as readonly (StreamEvent & { index: number })[])
    if (type === "ai_chunk") add(index, "text", data);
    else if (type === "ai_part" && data.type === "grow") add(data.index, data.of, data.text);
    else if (type === "ai_part") made[data.index] = { ...data.part };
  return made;
}

/** The length of what a client has, as the positions of its ids count. */
const lengthOf = (parts: readonly Shown[]): number =>
  parts.reduce((sum, { type, text = "", arguments: given = "" }) => {
    const head = type === "text" || type === "reasoning" ? 0 : 1;
    return sum + head + text.length + given.length;
  }, 0);

async function askedFor(parts: boolean, more: object = {}) {
  const id = await calls.newConversation();
  const path = `/conversations/${id}/messages`;
  say(MIXED);
  const body = { content: "Look", parts, tools: [TOOL], ...more };
  const events = await allEvents(await calls.open(`${path}/stream`, { body }));
  return { id, path, events };
}

describe("[H16] the parts of a reply", () => {
  test("a stream of parts tells all of it, each event with an id, and ends with the message and its parts", async () => {
    const { path, events } = await askedFor(true);
    assert.deepEqual(apply([], events), PARTS);
    const [opening] = events;
    assert.equal(opening?.type, "user_message");
    assert.deepEqual(opening.data.parts, [{ type: "text", text: "Look" }]);
    let seen: Shown[] = [];
    for (const one of events.slice(1, -2)) {
      seen = apply(seen, [one]);
      assert.match(one.id, new RegExp(`:p${lengthOf(seen)}$`), JSON.stringify(one));
    }
    const [complete, done] = events.slice(-2);
    assert.equal(complete?.type, "ai_complete");
    assert.deepEqual(complete.data.parts, PARTS);
    assert.deepEqual(
      [complete.data.content, complete.data.reasoning, complete.data.finish_reason],
      [WORDS, "Hm 😀. So.", "tool_calls"],
    );
    assert.deepEqual(complete.data.usage, {
      prompt_tokens: 9,
      completion_tokens: 3,
      total_tokens: 12,
      cached_tokens: 8,
      reasoning_tokens: 2,
      cost_usd: 0.5,
    });
    assert.match(done?.id ?? "", new RegExp(`:p${lengthOf(PARTS) + 1}$`));
    const { data } = (await calls.call(`${path}?parts=1`)).body;
    assert.deepEqual(data[1], complete.data);
    const { data: alone } = (await calls.call(`/messages/${data[1].id}?parts=1`)).body;
    assert.deepEqual(alone, complete.data);
  });

  test("who asks for no parts gets none: the words alone, under the ids of the words", async () => {
    const { path, events } = await askedFor(false);
    const chunks = events.filter(({ type }) => type === "ai_chunk");
    assert.equal(chunks.map(({ data }) => data).join(""), WORDS);
    assert.ok(chunks.every((chunk) => !("index" in chunk)));
    assert.ok(!events.some(({ type }) => type === "ai_part"));
    assert.match(chunks.at(-1)?.id ?? "", new RegExp(`:${WORDS.length}$`));
    for (const message of (await calls.call(path)).body.data) assert.ok(!("parts" in message));
    const { data } = (await calls.call(path, { body: { content: "Plain" } })).body;
    assert.ok(data.every((message: object) => !("parts" in message)));
  });

  test("from every position of an ended reply the rest comes, and from the last nothing", async () => {
    const { path, events } = await askedFor(true);
    const [replyId] = events[0]!.id.split(":");
    const length = lengthOf(PARTS);
    const resume = (after: string) => calls.open(`${path}/stream?after=${replyId}:${after}`);
    for (let position = 0; position <= length; position++) {
      const rest = await allEvents(await resume(`p${position}`));
      // What the client had: as many units of the whole.
      const had: Shown[] = [];
      let left = position;
      for (const part of PARTS as readonly Shown[]) {
        if (left <= 0) break;
        const field = part.type === "tool_call" ? "arguments" : "text";
        const head = part.type === "text" || part.type === "reasoning" ? 0 : 1;
        had.push({ ...part, [field]: part[field].slice(0, left - head) });
        left -= head + part[field].length;
      }
      assert.deepEqual(apply(had, rest), PARTS, `from ${position}`);
      assert.deepEqual(rest.at(-2)?.data.parts, PARTS);
    }
    assert.equal((await resume(`p${length + 1}`)).status, 204);
    const body = { content: "Look", parts: true };
    const headers = { "last-event-id": `${replyId}:p${length + 1}` };
    const again = await allEvents(await calls.open(`${path}/stream`, { body, headers }));
    assert.deepEqual(again, [{ id: `${replyId}:p${length + 1}`, type: "DONE", data: null }]);
    for (let words = 0; words <= WORDS.length; words++) {
      const plain = await allEvents(await resume(`${words}`));
      const text = plain.filter(({ type }) => type === "ai_chunk").map(({ data }) => data);
      assert.equal(text.join(""), WORDS.slice(words));
      const response = await calls.open(`${path}/stream?after=${replyId}:${words}&parts=1`);
      const withParts = await allEvents(response);
      assert.equal(
        withParts
          .filter(({ type }) => type === "ai_chunk")
          .map(({ data }) => data)
          .join(""),
        WORDS.slice(words),
      );
      assert.deepEqual(withParts.at(-2)?.data.parts, PARTS);
    }
  });

  test("a reply that runs is taken up by other watchers, wherever they ask, at whatever part it is", async () => {
    const id = await calls.newConversation();
    const path = `/conversations/${id}/messages`;
    const pieces = Array.from({ length: 12 }, (_, place) => `piece ${place} `);
    server.model.next({ pieces, reasoning: "Let me think. ", gapMs: 15, hold: 0 });
    const held = server.model.held(1);
    const response = await calls.open(`${path}/stream`, { body: { content: "Go", parts: true } });
    const events = eventsOf(response);
    const opening = (await events.next()).value as StreamEvent;
    const thought = (await events.next()).value as StreamEvent;
    assert.deepEqual([thought.type, thought.data.of], ["ai_part", "reasoning"]);
    await held;
    const [replyId] = opening.id.split(":");
    const others = [0, 3, thought.data.text.length].map(async (position) => {
      const from = await calls.open(`${path}/stream?after=${replyId}:p${position}`);
      return apply(
        [{ type: "reasoning", text: "Let me think. ".slice(0, position) }].filter(
          ({ text }) => text,
        ),
        await allEvents(from),
      );
    });
    const plain = allEvents(await calls.open(`${path}/stream`));
    server.model.release();
    const expected = [
      { type: "reasoning", text: "Let me think. " },
      { type: "text", text: pieces.join("") },
    ];
    const rest = await Array.fromAsync(events);
    assert.deepEqual(apply([], [thought, ...rest]), expected);
    for (const other of others) assert.deepEqual(await other, expected);
    const chunks = (await plain).filter(({ type }) => type === "ai_chunk");
    assert.equal(chunks.map(({ data }) => data).join(""), pieces.join(""));
  });

  test("a reply that is stopped within a call keeps what was written of it", async () => {
    const id = await calls.newConversation();
    const path = `/conversations/${id}/messages`;
    server.model.next({
      raw: MIXED.slice(0, 8),
      contentType: "text/event-stream",
      noEnd: true,
    });
    const body = { content: "Look", parts: true, tools: [TOOL] };
    const events = eventsOf(await calls.open(`${path}/stream`, { body }));
    const seen: StreamEvent[] = [];
    while (seen.at(-1)?.data?.of !== "tool_call")
      seen.push((await events.next()).value as StreamEvent);
    await calls.call(`${path}/stop`, { method: "POST" });
    seen.push(...(await Array.fromAsync(events)));
    const expected = [...PARTS.slice(0, 5), { ...PARTS[5], arguments: '{"at":' }];
    assert.deepEqual(apply([], seen), expected);
    assert.deepEqual(seen.at(-2)?.data.parts, expected);
    assert.equal(seen.at(-2)?.data.interrupted_by, "stopped");
  });

  test("another user's reply and its parts are as absent as any", async () => {
    const { path, events } = await askedFor(true);
    const other = caller(server.url, await makeKey(server, { userId: BOB }));
    assert.equal((await other.call(`${path}?parts=1`)).status, 404);
    assert.equal((await other.call(`/messages/${events.at(-2)?.data.id}?parts=1`)).status, 404);
    assert.equal((await other.open(`${path}/stream?after=${events[3]?.id}`)).status, 404);
  });
});

describe("[H17] what a message asks of its answer", () => {
  test("tools, their choice, the form, the effort and the length reach the provider", async () => {
    const id = await calls.newConversation();
    const asked = {
      tools: [TOOL],
      tool_choice: { type: "function", function: { name: "look" } },
      response_format: { type: "json_schema", json_schema: { name: "s", schema: {}, more: 1 } },
      reasoning_effort: "low",
      max_tokens: 500,
    };
    say(MIXED);
    const body = { content: "Look", ...asked, parts: true };
    const { status, body: answer } = await calls.call(`/conversations/${id}/messages`, { body });
    assert.equal(status, 201);
    assert.equal(answer.data[1].finish_reason, "tool_calls");
    assert.deepEqual(answer.data[1].parts, PARTS);
    const { model, messages, stream, stream_options, ...sent } =
      server.model.requests.at(-1)?.body ?? {};
    assert.deepEqual(sent, asked);
  });

  test("an answer of nothing but calls is whole where tools were offered; the next question is told nothing of them", async () => {
    const id = await calls.newConversation();
    const path = `/conversations/${id}/messages`;
    say([callOf(0, { name: "look", arguments: "{}" }, { id: "a" }), event({}, "stop")]);
    const asked = { content: "Look", tools: [TOOL], parts: true };
    const { body } = await calls.call(path, { body: asked });
    const { status, content, finish_reason, parts } = body.data[1];
    assert.deepEqual([status, content, finish_reason], ["complete", "", "tool_calls"]);
    assert.deepEqual(parts, [{ ...CALL, call_id: "a", arguments: "{}" }]);
    await calls.call(path, { body: { content: "And now?" } });
    assert.deepEqual(server.model.requests.at(-1)?.body?.messages, [
      { role: "user", content: "Look" },
      { role: "user", content: "And now?" },
    ]);
  });

  test("[X4] what cannot be asked is refused in words; nothing is stored and no model is asked", async () => {
    const id = await calls.newConversation();
    const path = `/conversations/${id}/messages`;
    const before = server.model.requests.length;
    const tool = (given: object) => ({ tools: [{ type: "function", function: given }] });
    const bad: readonly (readonly [body: object, field: RegExp, message: RegExp])[] = [
      [{ tools: "look" }, /^tools/, /tools must be/],
      [{ tools: [{ type: "search" }] }, /^tools/, /tools/],
      [tool({}), /^tools/, /name/],
      [tool({ name: "a b" }), /^tools/, /name/],
      [tool({ name: "x".repeat(65) }), /^tools/, /name/],
      [tool({ name: "look", parameters: "none" }), /^tools/, /parameters/],
      [{ tools: Array.from({ length: 129 }, () => TOOL) }, /^tools/, /tools/],
      [{ tools: [TOOL, TOOL] }, /^tools/, /two tools of one name/],
      [{ tool_choice: "required" }, /^tool_choice/, /needs tools/],
      [{ tools: [TOOL], tool_choice: "sometimes" }, /^tool_choice/, /tool_choice/],
      [
        { tools: [TOOL], tool_choice: { type: "function", function: { name: "hear" } } },
        /^tool_choice/,
        /not among tools/,
      ],
      [{ response_format: { type: "xml" } }, /^response_format/, /response_format/],
      [{ response_format: { type: "json_schema" } }, /^response_format/, /needs json_schema/],
      [{ reasoning_effort: "hard" }, /^reasoning_effort/, /reasoning_effort/],
      [{ max_tokens: 0 }, /^max_tokens/, /max_tokens/],
      [{ max_tokens: 1.5 }, /^max_tokens/, /max_tokens/],
      [{ parts: "yes" }, /^parts/, /parts must be/],
    ];
    for (const [more, field, message] of bad) {
      const body = { content: "Look", ...more };
      for (const to of [path, `${path}/stream`]) {
        const answer = await calls.call(to, { body });
        assert.equal(answer.status, 400, JSON.stringify(more));
        assert.equal(answer.body.error?.code, "VALIDATION_ERROR");
        assert.match(answer.body.error?.details?.field ?? "", field, JSON.stringify(answer.body));
        assert.match(answer.body.message ?? "", message);
      }
    }
    assert.equal((await calls.call(`${path}?parts=2`)).status, 400);
    assert.equal((await calls.open(`${path}/stream?after=q3`)).status, 400);
    assert.deepEqual((await calls.call(path)).body.data, []);
    assert.equal(server.model.requests.length, before);
  });

  test("a model that calls more than a reply can hold fails in words, with what there was", async () => {
    const id = await calls.newConversation();
    const flips = Array.from({ length: 1_100 }, (_, place) =>
      event(place % 2 ? { content: "a" } : { reasoning: "b" }),
    );
    say(flips);
    const answer = await calls.call(`/conversations/${id}/messages`, { body: { content: "Go" } });
    assert.deepEqual([answer.status, answer.body.error?.code], [502, "MODEL_FAILED"]);
    assert.match(answer.body.message ?? "", /more than 1,000 parts/);
  });
});

test("[H141] a reply says how long it took to whoever asks for parts, live and as it is stored, and what was imported does not", async () => {
  const id = await calls.newConversation();
  const path = `/conversations/${id}/messages`;
  server.model.next({ text: "Hi", delayMs: 30 });
  const begun = performance.now();
  const { data } = (await calls.call(path, { body: { content: "Go", parts: true } })).body;
  const elapsedMs = performance.now() - begun;
  const tookMs = data[1].took_ms;
  assert.ok(tookMs > 15 && tookMs <= elapsedMs + 5, `${tookMs} of ${elapsedMs} ms`);
  assert.ok(!("took_ms" in data[0]));
  for (const [query, shown] of [
    ["?parts=1", tookMs],
    ["?parts=steps", tookMs],
    ["", undefined],
  ])
    assert.equal((await calls.call(`${path}${query}`)).body.data[1].took_ms, shown, `${query}`);
  const messages = [
    { role: "user", content: "Old" },
    { role: "assistant", content: "Answer" },
  ];
  const conversations = [{ id: "old", title: "Old", messages }];
  await calls.call("/conversations/import", { body: { conversations } });
  const [hit] = (await calls.call("/search?q=Old")).body.data;
  const old = (await calls.call(`/conversations/${hit.conversation.id}/messages?parts=1`)).body
    .data;
  assert.ok(!("took_ms" in old[1]));
});

test("the server's figures count cached and thought tokens, what was paid, and how answers ended", {
  skip: BACKEND === "replicas" && "each replica has its own",
}, async () => {
  const operator = await makeKey(server, { isOperator: true });
  const figure = async (name: string): Promise<number> => {
    const headers = { authorization: `Bearer ${operator}` };
    const text = await (await fetch(`${server.url}/metrics`, { headers })).text();
    const line = text.split("\n").find((one) => one.startsWith(`colloquy_${name} `));
    return Number(line?.split(" ")[1] ?? 0);
  };
  const names = [
    'tokens_total{kind="prompt_cached"}',
    'tokens_total{kind="reasoning"}',
    "cost_usd_total",
    'finishes_total{reason="tool_calls"}',
  ];
  const before = await Promise.all(names.map(figure));
  await askedFor(true);
  const now = await Promise.all(names.map(figure));
  assert.deepEqual(
    now.map((value, place) => value - (before[place] ?? 0)),
    [8, 2, 0.5, 1],
  );
});
