// What a model provider gives besides words: calls of tools, refusals, what was counted; and what it is asked besides.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { echoProvider } from "../src/adapters/models/echo/provider.ts";
import { openAiCompatible } from "../src/adapters/models/openai-compatible/provider.ts";
import { AppError } from "../src/domain/errors.ts";
import type { ModelPart, ModelSettings } from "../src/ports/model.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";
import { asking, collect, neverAborted, replyOf } from "./models.contract.ts";

const TOOLS: ModelSettings = {
  tools: [
    { name: "look", description: "Looks", parameters: { type: "object" }, strict: true },
    { name: "hear", description: null, parameters: null, strict: null },
  ],
};

let model: ModelServer;
let provider: ReturnType<typeof openAiCompatible>;

before(async () => {
  model = await startModelServer();
  provider = openAiCompatible({ name: "test", baseUrl: model.url });
});
after(async () => {
  await provider?.[Symbol.asyncDispose]();
  await model?.[Symbol.asyncDispose]();
});

const event = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ model: "m", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const call = (index: number | undefined, given: object, more: object = {}) =>
  event({ tool_calls: [{ index, ...more, function: given }] });

/** What the provider makes of these events, and what it was asked. */
async function replyTo(events: readonly string[], settings: ModelSettings = TOOLS) {
  model.next({ raw: [...events, "data: [DONE]\n\n"], contentType: "text/event-stream" });
  const { parts, error } = await collect(
    replyOf(provider, asking("Hello", { settings }), neverAborted),
  );
  assert.equal(error, null);
  return { parts, said: joined(parts), finish: parts.at(-1), body: model.requests.at(-1)?.body };
}

/** Where the network cuts a text is left out. */
function joined(parts: readonly ModelPart[]): unknown[] {
  const said: unknown[][] = [];
  for (const part of parts) {
    if (part.type === "finish") continue;
    const last = said.at(-1);
    if (part.type === "tool_call") said.push([part.callId, part.name, part.text]);
    else if (part.type === "arguments") last![2] = `${last![2]}${part.text}`;
    else if (last?.[0] === part.type) last[1] = `${last[1]}${part.text}`;
    else said.push([part.type, part.text]);
  }
  return said;
}

describe("calls of tools", () => {
  test("a call comes as it is written, after the words before it", async () => {
    const { said, finish } = await replyTo([
      event({ role: "assistant", content: "Let me " }),
      event({ content: "look." }),
      call(0, { name: "look", arguments: "" }, { id: "call_1", type: "function" }),
      call(0, { arguments: '{"at":' }),
      call(0, { arguments: '"😀"}' }),
      event({}, "tool_calls"),
    ]);
    assert.deepEqual(said, [
      ["text", "Let me look."],
      ["call_1", "look", '{"at":"😀"}'],
    ]);
    assert.deepEqual(finish?.type === "finish" && [finish.reason, finish.word], [
      "tool_calls",
      "tool_calls",
    ]);
  });

  test("calls that are interleaved come one after the other, and words among them after all", async () => {
    const { parts, said } = await replyTo([
      call(0, { name: "look", arguments: "{" }, { id: "a" }),
      call(1, { name: "hear", arguments: "[" }, { id: "b" }),
      event({ content: "Wait" }),
      call(0, { arguments: "}" }),
      call(1, { arguments: "]" }),
      event({}, "tool_calls"),
    ]);
    assert.deepEqual(said, [
      ["a", "look", "{}"],
      ["b", "hear", "[]"],
      ["text", "Wait"],
    ]);
    assert.equal(parts[0]?.type, "tool_call");
  });

  test("providers that count no calls, or all as the first, that give no id, and that end with stop", async () => {
    const uncounted = await replyTo([
      call(undefined, { name: "look", arguments: "{}" }, { id: "a" }),
      call(undefined, { name: "hear", arguments: "{}" }, { id: "b" }),
      event({}, "stop"),
    ]);
    assert.deepEqual(uncounted.said, [
      ["a", "look", "{}"],
      ["b", "hear", "{}"],
    ]);
    assert.ok(uncounted.finish?.type === "finish" && uncounted.finish.reason === "tool_calls");
    const allFirst = await replyTo([
      call(0, { name: "look", arguments: "{}" }, { id: "a" }),
      call(0, { name: "hear", arguments: "{}" }, { id: "b" }),
      event({}, "tool_calls"),
    ]);
    assert.deepEqual(allFirst.said, uncounted.said);
    const { said } = await replyTo([
      call(0, { name: "look", arguments: { at: 1 } }),
      call(1, { name: "", arguments: "lost" }),
      event({}, "tool_calls"),
    ]);
    const [[id, ...rest] = [], ...others] = said as string[][];
    assert.match(id ?? "", /^call_[\w-]{36}$/);
    assert.deepEqual([rest, others], [["look", '{"at":1}'], []]);
  });

  test("an id that is long, doubled or cannot be seen is replaced, and a name has its bounds", async () => {
    const bad = ["x".repeat(3000), "ж".repeat(100), "a\u0007b", " ", "..", "a/b", "\ud800"];
    const { said } = await replyTo([
      call(0, { name: "look", arguments: "{}" }, { id: "same" }),
      call(1, { name: "look", arguments: "[]" }, { id: "same" }),
      ...bad.map((id, place) => call(2 + place, { name: "look", arguments: "{}" }, { id })),
      call(9, { name: `\0${"n".repeat(3000)}`, arguments: "{}" }, { id: "functions.look:9é" }),
      event({}, "tool_calls"),
    ]);
    const [first, second, ...others] = said as string[][];
    const [last] = others.splice(-1);
    assert.deepEqual(first, ["same", "look", "{}"]);
    assert.deepEqual(second?.slice(1), ["look", "[]"]);
    assert.equal(others.length, bad.length);
    const own = [second, ...others].map(([id = ""] = []) => id);
    for (const id of own) assert.match(id, /^call_[\w-]{36}$/);
    assert.equal(new Set(own).size, own.length);
    assert.deepEqual(last, ["functions.look:9é", `\uFFFD${"n".repeat(255)}`, "{}"]);

    const twice = { id: "a", type: "function", function: { name: "look", arguments: "{}" } };
    const message = { role: "assistant", content: null, tool_calls: [twice, twice] };
    const body = { model: "m", choices: [{ index: 0, message, finish_reason: "tool_calls" }] };
    model.next({ raw: [JSON.stringify(body)], contentType: "application/json" });
    const request = asking("Hello", { settings: TOOLS });
    const whole = joined((await collect(replyOf(provider, request, neverAborted))).parts);
    assert.deepEqual(
      whole.map((one) => (one as string[]).slice(1)),
      [
        ["look", "{}"],
        ["look", "{}"],
      ],
    );
  });

  test("a whole reply in plain JSON has its calls", async () => {
    const message = {
      role: "assistant",
      content: null,
      reasoning: "Hm.",
      tool_calls: [{ id: "a", type: "function", function: { name: "look", arguments: "{}" } }],
    };
    const body = { model: "m", choices: [{ index: 0, message, finish_reason: "tool_calls" }] };
    model.next({ raw: [JSON.stringify(body)], contentType: "application/json" });
    const { parts } = await collect(
      replyOf(provider, asking("Hello", { settings: TOOLS }), neverAborted),
    );
    assert.deepEqual(joined(parts), [
      ["reasoning", "Hm."],
      ["a", "look", "{}"],
    ]);
  });

  test("calls of what nobody offered are left out", async () => {
    const { said, finish } = await replyTo(
      [
        call(0, { name: "look", arguments: "{}" }, { id: "a" }),
        event({ content: "Done" }),
        event({}, "stop"),
      ],
      {},
    );
    assert.deepEqual(said, [["text", "Done"]]);
    assert.ok(finish?.type === "finish" && finish.reason === "stop");
  });

  test("calls are bounded in number and length, as a long text is", async () => {
    const long = "x".repeat(1024 * 1024);
    model.next({
      raw: Array.from({ length: 10 }, (_, index) => call(index, { name: "look", arguments: long })),
      contentType: "text/event-stream",
    });
    const { error } = await collect(
      replyOf(provider, asking("Hello", { settings: TOOLS }), neverAborted),
    );
    assert.ok(error instanceof AppError && error.code === "model_failed", String(error));
    const many = Array.from({ length: 1_001 }, (_, index) => call(index, { name: "look" }));
    model.next({ raw: [many.join("")], contentType: "text/event-stream" });
    const { error: tooMany } = await collect(
      replyOf(provider, asking("Hello", { settings: TOOLS }), neverAborted),
    );
    assert.ok(tooMany instanceof AppError && tooMany.code === "model_failed", String(tooMany));
  });
});

test("a refusal is told apart from the answer", async () => {
  const { said } = await replyTo([
    event({ content: "Well. " }),
    event({ refusal: "I would " }),
    event({ refusal: "rather not." }),
    event({}, "stop"),
  ]);
  assert.deepEqual(said, [
    ["text", "Well. "],
    ["refusal", "I would rather not."],
  ]);
});

test("what was counted: tokens kept from before, tokens of the reasoning, the price", async () => {
  const counted = async (more: object) => {
    const usage = { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12, ...more };
    const { finish } = await replyTo([
      event({ content: "a" }),
      event({}, "stop"),
      `data: ${JSON.stringify({ choices: [], usage })}\n\n`,
    ]);
    return finish?.type === "finish" ? finish.usage : null;
  };
  const all = { promptTokens: 9, completionTokens: 3, totalTokens: 12 };
  assert.deepEqual(await counted({}), all);
  assert.deepEqual(
    await counted({
      cost: 0.5,
      prompt_tokens_details: { cached_tokens: 8, audio_tokens: 1 },
      completion_tokens_details: { reasoning_tokens: 2 },
    }),
    { ...all, cachedTokens: 8, reasoningTokens: 2, costUsd: 0.5 },
  );
  assert.deepEqual(await counted({ prompt_cache_hit_tokens: 7 }), { ...all, cachedTokens: 7 });
  const odd = { cost: -1, prompt_tokens_details: null, completion_tokens_details: "many" };
  assert.deepEqual(await counted(odd), all);
});

test("what is asked besides reaches the provider under its names; what is not asked is not there", async () => {
  const events = [event({ content: "a" }), event({}, "stop")];
  const plain = await replyTo(events, {});
  assert.deepEqual(Object.keys(plain.body ?? {}), [
    "model",
    "messages",
    "stream",
    "stream_options",
  ]);
  const schema = { name: "place", schema: { type: "object" }, strict: true };
  const { body } = await replyTo(events, {
    ...TOOLS,
    toolChoice: { name: "look" },
    responseFormat: { type: "json_schema", schema },
    reasoningEffort: "low",
    maxTokens: 7,
    topP: 0.5,
    seed: 4,
    presencePenalty: 1,
    frequencyPenalty: -1,
    stop: ["END"],
  });
  const { model: _, messages, stream, stream_options, ...asked } = body ?? {};
  assert.deepEqual(asked, {
    max_tokens: 7,
    tools: [
      {
        type: "function",
        function: {
          name: "look",
          description: "Looks",
          parameters: { type: "object" },
          strict: true,
        },
      },
      { type: "function", function: { name: "hear" } },
    ],
    tool_choice: { type: "function", function: { name: "look" } },
    response_format: { type: "json_schema", json_schema: schema },
    reasoning_effort: "low",
    top_p: 0.5,
    seed: 4,
    presence_penalty: 1,
    frequency_penalty: -1,
    stop: ["END"],
  });
});

test("calls and their results go to the provider as its messages, results right after their calls", async () => {
  const call = { type: "tool_call", source: "client", name: "look", arguments: "{}" } as const;
  const result = { type: "tool_result", outcome: "ok", text: "Seen" } as const;
  model.next({});
  await collect(
    replyOf(
      provider,
      asking("", {
        messages: [
          { role: "user", content: "Look" },
          {
            role: "assistant",
            content: "Wait. Done",
            parts: [
              { type: "reasoning", text: "Hm." },
              { type: "text", text: "Wait. " },
              { ...call, callId: "a" },
              { ...call, callId: "b" },
              { ...result, callId: "a" },
              { ...result, callId: "b", outcome: "failed", text: "Dark" },
              { type: "text", text: "Done" },
            ],
          },
        ],
      }),
      neverAborted,
    ),
  );
  const made = (id: string) => ({
    id,
    type: "function",
    function: { name: "look", arguments: "{}" },
  });
  assert.deepEqual(model.requests.at(-1)?.body?.messages, [
    { role: "user", content: "Look" },
    { role: "assistant", content: "Wait. ", tool_calls: [made("a"), made("b")] },
    { role: "tool", tool_call_id: "a", content: "Seen" },
    { role: "tool", tool_call_id: "b", content: "The call failed. Dark" },
    { role: "assistant", content: "Done" },
  ]);
});

test("the built-in echo thinks, calls, refuses and is cut off where lines of a message say so", async () => {
  const echo = echoProvider();
  const hear = async (content: string, settings: ModelSettings = {}) => {
    const { parts } = await collect(replyOf(echo, asking(content, { settings }), neverAborted));
    const finish = parts.at(-1);
    return [joined(parts), finish?.type === "finish" && finish.reason];
  };
  assert.deepEqual(await hear("#think I count\n#think them\nOne two"), [
    [
      ["reasoning", "I count\nthem"],
      ["text", "You said: One two"],
    ],
    "stop",
  ]);
  const called = '#call look {"at":{"x":1}}\n#call hear';
  const [[first, second] = [], reason] = (await hear(called, TOOLS)) as [string[][], string];
  assert.deepEqual(
    [first?.slice(1), second?.slice(1), reason],
    [["look", '{"at":{"x":1}}'], ["hear", "{}"], "tool_calls"],
  );
  assert.deepEqual(await hear(called), [[], "tool_calls"]);
  assert.deepEqual(await hear("#refuse Not today"), [[["refusal", "Not today"]], "stop"]);
  assert.deepEqual(await hear("#cut 3\nOne two three"), [[["text", "You said: One "]], "length"]);
  assert.deepEqual(await hear("One two", { maxTokens: 1 }), [[["text", "You "]], "length"]);
  assert.deepEqual(await hear("# think\n#thinking\n #cut"), [
    [["text", "You said: # think\n#thinking\n #cut"]],
    "stop",
  ]);
});
