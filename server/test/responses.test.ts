// Backends: replicas
// Responses that are kept: how they go on from each other, end, are read and deleted.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { all, type Event, responsesClient, wordsOf } from "./responses-client.ts";
import { sharedServer, type TestServer } from "./shared-server.ts";
import { BACKEND, ONCE } from "./start-server.ts";

const contents = (server: TestServer, at: number) =>
  server.model.requests[at]?.body?.messages?.map(({ content }) => content);
const ABSENT = "resp_00000000000000000000000000000000";

/** Every field that a response has. */
const FIELDS = [
  ...["id", "object", "created_at", "completed_at", "status", "background", "error"],
  ...["incomplete_details", "instructions", "max_output_tokens", "max_tool_calls", "model"],
  ...["output", "parallel_tool_calls", "previous_response_id", "prompt_cache_key", "reasoning"],
  ...["safety_identifier", "service_tier", "store", "temperature", "text", "tool_choice", "tools"],
  ...["top_logprobs", "top_p", "truncation", "usage", "user", "metadata", "presence_penalty"],
  ...["frequency_penalty", "conversation"],
];

test(
  "[OR1] [OR11] [OX5] a response has every field, and is read as it was answered, also on wire 004",
  ONCE,
  async () => {
    const server = await sharedServer();
    const { create, get, user } = responsesClient(server);
    const { status, body, headers } = await create({ input: "Hello {{reply text=Hi usage}}" });
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body).sort(), [...FIELDS].sort());
    assert.match(body.id, /^resp_[0-9a-f]{32}$/);
    assert.equal(headers.get("x-response-id"), body.id);
    const hex = body.id.slice("resp_".length);
    assert.deepEqual(body.output, [
      {
        id: `msg_${hex}`,
        type: "message",
        status: "completed",
        role: "assistant",
        content: [{ type: "output_text", text: "Hi", annotations: [], logprobs: [] }],
      },
    ]);
    assert.deepEqual(body.usage, {
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: 1,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 11,
    });
    const { temperature, top_p, truncation, tool_choice, parallel_tool_calls, store } = body;
    assert.deepEqual(
      { temperature, top_p, truncation, tool_choice, parallel_tool_calls, store },
      {
        temperature: 1,
        top_p: 1,
        truncation: "disabled",
        tool_choice: "auto",
        parallel_tool_calls: true,
        store: true,
      },
    );
    assert.deepEqual(
      [body.conversation, body.previous_response_id, body.metadata],
      [null, null, {}],
    );
    assert.ok(Number.isSafeInteger(body.created_at) && body.completed_at >= body.created_at);
    assert.deepEqual((await get(body.id)).body, body);
    const uuid = hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
    const message = await caller(server.url).call(`/messages/${uuid}`, { user });
    assert.equal(message.body.data.content, "Hi");
  },
);

test(
  "[OR2] how a reply ended is its status: whole, cut by its length, filtered, cut off later",
  ONCE,
  async () => {
    const server = await sharedServer();
    const { create } = responsesClient(server);
    const ended = async (script: string) => {
      const { status, body } = await create({ input: `{{reply text="a b" ${script}}}` });
      assert.equal(status, 200);
      return [body.status, body.incomplete_details, body.error?.code ?? null, wordsOf(body)];
    };
    assert.deepEqual(await ended("usage"), ["completed", null, null, "a b"]);
    assert.deepEqual(await ended("finishReason=length"), [
      "incomplete",
      { reason: "max_output_tokens" },
      null,
      "a b",
    ]);
    assert.deepEqual(await ended("finishReason=content_filter"), [
      "incomplete",
      { reason: "content_filter" },
      null,
      "a b",
    ]);
    const [status, , code, words] = await ended("cut=1");
    assert.deepEqual([status, code, words], ["failed", "server_error", "a "]);
  },
);

test("[OR4] [OR5] a response goes on from any other, any number of times, and instructions do not follow", async () => {
  const server = await sharedServer();
  const { create } = responsesClient(server);
  const say = async (name: string, more: object = {}) =>
    (await create({ input: `${name} {{reply text=re-${name}}}`, ...more })).body;
  const told = (name: string) => `${name} {{reply text=re-${name}}}`;
  const a = await say("a", { instructions: "Only for a." });
  const b = await say("b", { previous_response_id: a.id });
  await say("c", { previous_response_id: b.id, instructions: "Only for c." });
  const d = await say("d", { previous_response_id: a.id });
  await say("e", { previous_response_id: d.id });
  assert.equal(d.previous_response_id, a.id);
  assert.deepEqual(contents(server, 0), ["Only for a.", told("a")]);
  assert.deepEqual(contents(server, 1), [told("a"), "re-a", told("b")]);
  assert.deepEqual(contents(server, 2), [
    "Only for c.",
    told("a"),
    "re-a",
    told("b"),
    "re-b",
    told("c"),
  ]);
  assert.deepEqual(contents(server, 3), [told("a"), "re-a", told("d")]);
  assert.deepEqual(contents(server, 4), [told("a"), "re-a", told("d"), "re-d", told("e")]);
});

test("[OR3] [OR5] [OR11] tools: a call is an item, and its output goes on from the response that made it", async () => {
  const server = await sharedServer();
  const { create } = responsesClient(server);
  const tools = [{ type: "function", name: "look", parameters: { type: "object" } }];
  const asked = (await create({ input: "{{reply tokens=25 mixed}}", tools })).body;
  const calls = asked.output.filter(({ type }: Event) => type === "function_call");
  assert.equal(calls.length, 1);
  const [{ call_id, name, id, status }] = calls;
  assert.deepEqual([call_id, name, status], ["call_1", "look", "completed"]);
  assert.equal(id, `fc_${asked.id.slice("resp_".length)}`);
  assert.ok(asked.output.some(({ type }: Event) => type === "reasoning"));
  const next = await create({
    previous_response_id: asked.id,
    input: [{ type: "function_call_output", call_id, output: "seen" }],
    tools,
  });
  assert.equal(next.status, 200, next.text);
  const { messages = [] } = server.model.requests[1]?.body ?? {};
  assert.deepEqual(messages.at(-1), { role: "tool", tool_call_id: "call_1", content: "seen" });
  const refused = await create({
    previous_response_id: asked.id,
    input: [{ type: "function_call_output", call_id: "call_2", output: "x" }],
  });
  assert.equal(refused.status, 400);
  assert.match(refused.body.error.message, /^No tool call found/);
});

test("[OR5] [OX2] a response that is not there, or is another user's, is told in the same words", async () => {
  const server = await sharedServer();
  const mine = responsesClient(server);
  const other = responsesClient(server);
  const { id } = (await mine.create({ input: "{{reply text=x}}" })).body;
  for (const previous of [id, ABSENT, "resp_1", "x"]) {
    const { status, body } = await other.create({ input: "x", previous_response_id: previous });
    assert.deepEqual([status, body.error.code], [404, "previous_response_not_found"]);
    assert.equal(body.error.param, "previous_response_id");
  }
  const words = async (wanted: string) => (await other.get(wanted)).text.replaceAll(wanted, "ID");
  assert.equal(await words(id), await words(ABSENT));
  for (const [method, path] of [
    ["DELETE", ""],
    ["POST", "/cancel"],
    ["GET", "/input_items"],
  ] as const)
    assert.equal((await other.call(method, `/responses/${id}${path}`)).status, 404);
});

test("[OR7] [OX3] a response that fails before its first word leaves nothing, and may be sent again", async () => {
  const server = await sharedServer();
  const { call, create, stream, get } = responsesClient(server);
  const { id: conversation } = (await call("POST", "/conversations", {})).body;
  server.model.next({ failStatus: 400 }, { failStatus: 400 }, { text: "whole" });
  const failed = await create({ input: "first", conversation });
  assert.equal(failed.status, 400);
  const events = await all(stream({ input: "second", conversation }));
  const [error, last] = events.slice(-3);
  assert.equal(error?.type, "error");
  assert.equal(error?.message, error?.error.message);
  assert.equal(last?.type, "response.failed");
  assert.equal((await get(last?.response.id)).status, 404);
  const items = async () => (await call("GET", `/conversations/${conversation}/items`)).body.data;
  assert.deepEqual(await items(), []);
  const { body } = await create({ input: "third", conversation });
  assert.equal(wordsOf(body), "whole");
  assert.deepEqual(contents(server, 2), ["third"]);
  assert.equal((await items()).length, 2);
});

test("[OX3] what an SDK sends again by itself is one response", {
  skip: BACKEND === "replicas" && "a repeat is known to the server that had the first",
}, async () => {
  const server = await sharedServer();
  const { create } = responsesClient(server);
  const send = (count: string) =>
    create({ input: "once {{reply text=one}}" }, { "x-stainless-retry-count": count });
  const first = await send("0");
  const again = await send("1");
  assert.equal(again.body.id, first.body.id);
  assert.equal(server.model.requests.length, 1);
  assert.notEqual((await send("0")).body.id, first.body.id);
});

test("[OR8] [OX11] of a response that is not stored nothing is kept, and nothing can be asked of it", async () => {
  const server = await sharedServer();
  const { create, get, stream } = responsesClient(server);
  const marker = `kept-${Math.random().toString(36).slice(2)}`;
  const { id, store } = (
    await create({ input: `${marker} {{reply text=${marker}}}`, store: false })
  ).body;
  await all(stream({ input: `${marker} {{reply text=${marker}}}`, store: false }));
  assert.equal(store, false);
  assert.equal((await get(id)).status, 404);
  const next = await create({ input: "x", previous_response_id: id });
  assert.equal(next.body.error.code, "previous_response_not_found");
  for (const file of readdirSync(server.directory, { recursive: true, withFileTypes: true }))
    if (file.isFile())
      assert.ok(!readFileSync(join(file.parentPath, file.name)).includes(marker), file.name);
});

test("[OR15] a deleted response is gone, and the items of its conversation stay", async () => {
  const server = await sharedServer();
  const { call, create, get } = responsesClient(server);
  const { id: conversation } = (await call("POST", "/conversations", {})).body;
  const { id } = (await create({ input: "{{reply text=one}}", conversation })).body;
  const deleted = await call("DELETE", `/responses/${id}`);
  assert.deepEqual(deleted.body, { id, object: "response", deleted: true });
  assert.equal((await get(id)).status, 404);
  assert.equal((await call("DELETE", `/responses/${id}`)).status, 404);
  const items = await call("GET", `/conversations/${conversation}/items`);
  assert.equal(items.body.data.length, 2);
});

test("[OR15] what a response without a conversation said goes with the last response that goes on from it", async () => {
  const server = await sharedServer();
  const { call, create, user } = responsesClient(server);
  const first = (await create({ input: "{{reply text=one}}" })).body;
  const second = (await create({ input: "{{reply text=two}}", previous_response_id: first.id }))
    .body;
  await call("DELETE", `/responses/${first.id}`);
  const third = await create({ input: "{{reply text=x}}", previous_response_id: second.id });
  assert.deepEqual(contents(server, 2)?.[1], "one");
  for (const { id } of [second, third.body]) await call("DELETE", `/responses/${id}`);
  const owner = { tenantId: "local", userId: user };
  const left: string[] = [];
  for await (const record of server.store.exportRecords())
    if (record.type === "conversation" && record.owner.userId === owner.userId)
      left.push(record.conversation.id);
  assert.deepEqual(left, []);
});

test("[OR15] [OX6] input items are those of that response alone, newest first, in pages", async () => {
  const server = await sharedServer();
  const { call, create } = responsesClient(server);
  const first = (await create({ input: "zero {{reply text=one}}" })).body;
  const { id } = (
    await create({
      previous_response_id: first.id,
      input: [
        { role: "developer", content: "D" },
        { role: "user", content: "U" },
        { role: "assistant", content: "A" },
        { role: "user", content: "V" },
      ],
    })
  ).body;
  const list = async (query = "") =>
    (await call("GET", `/responses/${id}/input_items${query}`)).body;
  const textsOf = ({ data }: { data: Event[] }) => data.map(({ content }) => content[0].text);
  assert.deepEqual(textsOf(await list()), ["V", "A", "U", "D"]);
  const page = await list("?order=asc&limit=2");
  assert.deepEqual(textsOf(page), ["D", "U"]);
  assert.deepEqual([page.object, page.has_more, page.last_id], ["list", true, page.data[1].id]);
  const rest = await list(`?order=asc&after=${page.last_id}`);
  assert.deepEqual(textsOf(rest), ["A", "V"]);
  assert.equal(rest.has_more, false);
  assert.deepEqual(
    rest.data.map(({ role }: Event) => role),
    ["assistant", "user"],
  );
  assert.equal((await call("GET", `/responses/${id}/input_items?after=msg_x`)).status, 404);
  assert.equal((await call("GET", `/responses/${id}/input_items?limit=0`)).status, 400);
});

test("[OR16] a response in the background is answered at once, polled, and cancelled with what was said", async () => {
  const server = await sharedServer();
  const { call, create, get, replay } = responsesClient(server);
  const begun = await create({ input: '{{reply text="a b c" hold=2}}', background: true });
  assert.deepEqual([begun.status, begun.body.status, begun.body.background], [200, "queued", true]);
  const { id } = begun.body;
  const watched = all(replay(id));
  await server.model.held();
  assert.equal((await get(id)).body.status, "in_progress");
  const cancelled = await call("POST", `/responses/${id}/cancel`);
  assert.equal(cancelled.status, 200);
  assert.equal(cancelled.body.status, "cancelled");
  assert.equal(wordsOf(cancelled.body), "a b ");
  assert.deepEqual((await call("POST", `/responses/${id}/cancel`)).body, cancelled.body);
  assert.deepEqual((await get(id)).body, cancelled.body);
  const last = (await watched).at(-2);
  assert.equal(last?.type, "response.incomplete");
  assert.deepEqual(last?.response, cancelled.body);
  const other = (await create({ input: "{{reply text=x}}" })).body;
  assert.equal((await call("POST", `/responses/${other.id}/cancel`)).status, 400);
});

test("[OR16] one that ends in the background is there afterwards, also if it failed before its first word", async () => {
  const server = await sharedServer();
  const { create, replay, get } = responsesClient(server);
  const ended = async (input: string) => {
    const { id } = (await create({ input, background: true })).body;
    await all(replay(id));
    return (await get(id)).body;
  };
  assert.equal(wordsOf(await ended("{{reply text=whole}}")), "whole");
  const failed = await ended("{{reply failStatus=400}}");
  assert.deepEqual([failed.status, failed.error.code], ["failed", "invalid_prompt"]);
});

test("[OX12] a client that goes away stops nothing that is stored", async () => {
  const server = await sharedServer();
  const { stream, replay } = responsesClient(server);
  const leaving = new AbortController();
  let id = "";
  await assert.rejects(async () => {
    const input = '{{reply text="a b c" hold=2}}';
    for await (const event of stream({ input }, leaving.signal)) {
      id ||= event.response?.id;
      if (event.type === "response.output_text.delta") leaving.abort();
    }
  });
  server.model.release();
  const last = (await all(replay(id))).at(-2);
  assert.equal(last?.type, "response.completed");
  assert.equal(wordsOf(last?.response), "a b c");
});

const PIXEL =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
const PICTURE = "https://example.org/picture.png";

test(
  "[OR3] [ON3] images and files are kept with their message: told again later, and items of it",
  ONCE,
  async () => {
    const server = await sharedServer();
    const { call, create } = responsesClient(server);
    const content = [
      { type: "input_text", text: "Look {{reply text=seen}}" },
      { type: "input_image", image_url: PIXEL },
      { type: "input_image", image_url: PICTURE },
      { type: "input_file", filename: "note.txt", file_data: "data:text/plain;base64,aGVsbG8=" },
    ];
    for (const more of [{}, { conversation: `with images ${Math.random()}` }]) {
      server.model.forget();
      const first = await create({ input: [{ role: "user", content }], ...more });
      assert.equal(first.status, 200, first.text);
      const next = { input: "Again {{reply text=yes}}" };
      await create(
        "conversation" in more
          ? { ...next, ...more }
          : { ...next, previous_response_id: first.body.id },
      );
      const told = server.model.requests.map(({ body }) => JSON.stringify(body?.messages));
      for (const [index, text] of told.entries()) {
        assert.ok(text.includes(PIXEL), `the image's bytes in request ${index}`);
        assert.ok(text.includes(PICTURE), `the address in request ${index}`);
        assert.ok(text.includes("note.txt"), `the file in request ${index}`);
      }
      const { data } = (await call("GET", `/responses/${first.body.id}/input_items`)).body;
      assert.deepEqual(
        data[0].content.map(({ type }: Event) => type),
        ["input_text", "input_image", "input_image", "input_file"],
      );
    }
  },
);
