// Everything that goes wrong with a provider, at the start and in the middle, and how it must end.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type OpenAiCompatibleOptions,
  openAiCompatible,
} from "../src/adapters/models/openai-compatible/provider.ts";
import { retryAfterMsOf } from "../src/adapters/models/openai-compatible/retry-after.ts";
import { AppError, type ErrorCode } from "../src/domain/errors.ts";
import { type ReplyScript, startModelServer } from "./model-server.ts";
import { asking, collect, neverAborted, textOf } from "./models.contract.ts";

type Settings = Partial<Omit<OpenAiCompatibleOptions, "name" | "baseUrl">>;

async function startPair(script: ReplyScript = {}, settings: Settings = {}) {
  const server = await startModelServer({ script });
  const provider = openAiCompatible({
    name: "test",
    baseUrl: server.url,
    retryDelayMs: 1,
    idleTimeoutMs: 100,
    ...settings,
  });
  return {
    server,
    ask: (signal = neverAborted) => provider.reply(asking("one two three"), signal),
    async [Symbol.asyncDispose]() {
      await provider[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** How a reply to this script ends. */
async function outcome(script: ReplyScript, settings: Settings = {}) {
  await using pair = await startPair(script, settings);
  const { parts, error } = await collect(pair.ask());
  const finishes = parts.filter(({ type }) => type === "finish").length;
  if (error !== null) {
    assert.ok(error instanceof AppError, `not an AppError: ${error}`);
    assert.equal(finishes, 0, "it both failed and finished");
  } else assert.equal(finishes, 1);
  return {
    text: textOf(parts),
    code: error === null ? "finished" : error.code,
    message: error === null ? "" : error.message,
    retryAfterMs: error === null ? undefined : error.retryAfterMs,
    requests: pair.server.requests.length,
  };
}

type Expected = { code: ErrorCode | "finished"; requests: number; text?: string };

const once = (code: ErrorCode): Expected => ({ code, requests: 1 });
const thrice = (code: ErrorCode): Expected => ({ code, requests: 3 });
const whole = "Echo: one two three";

const FAULTS: Readonly<Record<string, readonly [ReplyScript, Expected]>> = {
  "a stall before the head": [{ stall: "head" }, once("model_failed")],
  "a stall at the start": [{ stall: 0 }, once("model_failed")],
  "a stall in the middle": [{ stall: 2 }, { ...once("model_failed"), text: "Echo: one " }],
  "a cut before the head": [{ cut: "head" }, thrice("model_failed")],
  "a cut at the start": [{ cut: 0 }, thrice("model_failed")],
  "a cut in the middle": [{ cut: 2 }, { ...once("model_failed"), text: "Echo: one " }],
  "garbage at the start": [{ garbage: 0 }, once("model_failed")],
  "garbage in the middle": [{ garbage: 2 }, { ...once("model_failed"), text: "Echo: one " }],
  "an error at the start": [{ error: 0 }, thrice("model_failed")],
  "an error in the middle": [{ error: 2 }, { ...once("model_failed"), text: "Echo: one " }],
  "an error in a choice, at the start": [{ error: 0, errorIn: "choice" }, thrice("model_failed")],
  "an error in a choice, in the middle": [
    { error: 2, errorIn: "choice" },
    { ...once("model_failed"), text: "Echo: one " },
  ],
  "an error event, at the start": [{ error: 0, errorIn: "event" }, thrice("model_failed")],
  "an error event, in the middle": [
    { error: 2, errorIn: "event" },
    { ...once("model_failed"), text: "Echo: one " },
  ],
  "a limit in the stream": [{ error: 0, errorBody: { code: 429 } }, thrice("rate_limited")],
  "a limit in the middle": [
    { error: 1, errorBody: { code: "rate_limit_exceeded" } },
    { ...once("rate_limited"), text: "Echo: " },
  ],
  "a refusal in the stream": [{ error: 0, errorBody: { code: 400 } }, once("model_refused")],
  "the finish reason `error`": [
    { finishReason: "error" },
    { ...once("model_failed"), text: whole },
  ],
  "no finish reason": [{ finishReason: null }, { ...once("model_failed"), text: whole }],
  "no finish reason, no text": [{ text: "", finishReason: null }, thrice("model_failed")],
  "no finish reason, no [DONE]": [
    { finishReason: null, noDone: true },
    { ...once("model_failed"), text: whole },
  ],
  "an empty body": [{ raw: [] }, thrice("model_failed")],
  "a web page": [{ raw: ["<html>hello"], contentType: "text/html" }, once("model_failed")],
  "half a JSON body": [{ raw: ['{"choices":[{"mess'] }, once("model_failed")],
  "another JSON body": [{ raw: ['{"hello":"world"}'] }, once("model_failed")],
  "a limit with status 200": [{ raw: ['{"error":{"code":429}}'] }, thrice("rate_limited")],
  "no [DONE]": [{ noDone: true }, { code: "finished", requests: 1, text: whole }],
  "no end": [{ noEnd: true }, { code: "finished", requests: 1, text: whole }],
  "no [DONE], no end": [
    { noDone: true, noEnd: true },
    { code: "finished", requests: 1, text: whole },
  ],
  "plain JSON": [{ json: true }, { code: "finished", requests: 1, text: whole }],
  "CRLF and comments": [
    { crlf: true, comments: true },
    { code: "finished", requests: 1, text: whole },
  ],
  "one byte a write": [
    { split: 1, text: whole },
    { code: "finished", requests: 1, text: whole },
  ],
};

describe("faults", () => {
  for (const [fault, [script, expected]] of Object.entries(FAULTS))
    test(fault, async () => {
      const { code, requests, text } = await outcome(script, { settleMs: 50 });
      assert.deepEqual({ code, requests, text }, { text: "", ...expected });
    });
});

const STATUSES: Readonly<Record<number, Expected>> = {
  302: once("model_failed"),
  400: once("model_refused"),
  401: once("model_failed"),
  402: once("model_failed"),
  403: once("model_failed"),
  404: once("model_refused"),
  408: thrice("model_failed"),
  409: thrice("model_failed"),
  413: once("model_refused"),
  422: once("model_refused"),
  425: thrice("model_failed"),
  429: thrice("rate_limited"),
  500: thrice("model_failed"),
  502: thrice("model_failed"),
  503: thrice("model_failed"),
  504: thrice("model_failed"),
};

describe("statuses", () => {
  for (const [status, expected] of Object.entries(STATUSES))
    test(status, async () => {
      const failStatus = Number(status);
      const script = { failStatus, headers: { location: "/v1/chat/completions" } };
      const { code, requests, text } = await outcome(script);
      assert.deepEqual({ code, requests, text }, { text: "", ...expected });
    });

  test("a provider that recovers is given as if nothing had been", async () => {
    for (const fault of [{ failStatus: 503 }, { cut: 0 }, { error: 0 }] as const) {
      const { code, text, requests } = await outcome({ ...fault, failTimes: 2 });
      assert.deepEqual({ code, text, requests }, { code: "finished", text: whole, requests: 3 });
    }
  });

  test("no more attempts than configured", async () => {
    assert.equal((await outcome({ failStatus: 500 }, { maxRetries: 0 })).requests, 1);
    assert.equal((await outcome({ failStatus: 500 }, { maxRetries: 4 })).requests, 5);
  });

  test("nobody listens", async () => {
    const server = await startModelServer();
    await server[Symbol.asyncDispose]();
    await using provider = openAiCompatible({ name: "test", baseUrl: server.url, retryDelayMs: 1 });
    const { error } = await collect(provider.reply(asking("hello"), neverAborted));
    assert.ok(error instanceof AppError && error.code === "model_failed");
    assert.equal(error.message, "The model provider test cannot be reached");
  });
});

describe("Retry-After", () => {
  const limited: ReplyScript = { failStatus: 429, failTimes: 1 };
  const impatient: Settings = { retryDelayMs: 600_000, maxRetryWaitMs: 900_000 };

  test("decides the wait, in seconds or in milliseconds", async () => {
    for (const header of [{ "retry-after": "0.01" }, { "retry-after-ms": "10" }]) {
      const { code } = await outcome({ ...limited, headers: header }, impatient);
      assert.equal(code, "finished");
    }
  });

  test("is waited for, not less", async () => {
    const startedMs = performance.now();
    await outcome({ ...limited, headers: { "retry-after-ms": "80" } });
    assert.ok(performance.now() - startedMs >= 79);
  });

  test("too long is an error that says when", async () => {
    const { code, retryAfterMs, requests } = await outcome({ ...limited, retryAfter: 30 });
    assert.deepEqual([code, retryAfterMs, requests], ["rate_limited", 30_000, 1]);
  });

  test("all waits together are bounded", async () => {
    const script = { failStatus: 429, headers: { "retry-after-ms": "40" } };
    const { requests } = await outcome(script, { maxRetries: 10, maxRetryWaitMs: 100 });
    assert.equal(requests, 3);
  });

  test("each of its spellings", () => {
    const nowMs = Date.parse("2026-01-01T00:00:00Z");
    const cases: readonly [Record<string, string>, number | null][] = [
      [{}, null],
      [{ "retry-after": "" }, null],
      [{ "retry-after": "soon" }, null],
      [{ "retry-after": "-5" }, null],
      [{ "retry-after": "2" }, 2000],
      [{ "retry-after": "2", "retry-after-ms": "150" }, 150],
      [{ "retry-after": "Thu, 01 Jan 2026 00:00:10 GMT" }, 10_000],
      [{ "retry-after": "Wed, 31 Dec 2025 00:00:10 GMT" }, 0],
      [{ "x-ratelimit-reset-requests": "1m2.5s" }, 62_500],
      [{ "x-ratelimit-reset": String(nowMs + 4000) }, 4000],
      [{ "x-ratelimit-reset": String(nowMs / 1000 + 4) }, 4000],
      [
        { "x-ratelimit-reset-requests-day": "33011.38", "x-ratelimit-reset-tokens-minute": "11.5" },
        11_500,
      ],
      [
        {
          "x-ratelimit-reset-requests-day": "33011.5",
          "x-ratelimit-remaining-requests-day": "0",
          "x-ratelimit-reset-tokens-minute": "11.5",
          "x-ratelimit-remaining-tokens-minute": "500",
        },
        33_011_500,
      ],
    ];
    for (const [headers, expected] of cases)
      assert.equal(retryAfterMsOf(headers, nowMs), expected, JSON.stringify(headers));
  });
});

describe("time", () => {
  test("comments count as a sign of life", async () => {
    const script = { waitComments: 12, gapMs: 25, text: "Here" };
    const { code, text } = await outcome(script, { idleTimeoutMs: 200 });
    assert.deepEqual([code, text], ["finished", "Here"]);
  });

  test("a finish does not wait for more than [DONE]", async () => {
    const { code } = await outcome({ noEnd: true }, { idleTimeoutMs: 600_000, settleMs: 600_000 });
    assert.equal(code, "finished");
  });
});

describe("an abort closes the connection", () => {
  for (const [when, script] of [
    ["before the head", { hold: "head" }],
    ["before the first token", { hold: 0 }],
    ["in the middle", { hold: 2 }],
  ] as const)
    test(when, async () => {
      await using pair = await startPair(script, { idleTimeoutMs: 600_000 });
      const controller = new AbortController();
      const reply = collect(pair.ask(controller.signal));
      await pair.server.held();
      controller.abort(new Error("stopped"));
      assert.deepEqual((await reply).error, new Error("stopped"));
      await pair.server.aborted();
      assert.equal(pair.server.requests.length, 1);
    });

  test("while it waits to try again", async () => {
    await using pair = await startPair({ failStatus: 429, retryAfter: 15 });
    const controller = new AbortController();
    const reply = collect(pair.ask(controller.signal));
    await pair.server.requested();
    controller.abort(new Error("stopped"));
    assert.deepEqual((await reply).error, new Error("stopped"));
  });
});
