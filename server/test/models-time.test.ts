// When a provider is tried again, given up, or left: everything about a reply that has time in it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { retryAfterMsOf } from "../src/adapters/models/openai-compatible/retry-after.ts";
import type { ReplyScript } from "./model-server.ts";
import { collect, textOf } from "./models.contract.ts";
import { outcome, type Settings, startPair } from "./models-setup.ts";

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
    const script = { waitComments: 12, gapMs: 50, text: "Here" };
    const { code, text } = await outcome(script, { idleTimeoutMs: 400 });
    assert.deepEqual([code, text], ["finished", "Here"]);
  });

  test("a provider is not taken for idle because this process was busy", async () => {
    const idleTimeoutMs = 400;
    await using pair = await startPair({ pieces: ["Here", " I am"], hold: 1 }, { idleTimeoutMs });
    const reply = pair.ask()[Symbol.asyncIterator]();
    const { value: first } = await reply.next();
    let text = first?.type === "text" ? first.text : assert.fail();
    await pair.server.held();
    pair.server.release();
    // What was just sent cannot be read before the idle time is over.
    for (const endsAt = performance.now() + 2 * idleTimeoutMs; performance.now() < endsAt; );
    for (let next = await reply.next(); !next.done; next = await reply.next())
      if (next.value.type === "text") text += next.value.text;
    assert.equal(text, "Here I am");
  });

  test("a finish does not wait for more than [DONE]", async () => {
    const { code } = await outcome({ noEnd: true }, { idleTimeoutMs: 600_000, settleMs: 600_000 });
    assert.equal(code, "finished");
  });

  test("nor for a [DONE] that does not come; the connection is closed then", async () => {
    for (const script of [{ noDone: true, noEnd: true }, { noEnd: true }]) {
      await using pair = await startPair(script, { idleTimeoutMs: 600_000, settleMs: 20 });
      assert.equal((await collect(pair.ask())).error, null);
      await pair.server.aborted();
    }
  });

  test("a slow reader makes the provider wait, and is not taken for a provider that is idle", async () => {
    const megabyte = "x".repeat(1024 * 1024);
    await using pair = await startPair(
      { pieces: Array(7).fill(megabyte), gapMs: 1 },
      { idleTimeoutMs: 250 },
    );
    const reply = pair.ask()[Symbol.asyncIterator]();
    const first = await reply.next();
    assert.ok(first.value?.type === "text");
    await sleep(600);
    const { parts, error } = await collect({ [Symbol.asyncIterator]: () => reply });
    assert.equal(error, null);
    assert.equal(first.value.text.length + textOf(parts).length, 7 * megabyte.length);
  });

  test("a response that ends after [DONE] leaves its connection to the next", async () => {
    await using pair = await startPair({ split: 4000 });
    for (let count = 0; count < 10; count++) await collect(pair.ask());
    assert.ok(pair.server.connections <= 3, `${pair.server.connections} connections`);
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
    const signal = AbortSignal.timeout(100);
    assert.equal((await collect(pair.ask(signal))).error, signal.reason);
    assert.ok(pair.server.requests.length <= 1);
  });
});
