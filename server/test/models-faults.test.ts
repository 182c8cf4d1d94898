// Everything that goes wrong with a provider, at the start and in the middle, and how it must end.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openAiCompatible } from "../src/adapters/models/openai-compatible/provider.ts";
import { AppError, type ErrorCode } from "../src/domain/errors.ts";
import { type ReplyScript, startModelServer } from "./model-server.ts";
import { asking, collect, neverAborted, replyOf } from "./models.contract.ts";
import { outcome } from "./models-setup.ts";

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
  "a flat error, at the start": [{ error: 0, errorIn: "flat" }, thrice("model_failed")],
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
  "a cut after the finish reason": [
    { noDone: true, cut: "end" },
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
      const { code, requests, text } = await outcome(script, {
        settleMs: 50,
        idleTimeoutMs: script.stall === undefined ? 60_000 : 500,
      });
      assert.deepEqual({ code, requests, text }, { text: "", ...expected });
    });
});

const STATUSES: Readonly<Record<number, Expected>> = {
  302: once("model_unavailable"),
  400: once("model_refused"),
  401: once("model_unavailable"),
  402: once("model_unavailable"),
  403: once("model_unavailable"),
  404: once("model_unavailable"),
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
    const { error } = await collect(replyOf(provider, asking("hello"), neverAborted));
    assert.ok(error instanceof AppError && error.code === "model_failed");
    assert.equal(error.message, "The model provider test cannot be reached");
  });
});
