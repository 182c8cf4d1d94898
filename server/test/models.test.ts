// The model providers, over real HTTP: the promises of the port, and the wire as providers speak it.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { echoProvider } from "../src/adapters/models/echo/provider.ts";
import {
  cerebras,
  discoverOllama,
  openRouter,
} from "../src/adapters/models/openai-compatible/presets.ts";
import { openAiCompatible } from "../src/adapters/models/openai-compatible/provider.ts";
import { type ModelServerOptions, startModelServer } from "./model-server.ts";
import {
  asking,
  collect,
  modelContract,
  neverAborted,
  replyOf,
  textOf,
} from "./models.contract.ts";

modelContract("builtin/echo", async () => ({
  provider: echoProvider(),
  model: "echo",
  expected: (message) => `You said: ${message}`,
  slowMessage: "some words to say",
  sent: () => 0,
  letGo: async () => {},
  [Symbol.asyncDispose]: async () => {},
}));

modelContract("openai-compatible", async () => {
  const server = await startModelServer();
  const provider = openAiCompatible({ name: "test", baseUrl: server.url });
  return {
    provider,
    model: "test-model",
    expected: (message) => `Echo: ${message}`,
    slowMessage: "{{reply tokens=5 stall=3}}",
    sent: () => server.requests.length,
    letGo: () => server.aborted(),
    async [Symbol.asyncDispose]() {
      await provider[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
});

/** A provider on a scripted server; both go when the test ends. */
async function startPair(
  options: ModelServerOptions = {},
  create: (baseUrl: string) => ReturnType<typeof openAiCompatible> = (baseUrl) =>
    openAiCompatible({ name: "test", baseUrl, retryDelayMs: 1 }),
) {
  const server = await startModelServer(options);
  const provider = create(server.url);
  return {
    server,
    provider,
    ask: (message: string, more = {}) =>
      collect(replyOf(provider, asking(message, more), neverAborted)),
    async [Symbol.asyncDispose]() {
      await provider[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe("builtin/echo", () => {
  test("a part a word, with its blank", async () => {
    const { parts } = await collect(
      replyOf(echoProvider(), asking("hi  there\nyou"), neverAborted),
    );
    const words = ["You ", "said: ", "hi ", " there\n", "you"];
    assert.deepEqual(parts, [
      ...words.map((text) => ({ type: "text", text })),
      { type: "finish", reason: "stop", word: "stop", model: "echo", usage: null },
    ]);
  });

  test("an abort ends the wait between words", async () => {
    const controller = new AbortController();
    const reply = collect(
      replyOf(echoProvider({ wordDelayMs: 60_000 }), asking("hi"), controller.signal),
    );
    controller.abort(new Error("stopped"));
    assert.deepEqual(await reply, { parts: [], error: new Error("stopped") });
  });
});

describe("what is asked of a provider", () => {
  const key = { apiKey: "sk-test-0123456789" };

  test("the plain wire: streamed, with usage, without what was not asked for", async () => {
    await using pair = await startPair();
    await pair.ask("hello", { fallbacks: ["another"] });
    const [request] = pair.server.requests;
    assert.equal(request?.path, "/v1/chat/completions");
    assert.equal(request?.headers.authorization, undefined);
    assert.deepEqual(request?.body, {
      model: "test-model",
      messages: [{ role: "user", content: "hello" }],
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  test("OpenRouter: attribution, fallbacks, its own usage with the cost", async () => {
    const attribution = { url: "https://example.org", title: "Example" };
    await using pair = await startPair({ script: { costUsd: 0.25 } }, (baseUrl) =>
      openRouter({ ...key, baseUrl, attribution }),
    );
    const { parts } = await pair.ask("hello", { fallbacks: ["b", "c"], temperature: 0.5 });
    const [request] = pair.server.requests;
    assert.equal(request?.headers.authorization, `Bearer ${key.apiKey}`);
    assert.equal(request?.headers["http-referer"], attribution.url);
    assert.equal(request?.headers["x-title"], attribution.title);
    assert.deepEqual(request?.body?.models, ["b", "c"]);
    assert.deepEqual(request?.body?.usage, { include: true });
    assert.equal(request?.body?.temperature, 0.5);
    assert.equal(request?.body?.stream_options, undefined);
    const usage = { promptTokens: 10, completionTokens: 2, totalTokens: 12, costUsd: 0.25 };
    assert.deepEqual(parts.at(-1), {
      type: "finish",
      reason: "stop",
      word: "stop",
      model: "test-model",
      usage,
    });
  });

  test("Cerebras: always a longest reply, since its limiter counts it beforehand", async () => {
    await using pair = await startPair({}, (baseUrl) => cerebras({ ...key, baseUrl }));
    await pair.ask("hello");
    assert.equal(pair.server.requests[0]?.body?.max_completion_tokens, 8192);
  });

  for (const [says, asks] of [
    ["max_tokens", "max_completion_tokens"],
    ["max_completion_tokens", "max_tokens"],
  ] as const)
    test(`a longest answer is asked for; a server that does not know ${says} is asked with ${asks}, and from then on`, async () => {
      await using pair = await startPair(
        {},
        says === "max_tokens" ? undefined : (baseUrl) => cerebras({ ...key, baseUrl }),
      );
      const message = `Unsupported parameter: '${says}' is not supported with this model.`;
      pair.server.next({ failStatus: 400, failBody: { error: { message, code: 400 } } });
      const { parts } = await pair.ask("one two three", { maxTokens: 2 });
      assert.equal(textOf(parts), "Echo: one ");
      await pair.ask("one two three", { maxTokens: 3 });
      assert.deepEqual(
        pair.server.requests.map(({ body }) => [body?.[says], body?.[asks]]),
        [
          [2, undefined],
          [undefined, 2],
          [undefined, 3],
        ],
      );
    });

  test("a server that refuses stream_options is asked without, and from then on", async () => {
    await using pair = await startPair();
    const detail = [{ loc: ["body", "stream_options"], msg: "Extra inputs are not permitted" }];
    pair.server.next({ failStatus: 400, failBody: { detail } });
    assert.equal(textOf((await pair.ask("hello")).parts), "Echo: hello");
    assert.equal(textOf((await pair.ask("again")).parts), "Echo: again");
    assert.deepEqual(
      pair.server.requests.map(({ body }) => "stream_options" in (body ?? {})),
      [true, false, false],
    );
  });

  test("connections are used again, after refusals too", async () => {
    await using pair = await startPair();
    for (let count = 0; count < 5; count++) {
      await pair.ask("hello");
      await pair.ask("hello", { model: "refused-model" });
    }
    assert.equal(pair.server.requests.length, 10);
    assert.ok(pair.server.connections <= 2);
  });
});

describe("the list of models", () => {
  const listed = async (listing: unknown) => {
    await using pair = await startPair({ listing });
    return await pair.provider.models(neverAborted);
  };

  test("says how much a model can take, where the provider does", async () => {
    const data = [
      { id: "openrouter", name: "Open Router", context_length: 1000 },
      { id: "vllm", max_model_len: 2000 },
      { id: "llama.cpp", meta: { n_ctx_train: 3000 } },
      { id: "silent", context_length: "many" },
      { object: "model" },
      null,
    ];
    assert.deepEqual(await listed({ object: "list", data }), [
      { id: "openrouter", name: "Open Router", contextTokens: 1000 },
      { id: "vllm", name: "vllm", contextTokens: 2000 },
      { id: "llama.cpp", name: "llama.cpp", contextTokens: 3000 },
      { id: "silent", name: "silent", contextTokens: null },
    ]);
  });

  test("odd shapes", async () => {
    const one = [{ id: "a", name: "a", contextTokens: null }];
    assert.deepEqual(await listed([{ id: "a" }]), one);
    assert.deepEqual(await listed({ models: [{ model: "a" }] }), one);
    assert.deepEqual(await listed(["a"]), one);
    assert.deepEqual(await listed({ object: "list", data: null }), []);
    await assert.rejects(listed("<html>"), { code: "model_failed" });
    await assert.rejects(listed({ hello: "world" }), { code: "model_failed" });
  });

  test("is asked for once, also by many at the same time; one's abort is its own", async () => {
    await using pair = await startPair();
    const { provider, server } = pair;
    const aborted = provider.models(AbortSignal.abort(new Error("gone")));
    const all = Promise.all(Array.from({ length: 10 }, () => provider.models(neverAborted)));
    await assert.rejects(aborted, new Error("gone"));
    assert.equal((await all).length, 10);
    await provider.models(neverAborted);
    assert.equal(server.listings.length, 1);
  });

  test("a failure is kept too, but not as long", async () => {
    await using pair = await startPair({ listingStatus: 503 }, (baseUrl) =>
      openAiCompatible({ name: "test", baseUrl, modelsFailureCacheMs: 0 }),
    );
    await assert.rejects(pair.provider.models(neverAborted), { code: "model_failed" });
    await assert.rejects(pair.provider.models(neverAborted), { code: "model_failed" });
    assert.equal(pair.server.listings.length, 2);
    await using patient = openAiCompatible({ name: "test", baseUrl: pair.server.url });
    await assert.rejects(patient.models(neverAborted), { code: "model_failed" });
    await assert.rejects(patient.models(neverAborted), { code: "model_failed" });
    assert.equal(pair.server.listings.length, 3);
  });
});

describe("looking for Ollama", () => {
  test("finds the one that answers", async () => {
    await using server = await startModelServer();
    await using provider = await discoverOllama({ baseUrl: server.url.replace("/v1", "") });
    assert.equal(provider?.name, "ollama");
    const { parts } = await collect(replyOf(provider, asking("hello"), neverAborted));
    assert.equal(textOf(parts), "Echo: hello");
  });

  test("gives up soon where nobody answers", async () => {
    const silent = createServer((socket) => socket.resume()).listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    const address = silent.address();
    const port = typeof address === "object" ? address?.port : null;
    const startedMs = performance.now();
    const baseUrl = `http://127.0.0.1:${port}`;
    assert.equal(await discoverOllama({ baseUrl, timeoutMs: 50 }), null);
    await new Promise((resolve) => silent.close(resolve));
    assert.equal(await discoverOllama({ baseUrl, timeoutMs: 50 }), null);
    assert.ok(performance.now() - startedMs < 4000);
  });
});
