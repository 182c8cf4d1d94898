// Anthropic's Messages API, by bare requests.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { estimateRequest } from "../src/dialects/openai/usage.ts";
import { longestTurnOf } from "./event-loop.ts";
import { startServer } from "./start-server.ts";
import { ALICE, type Answer, makeKey, send } from "./wire-client.ts";

const MAX_TURN_MS = 50;
const server = await startServer({ backend: "sqlite" });
after(() => server[Symbol.asyncDispose]());
const actingKey = await makeKey(server, { userId: "a robot", actAs: true });

const VERSION = { "anthropic-version": "2023-06-01" };
const newUser = () => ({ ...VERSION, "x-api-key": actingKey, "x-user-id": randomUUID() });
const BODY = {
  model: "scripted",
  max_tokens: 100,
  messages: [{ role: "user", content: "Hello" }],
} as const;

const post = (body: object, headers: Record<string, string> = newUser(), path = "/v1/messages") =>
  send(server, "POST", path, body, headers);
const told = () => server.model.requests.at(-1)?.body ?? {};

type Event = { readonly event: string; readonly data: ReturnType<typeof JSON.parse> };

/** The events of a stream, without its comments. */
const eventsOf = ({ text }: Answer): Event[] =>
  text
    .split("\n\n")
    .map((frame) => frame.split("\n").filter((line) => !line.startsWith(":")))
    .filter((lines) => lines.length > 1)
    .map(([event = "", data = ""]) => ({
      event: event.slice("event: ".length),
      data: JSON.parse(data.slice("data: ".length)),
    }));

const namesOf = (events: readonly Event[]) =>
  events.map(({ event }) => event).filter((name, index, all) => name !== all[index - 1]);

const asking = (args: readonly string[], finish = "tool_calls") => ({
  raw: [
    ...[
      { delta: { content: "Let me look." } },
      {
        delta: {
          tool_calls: [{ index: 0, id: "call_1", function: { name: "weather", arguments: "" } }],
        },
      },
      ...args.map((text) => ({
        delta: { tool_calls: [{ index: 0, function: { arguments: text } }] },
      })),
      { delta: {}, finish_reason: finish },
    ].map((choice) => `data: ${JSON.stringify({ choices: [{ index: 0, ...choice }] })}\n\n`),
    "data: [DONE]\n\n",
  ],
});

test("[AM1] a message is answered in the wire's shape, by x-api-key and by a bearer token", async () => {
  for (const more of [{}, { authorization: `Bearer ${actingKey}` }]) {
    server.model.next({ text: "Good day", usage: true, cachedTokens: 2 });
    const { status, body, headers } = await post(BODY, { ...newUser(), ...more });
    assert.equal(status, 200, JSON.stringify(body));
    const { id, usage, ...rest } = body;
    assert.match(id, /^msg_[0-9a-f]{32}$/);
    assert.deepEqual(rest, {
      type: "message",
      role: "assistant",
      model: "scripted",
      content: [{ type: "text", text: "Good day" }],
      stop_reason: "end_turn",
      stop_sequence: null,
    });
    assert.equal(usage.cache_read_input_tokens, 2);
    assert.ok(usage.input_tokens >= 0 && usage.output_tokens > 0);
    assert.match(headers.get("request-id") ?? "", /^req_/);
  }
  const { conversation, message } = await server.store.countRecords();
  assert.deepEqual([conversation, message], [0, 0], "nothing is kept");
});

test("[AM1] the model is told the system, the texts, the pictures, the calls and their results, in their order", async () => {
  const answer = await post({
    ...BODY,
    system: [
      { type: "text", text: "Be brief." },
      { type: "text", text: "Be kind.", cache_control: { type: "ephemeral" } },
    ],
    temperature: 0.5,
    top_p: 0.9,
    stop_sequences: ["END"],
    tools: [{ name: "weather", description: "The weather", input_schema: { type: "object" } }],
    tool_choice: { type: "any", disable_parallel_tool_use: true },
    metadata: { user_id: "somebody" },
    messages: [
      {
        role: "user",
        content: [
          { type: "image", source: { type: "base64", media_type: "image/png", data: "aGk=" } },
          { type: "image", source: { type: "url", url: "https://example.org/a.png" } },
          {
            type: "document",
            source: { type: "base64", media_type: "application/pdf", data: "aGk=" },
          },
          { type: "text", text: "What is this?" },
        ],
      },
      { role: "system", content: [{ type: "text", text: "It is noon." }] },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Hm.", signature: "of another server" },
          { type: "thinking", thinking: "Hm.", signature: "" },
          { type: "thinking", thinking: "Hm." },
          { type: "redacted_thinking", data: "Hm." },
          { type: "text", text: "I look." },
          { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Ulm" } },
        ],
      },
      {
        role: "user",
        content: [
          {
            type: "tool_result",
            tool_use_id: "toolu_1",
            is_error: true,
            content: [
              { type: "text", text: "no such city" },
              { type: "image", source: { type: "base64", media_type: "image/png", data: "aGV5" } },
            ],
          },
          { type: "text", text: "And now?" },
        ],
      },
    ],
  });
  assert.equal(answer.status, 200, answer.text);
  const { messages, tools, ...rest } = told();
  assert.deepEqual(
    messages?.map(({ role }) => role),
    ["system", "user", "system", "assistant", "tool", "user"],
  );
  const [system, first, later, assistant, tool, last] = (messages ?? []).map((one) =>
    JSON.stringify(one),
  );
  assert.match(system ?? "", /Be brief\.\\n\\nBe kind\./);
  for (const part of [
    "data:image/png;base64,aGk=",
    "https://example.org/a.png",
    "data:application/pdf;base64,aGk=",
    "What is this?",
  ])
    assert.ok(first?.includes(part), part);
  assert.ok(later?.includes("It is noon."));
  assert.ok(assistant?.includes('"id":"toolu_1"') && assistant.includes("I look."));
  assert.ok(!assistant?.includes("Hm."), "thoughts are not told again");
  assert.match(tool ?? "", /"tool_call_id":"toolu_1".*failed.*no such city/);
  assert.ok(last?.includes("data:image/png;base64,aGV5") && last.includes("And now?"));
  assert.deepEqual(
    [rest.temperature, rest.top_p, rest.stop, rest.tool_choice, rest.parallel_tool_calls],
    [0.5, 0.9, ["END"], "required", false],
  );
  assert.ok(JSON.stringify(tools).includes('"name":"weather"'));
  assert.ok(rest.max_tokens === 100 || rest.max_completion_tokens === 100);
});

test("[AM1] a call of a tool, a cut answer and a filtered one have their stop_reason", async () => {
  server.model.next(asking(['{"city":', '"Ulm"}']));
  const tools = [{ name: "weather", input_schema: { type: "object" } }];
  const called = await post({ ...BODY, tools });
  assert.equal(called.status, 200, called.text);
  assert.deepEqual(called.body.content, [
    { type: "text", text: "Let me look." },
    { type: "tool_use", id: "call_1", name: "weather", input: { city: "Ulm" } },
  ]);
  assert.equal(called.body.stop_reason, "tool_use");
  for (const [finishReason, reason] of [
    ["length", "max_tokens"],
    ["content_filter", "refusal"],
    ["stop_sequence", "stop_sequence"],
  ] as const) {
    server.model.next({ text: "Well", finishReason });
    assert.equal((await post(BODY)).body.stop_reason, reason);
  }
  server.model.next(asking(['{"city":'], "length"));
  const cut = await post({ ...BODY, tools });
  assert.deepEqual([cut.body.stop_reason, cut.body.content[1]?.input], ["max_tokens", {}]);
});

test("[AM2] a stream has its events in their order, and its deltas are what the whole answer says", async () => {
  const user = newUser();
  const tools = [{ name: "weather", input_schema: { type: "object" } }];
  server.model.next(asking(['{"city":', '"Ulm"}']));
  const answer = await post({ ...BODY, stream: true, tools }, user);
  assert.match(answer.headers.get("content-type") ?? "", /^text\/event-stream/);
  const events = eventsOf(answer);
  for (const { event, data } of events) assert.equal(data.type, event);
  assert.deepEqual(namesOf(events), [
    "message_start",
    "ping",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
  ]);
  const { message } = events[0]?.data ?? {};
  assert.deepEqual([message.content, message.stop_reason], [[], null]);
  assert.ok(message.usage.input_tokens > 0);
  const starts = events.filter(({ event }) => event === "content_block_start");
  assert.deepEqual(
    starts.map(({ data }) => [data.index, data.content_block]),
    [
      [0, { type: "text", text: "" }],
      [1, { type: "tool_use", id: "call_1", name: "weather", input: {} }],
    ],
  );
  const deltas = events.flatMap(({ data }) => (data.type === "content_block_delta" ? [data] : []));
  const joined = (index: number) =>
    deltas
      .filter((delta) => delta.index === index)
      .map(({ delta }) => delta.text ?? delta.partial_json)
      .join("");
  assert.deepEqual([joined(0), joined(1)], ["Let me look.", '{"city":"Ulm"}']);
  const ending = events.at(-2)?.data;
  assert.deepEqual(ending.delta, { stop_reason: "tool_use", stop_sequence: null });
  assert.ok(ending.usage.output_tokens > 0);
});

test("[AM2] thoughts are blocks of their own where the client asks for thinking, and are not told otherwise", async () => {
  for (const [thinking, types] of [
    [{ type: "enabled", budget_tokens: 1024 }, ["thinking", "text"]],
    [{ type: "adaptive", display: "omitted" }, ["text"]],
    [{ type: "disabled" }, ["text"]],
    [undefined, ["text"]],
  ] as const) {
    const script = { reasoning: "Deep in thought.", text: "Done." };
    server.model.next(script, script);
    const { body } = await post({ ...BODY, thinking });
    assert.deepEqual(
      body.content.map(({ type }: { type: string }) => type),
      types,
    );
    const events = eventsOf(await post({ ...BODY, thinking, stream: true }));
    const blocks = events.flatMap(({ data }) => data.content_block?.type ?? []);
    assert.deepEqual(blocks, types);
    const thought = events.map(({ data }) => data.delta?.thinking ?? "").join("");
    assert.equal(thought, thinking?.type === "enabled" ? "Deep in thought." : "");
  }
});

test("[AM2] [AM3] what fails before the first word has a status, and what fails later is an error event that ends the stream", async () => {
  for (const stream of [false, true]) {
    server.model.next({ failStatus: 400 });
    const early = await post({ ...BODY, stream });
    assert.equal(early.status, 400, early.text);
    assert.equal(early.body.error.type, "invalid_request_error");
  }
  server.model.next({ text: "cut off here", cut: 2 });
  const events = eventsOf(await post({ ...BODY, stream: true }));
  const { event, data } = events.at(-1) ?? assert.fail();
  assert.deepEqual([event, data.type, data.error.type], ["error", "error", "api_error"]);
  assert.ok(!events.some(({ event }) => event === "message_stop"));
});

test("[AM3] [OX0] errors are told in the wire's own body, each with its type", async () => {
  const refusals: readonly [object, number, string, RegExp][] = [
    [{ ...BODY, max_tokens: undefined }, 400, "invalid_request_error", /max_tokens/],
    [{ ...BODY, messages: [] }, 400, "invalid_request_error", /messages/],
    [
      { ...BODY, messages: [{ role: "developer", content: "x" }] },
      400,
      "invalid_request_error",
      /messages\[0\]\.role/,
    ],
    [{ ...BODY, temperature: 2 }, 400, "invalid_request_error", /temperature/],
    [{ ...BODY, stop_sequences: [" "] }, 400, "invalid_request_error", /stop_sequences\[0\]/],
    [
      { ...BODY, tools: [{ type: "web_search_20250305", name: "web_search" }] },
      400,
      "invalid_request_error",
      /tools\[0\]\.type.*run it yourself/,
    ],
    [{ ...BODY, tool_choice: { type: "any" } }, 400, "invalid_request_error", /no tools to choose/],
    [
      {
        ...BODY,
        messages: [{ role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_9" }] }],
      },
      400,
      "invalid_request_error",
      /tool_use_id: no tool_use block/,
    ],
    [
      {
        ...BODY,
        messages: [
          { role: "user", content: [{ type: "image", source: { type: "file", file_id: "x" } }] },
        ],
      },
      400,
      "invalid_request_error",
      /'file' is not taken/,
    ],
    [{ ...BODY, mcp_servers: [] }, 400, "invalid_request_error", /mcp_servers/],
    [{ ...BODY, model: "agent/nobody" }, 404, "not_found_error", /agent\/nobody/],
    [{ ...BODY, model: "refused-model" }, 404, "not_found_error", /model/],
  ];
  for (const [body, status, type, message] of refusals) {
    const answer = await post(body);
    assert.equal(answer.status, status, answer.text);
    assert.deepEqual([answer.body.type, answer.body.error.type], ["error", type]);
    assert.match(answer.body.error.message, message);
    assert.equal(answer.body.request_id, answer.headers.get("request-id"));
    assert.equal(answer.headers.get("x-should-retry"), "false");
  }
  const nobody = await post(BODY, { ...VERSION, "x-api-key": "ck_nobody" });
  assert.deepEqual([nobody.status, nobody.body.error.type], [401, "authentication_error"]);
  const two = await post(BODY, { ...newUser(), authorization: "Bearer ck_other" });
  assert.equal(two.status, 401, "two keys that differ are none");
  const method = await send(server, "GET", "/v1/messages", undefined, newUser());
  assert.deepEqual([method.status, method.body.type], [405, "error"]);
  const nowhere = await send(server, "POST", "/v1/messages/batches", {}, newUser());
  assert.deepEqual([nowhere.status, nowhere.body.error.type], [404, "not_found_error"]);
});

test("[AM4] count_tokens estimates without asking a model, also what tools and pictures take", async () => {
  const before = server.model.requests.length;
  const count = async (more: object = {}) => {
    const { max_tokens: _, ...body } = BODY;
    const answer = await post({ ...body, ...more }, newUser(), "/v1/messages/count_tokens");
    assert.equal(answer.status, 200, answer.text);
    return answer.body.input_tokens as number;
  };
  const plain = await count();
  assert.ok(plain > 0);
  assert.ok((await count({ system: "Be brief. ".repeat(100) })) > plain + 100);
  assert.ok((await count({ tools: [{ name: "x", input_schema: { type: "object" } }] })) > plain);
  const image = { type: "image", source: { type: "url", url: "https://example.org/a.png" } };
  assert.ok((await count({ messages: [{ role: "user", content: [image] }] })) > 500);
  assert.equal(server.model.requests.length, before);
});

test("[AM4] a request of many messages is counted while others are served", async (context) => {
  const content = "x".repeat(4000);
  const messages = Array.from({ length: 8000 }, () => ({ role: "user", content }) as const);
  let tokens = 0;
  const mostMs = await longestTurnOf(async () => {
    tokens = await estimateRequest(messages, undefined);
  });
  context.diagnostic(`${mostMs} ms`);
  assert.ok(tokens > 8_000_000, String(tokens));
  assert.ok(mostMs < MAX_TURN_MS, `${mostMs} ms`);
});

test("[AM5] the list of models is told in this wire's shape where the request names its version", async () => {
  const get = (path: string, headers: object = {}) =>
    send(server, "GET", path, undefined, { ...newUser(), ...headers });
  const { body } = await get("/v1/models?limit=1");
  assert.deepEqual(Object.keys(body).sort(), ["data", "first_id", "has_more", "last_id"]);
  const [model] = body.data;
  assert.deepEqual(Object.keys(model).sort(), ["created_at", "display_name", "id", "type"]);
  assert.equal(model.type, "model");
  assert.deepEqual((await get(`/v1/models/${model.id}`)).body, model);
  const next = await get(`/v1/models?after_id=${encodeURIComponent(model.id)}`);
  assert.ok(!next.body.data.some(({ id }: { id: string }) => id === model.id));
  assert.equal((await get("/v1/models?limit=0")).status, 400);
  const bearer = { authorization: `Bearer ${actingKey}` };
  const other = await send(server, "GET", "/v1/models", undefined, bearer);
  assert.equal(other.body.object, "list");
});

test("[AM6] a key's models, its user, a repeat and a metric are what they are on every wire", async () => {
  const limited = await makeKey(server, { userId: ALICE, models: ["openai/other"] });
  const refused = await post(BODY, { ...VERSION, "x-api-key": limited });
  assert.equal(refused.status, 404, refused.text);
  assert.match(refused.body.error.message, /model/);
  const user = { ...newUser(), "x-stainless-retry-count": "0" };
  const before = server.model.requests.length;
  const first = await post(BODY, user);
  const again = await post(BODY, { ...user, "x-stainless-retry-count": "1" });
  assert.equal(again.text, first.text);
  assert.equal(server.model.requests.length, before + 1);
  const agent = await send(
    server,
    "POST",
    "/v1/chat/agents",
    { name: "Pirate", instructions: "Talk like a pirate", model: "scripted" },
    { authorization: `Bearer ${actingKey}`, "x-user-id": user["x-user-id"] },
  );
  assert.equal(agent.status, 201, agent.text);
  assert.equal(
    (await post({ ...BODY, model: "agent/Pirate", system: "Be brief" }, user)).status,
    200,
  );
  assert.deepEqual(
    told()
      .messages?.slice(0, 2)
      .map(({ role, content }) => [role, content]),
    [
      ["system", "Talk like a pirate"],
      ["system", "Be brief"],
    ],
  );
  const operator = await makeKey(server, { isOperator: true });
  const metrics = await send(server, "GET", "/metrics", undefined, {
    authorization: `Bearer ${operator}`,
  });
  assert.match(metrics.text, /wire="messages"|origin="messages"/);
});

test("[OX12] a client that goes away stops the model", async () => {
  server.model.forget();
  server.model.next({ tokens: 100, hold: 3, gapMs: 1 });
  const leaving = new AbortController();
  const asked = fetch(`${server.url}/v1/messages`, {
    method: "POST",
    headers: { ...newUser(), "content-type": "application/json" },
    body: JSON.stringify({ ...BODY, stream: true }),
    signal: leaving.signal,
  });
  await server.model.held();
  leaving.abort();
  await asked.then(
    ({ body }) => assert.rejects(Array.fromAsync(body ?? [])),
    () => undefined,
  );
  await server.model.aborted();
});
