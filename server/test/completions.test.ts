// OpenAI's Chat Completions that nothing keeps: what is asked of the model, and how its answer is told.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { event, PNG, readStream, twoCalls, WEATHER } from "./completions-client.ts";
import { startServer } from "./start-server.ts";
import { send } from "./wire-client.ts";

const server = await startServer();
after(() => server[Symbol.asyncDispose]());

const HEADERS = { authorization: "Bearer any" };
const ask = (body: unknown, headers: Record<string, string> = {}) =>
  send(server, "POST", "/v1/chat/completions", body, { ...HEADERS, ...headers });
const user = (content: unknown) => [{ role: "user", content }];
const complete = (content: unknown, more: object = {}) =>
  ask({ model: "scripted", messages: user(content), ...more });
const stream = async (content: unknown, more: object = {}) => {
  const { text, headers, status } = await complete(content, { stream: true, ...more });
  assert.equal(status, 200, text);
  assert.equal(headers.get("content-type"), "text/event-stream; charset=utf-8");
  return readStream(text);
};
/** What the model was asked last. */
const asked = () => server.model.requests.at(-1)?.body ?? assert.fail();
const raw = (...pieces: readonly string[]) => server.model.next({ raw: pieces });

test("[OC1] a whole answer has every field of a completion, and what its provider counted", async () => {
  const { status, headers, body } = await complete("Hello there");
  assert.equal(status, 200);
  assert.equal(headers.get("openai-version"), "2020-10-01");
  assert.match(body.id, /^chatcmpl-[0-9a-f]{32}$/);
  assert.ok(Math.abs(body.created - Date.now() / 1000) < 60);
  const { id, created, ...rest } = body;
  assert.deepEqual(rest, {
    object: "chat.completion",
    model: "scripted",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: "Echo: Hello there",
          refusal: null,
          annotations: [],
        },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage: {
      prompt_tokens: 10,
      completion_tokens: 3,
      total_tokens: 13,
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
      completion_tokens_details: {
        reasoning_tokens: 0,
        audio_tokens: 0,
        accepted_prediction_tokens: 0,
        rejected_prediction_tokens: 0,
      },
    },
    service_tier: "default",
    system_fingerprint: null,
  });
});

test("[OC1] an answer ends as its provider says: cut by its length, filtered, or asking for tools", async () => {
  for (const [said, told] of [
    ["length", "length"],
    ["content_filter", "content_filter"],
    ["max_tokens", "length"],
    ["stop", "stop"],
  ]) {
    server.model.next({ text: "So far", finishReason: said! });
    assert.equal((await complete("x")).body.choices[0].finish_reason, told);
    server.model.next({ text: "So far", finishReason: said! });
    const { chunks } = await stream("x");
    assert.equal(chunks.at(-1).choices[0].finish_reason, told);
  }
});

test("[OC2] usage says what was cached and thought, and where nothing is counted it is estimated and says so", async () => {
  server.model.next({ cachedTokens: 4, thoughtTokens: 2 });
  const { usage } = (await complete("x")).body;
  assert.equal(usage.prompt_tokens_details.cached_tokens, 4);
  assert.equal(usage.completion_tokens_details.reasoning_tokens, 2);
  assert.equal(usage.estimated, undefined);
  server.model.next({ usage: false, text: "some words of an answer" });
  const estimated = (await complete("How many tokens is this?")).body.usage;
  assert.equal(estimated.estimated, true);
  assert.ok(estimated.prompt_tokens > 3 && estimated.completion_tokens > 2);
  assert.equal(estimated.total_tokens, estimated.prompt_tokens + estimated.completion_tokens);
});

test("[OC3] the model is told exactly the messages that were sent, in their order, and nothing else", async () => {
  await using prompted = await startServer({ environment: { SYSTEM_PROMPT: "Never told" } });
  const messages = [
    { role: "user", content: "" },
    { role: "system", content: "Be brief" },
    { role: "assistant", content: "  " },
    { role: "system", content: "Be kind" },
    {
      role: "assistant",
      content: null,
      tool_calls: [
        { id: "call_1", type: "function", function: { name: "weather", arguments: "{}" } },
      ],
    },
    { role: "tool", tool_call_id: "call_1", content: "It rains" },
    { role: "user", content: "And now?", name: "ann" },
  ];
  const { status, text } = await send(
    prompted,
    "POST",
    "/v1/chat/completions",
    { model: "scripted", messages, tools: [WEATHER] },
    HEADERS,
  );
  assert.equal(status, 200, text);
  assert.deepEqual(prompted.model.requests.at(-1)?.body?.messages, messages);
  // The role that only OpenAI knows is another provider's `system`.
  await ask({ model: "scripted", messages: [{ role: "developer", content: "D" }, ...user("U")] });
  assert.match(asked().messages![0]!.role, /^(?:system|developer)$/);
});

test("[OC3] a bad message is refused by the path of the field that is at fault", async () => {
  for (const [message, param, code] of [
    [{ role: "function", name: "f", content: "x" }, "role", "unsupported_value"],
    [{ role: "robot", content: "x" }, "role", "invalid_value"],
    [{ content: "x" }, "role", "missing_required_parameter"],
    [{ role: "user" }, "content", "missing_required_parameter"],
    [{ role: "user", content: 5 }, "content", "invalid_type"],
    [{ role: "tool", content: "x" }, "tool_call_id", "missing_required_parameter"],
    [{ role: "user", content: ["x"] }, "content[0]", "invalid_type"],
    [{ role: "user", content: [{ type: "video" }] }, "content[0].type", "invalid_value"],
    [{ role: "system", content: [{ type: "image_url" }] }, "content[0].type", "invalid_value"],
    [{ role: "assistant", tool_calls: [{}] }, "tool_calls[0].id", "missing_required_parameter"],
  ] as const) {
    const { status, body } = await ask({ model: "scripted", messages: [...user("a"), message] });
    assert.equal(status, 400, param);
    assert.deepEqual([body.error.param, body.error.code], [`messages[1].${param}`, code]);
  }
});

test("[OC4] pictures, files and sound are sent on as they came, and an address is not fetched", async () => {
  const parts = [
    { type: "text", text: "What is this?" },
    { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}`, detail: "low" } },
    { type: "image_url", image_url: { url: "https://192.0.2.1/never-fetched.png" } },
    { type: "file", file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${PNG}` } },
    { type: "input_audio", input_audio: { data: PNG, format: "wav" } },
  ];
  const { status, text } = await complete(parts);
  assert.equal(status, 200, text);
  assert.deepEqual(asked().messages?.[0]?.content, parts);
  const answers = await Promise.all([
    complete([{ type: "image_url", image_url: { url: "http://192.0.2.1/a.png" } }]),
    complete([{ type: "file", file: { file_id: "file-1" } }]),
    complete([{ type: "input_audio", input_audio: { data: PNG } }]),
  ]);
  assert.deepEqual(
    answers.map(({ status, body }) => [status, body.error.param, body.error.code]),
    [
      [400, "messages[0].content[0].image_url.url", "invalid_value"],
      [400, "messages[0].content[0].file.file_id", "invalid_value"],
      [400, "messages[0].content[0].input_audio.format", "missing_required_parameter"],
    ],
  );
});

test("[OC4] an assistant's parts may be text and refusals, and are sent on", async () => {
  const said = [
    { type: "text", text: "Well, " },
    { type: "refusal", refusal: "no." },
  ];
  const messages = [...user("a"), { role: "assistant", content: said }, ...user("b")];
  assert.equal((await ask({ model: "scripted", messages })).status, 200);
  assert.deepEqual(asked().messages?.[1]?.content, said);
});

test("[OC5] what a request asks of the answer reaches the provider as it is", async () => {
  const settings = {
    temperature: 0.5,
    top_p: 0.9,
    stop: ["END"],
    presence_penalty: -1,
    frequency_penalty: 1.5,
    logit_bias: { "50256": -100 },
    logprobs: true,
    top_logprobs: 3,
    seed: 7,
    tools: [WEATHER],
    tool_choice: { type: "function", function: { name: "weather" } },
    parallel_tool_calls: false,
    response_format: {
      type: "json_schema",
      json_schema: { name: "answer", strict: true, schema: { type: "object" } },
    },
    reasoning_effort: "low",
    verbosity: "low",
    prediction: { type: "content", content: "Hello" },
  };
  const ignored = {
    service_tier: "flex",
    safety_identifier: "s",
    moderation: {},
    user: "somebody",
    unknown_field: [1],
  };
  const { status, text } = await complete("x", { ...settings, ...ignored, max_tokens: 50 });
  assert.equal(status, 200, text);
  const { model, messages, stream: isStream, stream_options, max_tokens, ...rest } = asked();
  assert.deepEqual(rest, settings);
  assert.equal(max_tokens, 50);
  for (const choice of ["none", "auto", "required"] as const) {
    await complete("x", { tools: [WEATHER], tool_choice: choice });
    assert.equal(asked().tool_choice, choice);
  }
  const allowed = {
    type: "allowed_tools",
    allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: "weather" } }] },
  };
  await complete("x", { tools: [WEATHER], tool_choice: allowed });
  assert.deepEqual(asked().tool_choice, allowed);
});

test("[OC5] what is out of bounds, not here or of a wrong type is refused with the field's name", async () => {
  for (const [more, param, code] of [
    [{ temperature: 2.1 }, "temperature", "decimal_above_max_value"],
    [{ top_p: -0.1 }, "top_p", "decimal_below_min_value"],
    [{ n: 0 }, "n", "integer_below_min_value"],
    [{ n: 9 }, "n", "integer_above_max_value"],
    [{ max_tokens: 0 }, "max_tokens", "integer_below_min_value"],
    [{ max_completion_tokens: 1.5 }, "max_completion_tokens", "invalid_type"],
    [{ stop: ["a", "b", "c", "d", "e"] }, "stop", "array_above_max_length"],
    [{ stop: [5] }, "stop[0]", "invalid_type"],
    [{ stream: "yes" }, "stream", "invalid_type"],
    [{ stream_options: true }, "stream_options", "invalid_type"],
    [{ logit_bias: { "5": 101 } }, "logit_bias.5", "decimal_above_max_value"],
    [{ top_logprobs: 2 }, "top_logprobs", "invalid_value"],
    [{ response_format: { type: "xml" } }, "response_format.type", "invalid_value"],
    [
      { response_format: { type: "json_schema" } },
      "response_format.json_schema",
      "missing_required_parameter",
    ],
    [{ tools: [{ type: "web_search" }] }, "tools[0].type", "unsupported_value"],
    [{ tools: [{ type: "function" }] }, "tools[0].function", "missing_required_parameter"],
    [{ tools: [WEATHER, WEATHER] }, "tools[1]", "invalid_value"],
    [{ tool_choice: "required" }, "tool_choice", "invalid_value"],
    [
      { tools: [WEATHER], tool_choice: { type: "function", function: { name: "other" } } },
      "tool_choice.function.name",
      "invalid_value",
    ],
    [{ modalities: ["text", "audio"] }, "modalities[1]", "unsupported_value"],
    [{ audio: { voice: "x" } }, "audio", "unsupported_value"],
    [{ web_search_options: {} }, "web_search_options", "unsupported_value"],
    [{ functions: [] }, "functions", "unsupported_value"],
    [{ function_call: "auto" }, "function_call", "unsupported_value"],
    [{ metadata: { a: 1 } }, "metadata.a", "invalid_type"],
    [{ model: 5 }, "model", "invalid_type"],
    [{ model: null }, "model", "missing_required_parameter"],
    [{ messages: [] }, "messages", "empty_array"],
    [{ messages: "Hello" }, "messages", "invalid_type"],
  ] as const) {
    const { status, headers, body } = await complete("x", more);
    assert.equal(status, 400, param);
    assert.deepEqual([body.error.param, body.error.code], [param, code]);
    assert.equal(headers.get("x-should-retry"), "false");
  }
  for (const [bad, type] of [
    ["{", "application/json"],
    ["[]", "application/json"],
    ["", "application/json"],
    ["a=b", "application/x-www-form-urlencoded"],
  ] as const)
    assert.ok((await ask(bad, { "content-type": type })).status >= 400, bad);
});

test("[OX8] unknown fields are ignored, and sent on where the operator allows them by name", async () => {
  await using allowing = await startServer({ environment: { MODEL_EXTRA_FIELDS: "top_k" } });
  const body = { model: "scripted", messages: user("x"), top_k: 5, min_p: 0.1 };
  const { status } = await send(allowing, "POST", "/v1/chat/completions", body, HEADERS);
  assert.equal(status, 200);
  const sent = allowing.model.requests.at(-1)?.body ?? assert.fail();
  assert.equal(sent.top_k, 5);
  assert.equal("min_p" in sent, false);
});

test("[OC6] a stream is chunks without event lines: the role, the words, one ending, and the usage where it is asked for", async () => {
  server.model.next({ pieces: ["Hel", "lo"], gapMs: 1, reasoning: "Hmm" });
  const { chunks, isDone } = await stream("x", { stream_options: { include_usage: true } });
  assert.ok(isDone);
  const [first] = chunks;
  for (const chunk of chunks) {
    assert.equal(chunk.id, first.id);
    assert.equal(chunk.object, "chat.completion.chunk");
    assert.equal(chunk.created, first.created);
    assert.equal(chunk.model, "scripted");
  }
  assert.deepEqual(first.choices, [
    {
      index: 0,
      delta: { role: "assistant", content: "" },
      logprobs: null,
      finish_reason: null,
    },
  ]);
  const deltas = chunks.flatMap(({ choices }) =>
    choices.map(({ delta }: { delta: object }) => delta),
  );
  const joined = (field: string) =>
    deltas.map((delta) => (delta as Record<string, string>)[field] ?? "").join("");
  assert.equal(joined("content"), "Hello");
  assert.equal(joined("reasoning_content"), "Hmm");
  const finishes = chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? []);
  assert.deepEqual(finishes, ["stop"]);
  const last = chunks.at(-1);
  assert.deepEqual(last.choices, []);
  assert.equal(last.usage.completion_tokens, 2);
  assert.deepEqual(
    chunks
      .slice(0, -1)
      .map(({ usage }) => usage)
      .filter((usage) => usage !== null),
    [],
  );
  const without = await stream("x");
  assert.ok(without.chunks.every((chunk) => !("usage" in chunk)));
});

test("[OC6] calls of tools are told once by id and name, with their arguments in pieces", async () => {
  raw(...twoCalls);
  const { chunks, isDone } = await stream("x", { tools: [WEATHER] });
  assert.ok(isDone);
  const calls = chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? []);
  const first = calls.filter(({ index }) => index === 0);
  const second = calls.filter(({ index }) => index === 1);
  for (const [made, id, given] of [
    [first, "call_a", '{"city":"Ulm"}'],
    [second, "call_b", '{"city":"Bonn"}'],
  ] as const) {
    assert.deepEqual(
      made
        .filter((call) => call.id !== undefined)
        .map((call) => [call.id, call.type, call.function.name]),
      [[id, "function", "weather"]],
    );
    assert.equal(made.map((call) => call.function.arguments).join(""), given);
  }
  assert.equal(chunks.at(-1).choices[0].finish_reason, "tool_calls");

  raw(...twoCalls);
  const { choices, usage } = (await complete("x", { tools: [WEATHER] })).body;
  assert.equal(choices[0].message.content, null);
  assert.equal(choices[0].finish_reason, "tool_calls");
  assert.deepEqual(choices[0].message.tool_calls, [
    { id: "call_a", type: "function", function: { name: "weather", arguments: '{"city":"Ulm"}' } },
    { id: "call_b", type: "function", function: { name: "weather", arguments: '{"city":"Bonn"}' } },
  ]);
  assert.equal(usage.total_tokens, 12);
});

test("[OC6] several answers and the likelihood of tokens are told as the provider tells them", async () => {
  const likely = { token: "Hi", logprob: -0.1, bytes: [72, 105], top_logprobs: [] };
  const at = (
    index: number,
    delta: object,
    finish: string | null,
    logprobs: object | null = null,
  ) => event(delta, finish, { index, logprobs });
  const pieces = [
    at(0, { role: "assistant", content: "" }, null),
    at(1, { role: "assistant", content: "" }, null),
    at(1, { content: "Hi" }, null, { content: [likely] }),
    at(0, { content: "Yo" }, null, { content: [{ ...likely, token: "Yo" }] }),
    at(0, {}, "stop"),
    at(1, {}, "length"),
    "data: [DONE]\n\n",
  ];
  raw(...pieces);
  const { choices } = (await complete("x", { n: 2, logprobs: true })).body;
  assert.equal(asked().n, 2);
  assert.deepEqual(
    // biome-ignore lint/suspicious/noExplicitAny: see wire-client.ts
    choices.map((it: any) => [
      it.index,
      it.message.content,
      it.finish_reason,
      it.logprobs.content[0].token,
    ]),
    [
      [0, "Yo", "stop", "Yo"],
      [1, "Hi", "length", "Hi"],
    ],
  );
  raw(...pieces);
  const { chunks } = await stream("x", { n: 2, logprobs: true });
  const ofOne = chunks.flatMap(({ choices }) => choices).filter(({ index }) => index === 1);
  assert.deepEqual(ofOne[0].delta, { role: "assistant", content: "" });
  assert.deepEqual(ofOne[1].logprobs, { content: [likely], refusal: null });
  assert.equal(ofOne.at(-1).finish_reason, "length");
});

test("[OX10] the first bytes of a stream come before the model's first word", async () => {
  server.model.next({ hold: 0, text: "At last" });
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { ...HEADERS, "content-type": "application/json" },
    body: JSON.stringify({ model: "scripted", stream: true, messages: user("x") }),
  });
  assert.equal(response.headers.get("x-accel-buffering"), "no");
  assert.equal(response.headers.get("content-encoding"), null);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  assert.match(value ?? "", /"role":"assistant"/);
  server.model.release();
  let rest = "";
  for (let next = await reader.read(); !next.done; next = await reader.read()) rest += next.value;
  assert.ok(rest.includes("At last"));
  assert.ok(rest.endsWith("data: [DONE]\n\n"));
});

test("[OC7] what fails before the first word is an answer with a status; what fails after it a chunk that ends the stream", async () => {
  for (const [failStatus, status, code] of [
    [400, 400, null],
    [401, 502, "provider_error"],
    [403, 502, "provider_error"],
    [429, 429, "rate_limit_exceeded"],
    [500, 502, "provider_error"],
  ] as const)
    for (const isStream of [false, true]) {
      server.model.next(...Array.from({ length: 5 }, () => ({ failStatus, retryAfter: 0 })));
      const { status: told, body } = await complete("x", { stream: isStream });
      assert.deepEqual([told, body.error.code], [status, code], `${failStatus}`);
      server.model.forget();
    }
  server.model.next({ pieces: ["So ", "far"], gapMs: 1, error: 2 });
  const { chunks, isDone } = await stream("x");
  assert.equal(isDone, false);
  assert.deepEqual(Object.keys(chunks.at(-1)), ["error"]);
  assert.equal(chunks.at(-1).error.code, "provider_error");
  assert.ok(chunks.slice(0, -1).every(({ choices }) => choices[0].finish_reason === null));
  server.model.next({ pieces: ["So ", "far"], gapMs: 1, error: 2 });
  const whole = await complete("x");
  assert.deepEqual([whole.status, whole.body.error.type], [502, "server_error"]);
});

test("[OX2] a model that is not offered is 404 model_not_found", async () => {
  const { status, body } = await ask({ model: "gpt-9", messages: user("x") });
  assert.deepEqual([status, body.error.param, body.error.code], [404, "model", "model_not_found"]);
});

test("[OM1] an agent's instructions, model and temperature apply, and the request's own instructions come after them", async () => {
  const agent = {
    name: "pirate",
    instructions: "Be a pirate.",
    temperature: 0.1,
    model: "test-model",
  };
  await send(server, "POST", "/v1/chat/agents", agent, HEADERS);
  const messages = [{ role: "system", content: "And be brief." }, ...user("Ahoy")];
  const { status, text } = await ask({ model: "agent/pirate", messages });
  assert.equal(status, 200, text);
  assert.deepEqual(asked().messages, [{ role: "system", content: "Be a pirate." }, ...messages]);
  assert.equal(asked().temperature, 0.1);
  assert.equal(asked().model, "test-model");
  await ask({ model: "agent/pirate", temperature: 1, messages });
  assert.equal(asked().temperature, 1);
  const none = await ask({ model: "agent/nobody", messages });
  assert.deepEqual([none.status, none.body.error.code], [404, "model_not_found"]);
});

test("[OM2] the built-in model answers under every name, and says that it did", async () => {
  await using builtIn = await startServer({ builtIn: true });
  const body = { model: "gpt-9", messages: user("Hello") };
  const answer = await send(builtIn, "POST", "/v1/chat/completions", body, HEADERS);
  assert.equal(answer.status, 200);
  assert.equal(answer.body.model, "builtin/echo");
});

test("[OX12] a client that goes away stops the provider, and nothing failed by that", async () => {
  for (const isStream of [true, false]) {
    server.model.forget();
    server.model.next({ tokens: 1000, hold: 3, gapMs: 1 });
    const leaving = new AbortController();
    const answer = fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      headers: { ...HEADERS, "content-type": "application/json" },
      body: JSON.stringify({ model: "scripted", stream: isStream, messages: user("x") }),
      signal: leaving.signal,
    }).then((response) => response.text());
    answer.catch(() => {});
    await server.model.held();
    leaving.abort();
    await server.model.aborted();
  }
});

test("[OX11] nothing of a completion is stored", async () => {
  server.model.next({ pieces: ["canary-", "reply"], gapMs: 2 });
  await complete("canary-question");
  for await (const record of server.store.exportRecords())
    assert.doesNotMatch(JSON.stringify(record), /canary-/);
});

test("[OX0] on the paths that wire 001 has, too, the body decides, and each is told errors in its own words", async () => {
  const messages = user("Hello");
  const completion = { model: "scripted", messages };
  type Row = readonly [path: string, body: unknown, status: number, words: "001" | "openai"];
  const table: Row[] = ["/chat/completions", "/api/v1/chat/completions"].flatMap((path): Row[] => [
    [path, { message: "Hello" }, 200, "001"],
    [path, { message: "Hello", messages }, 200, "001"],
    [path, { message: "Hello", model: "scripted" }, 200, "001"],
    [path, { message: 5 }, 400, "001"],
    [path, {}, 400, "001"],
    [path, [], 400, "001"],
    [path, "{", 400, "001"],
    [path, { message: "x".repeat(3_000_000) }, 413, "001"],
    [path, completion, 200, "openai"],
    [path, { messages }, 400, "openai"],
    [path, { ...completion, messages: null }, 400, "openai"],
    [path, { ...completion, messages: user("x".repeat(3_000_000)) }, 200, "openai"],
    [path, { ...completion, temperature: 5 }, 400, "openai"],
  ]);
  table.push(
    ["/v1/chat/completions", { message: "Hello" }, 400, "openai"],
    ["/v1/chat/completions", { message: "Hello", ...completion }, 200, "openai"],
    ["/v1/chat/completions/none/of/these", {}, 404, "openai"],
    ["/api/v1/conversation/message", completion, 400, "001"],
  );
  for (const [path, body, status, words] of table) {
    const answer = await send(server, "POST", path, body, HEADERS);
    const what = `${path} ${JSON.stringify(body).slice(0, 100)}`;
    assert.equal(answer.status, status, `${what} ${answer.text}`);
    const isOpenAi = answer.body.object === "chat.completion" || answer.body.error?.type;
    assert.equal(isOpenAi ? "openai" : "001", words, what);
    assert.equal(answer.headers.get("openai-version"), isOpenAi ? "2020-10-01" : null, what);
  }
  const streamed = await send(
    server,
    "POST",
    "/api/v1/chat/completions",
    { ...completion, stream: true },
    HEADERS,
  );
  assert.ok(readStream(streamed.text).isDone);
  const without = await send(server, "POST", "/chat/completions", completion);
  assert.deepEqual([without.status, without.body.error.type], [401, "invalid_request_error"]);
  assert.equal((await send(server, "POST", "/chat/completions", { message: "Hi" })).status, 200);
});

test("[OX9] a body of 30 MB with a picture of 20 MB and 10,000 messages is taken as it is, and a larger one is refused", async () => {
  const picture = `data:image/png;base64,${PNG.repeat(1).slice(0, 4)}${"QUJD".repeat(5_000_000)}`;
  const content = [
    { type: "text", text: "What is this? \\ \u{1f600}" },
    { type: "image_url", image_url: { url: picture } },
  ];
  const history = Array.from({ length: 10_000 }, (_, index) => ({
    role: index % 2 ? "assistant" : "user",
    content: `Message ${index} ${"x".repeat(800)}`,
  }));
  const body = JSON.stringify({
    model: "scripted",
    messages: [...history, { role: "user", content }],
  })
    // Some clients escape slashes.
    .replaceAll("/png", "\\/png");
  const { status, text } = await ask(body);
  assert.equal(status, 200, text.slice(0, 300));
  const told = asked().messages ?? [];
  assert.equal(told.length, 10_001);
  assert.deepEqual(told.at(-1)?.content, content);
  const tooLarge = await ask(`{"model":"${"x".repeat(33 * 1024 * 1024)}"}`);
  assert.deepEqual([tooLarge.status, tooLarge.body.error.code], [413, "request_too_large"]);
});
