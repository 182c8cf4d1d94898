import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ColloquyError, retryAfterMs } from "../src/errors.ts";
import { DEFAULT_RETRY, type NetworkStatus, pause, retryDelayMs, within } from "../src/retry.ts";
import { snippetParts } from "../src/wire.ts";

const random = fc.double({ min: 0, max: 1, noNaN: true });
const lost = new ColloquyError("lost", { code: "NETWORK_ERROR" });
const asked = (milliseconds: number) =>
  new ColloquyError("busy", { code: "UNAVAILABLE", status: 503, retryAfterMs: milliseconds });

const ONLINE: NetworkStatus = { isOnline: () => true, onOnline: () => () => {} };

test("the wait doubles, with jitter, up to its limit", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), random, (failures, chance) => {
      const longest = Math.min(15_000, 500 * 2 ** (failures - 1));
      const delayMs = retryDelayMs(DEFAULT_RETRY, failures, lost, chance);
      assert.ok(delayMs >= Math.floor(longest / 2) && delayMs <= longest);
    }),
  );
});

test("what the server asks for is waited for, but not forever", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 60_000 }), random, (milliseconds, chance) => {
      const delayMs = retryDelayMs(DEFAULT_RETRY, 1, asked(milliseconds), chance);
      assert.ok(delayMs >= milliseconds && delayMs <= milliseconds + 500);
    }),
  );
  const tooLong = asked(60_001);
  assert.throws(() => retryDelayMs(DEFAULT_RETRY, 1, tooLong, 0.5), tooLong);
});

for (const [header, expected] of [
  [null, null],
  ["", null],
  ["soon", null],
  ["0", 0],
  [" 7 ", 7000],
  ["Sat, 01 Nov 2025 12:00:09 GMT", 9000],
  ["Sat, 01 Nov 2025 11:00:00 GMT", 0],
] as const)
  test(`Retry-After: ${header}`, () => {
    assert.equal(retryAfterMs(header, Date.parse("2025-11-01T12:00:00Z")), expected);
  });

test("a pause is over as soon as the network is back", async () => {
  const listeners = new Set<() => void>();
  const network: NetworkStatus = {
    isOnline: () => false,
    onOnline(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const pausing = pause(3_600_000, network);
  for (const listener of listeners) listener();
  await pausing;
  assert.equal(listeners.size, 0);
});

test("an aborted pause throws the signal's reason", async () => {
  const reason = new Error("left");
  const leaving = new AbortController();
  const pausing = pause(3_600_000, ONLINE, leaving.signal);
  leaving.abort(reason);
  await assert.rejects(pausing, reason);
  await assert.rejects(pause(3_600_000, ONLINE, leaving.signal), reason);
});

test("work that takes too long is a TIMEOUT, aborted work throws the reason", async () => {
  const never = new Promise<never>(() => {});
  await assert.rejects(within(never, 1), { code: "TIMEOUT", isRetryable: true });
  const reason = new Error("left");
  await assert.rejects(within(never, 3_600_000, AbortSignal.abort(reason)), reason);
  assert.equal(await within(Promise.resolve("done"), 3_600_000), "done");
});

test("a snippet's pieces are its text, with the matches marked", () => {
  assert.deepEqual(snippetParts("the \uE000quick\uE001 fox, \uE000quick\uE001\uE000er\uE001"), [
    { text: "the ", isMatch: false },
    { text: "quick", isMatch: true },
    { text: " fox, ", isMatch: false },
    { text: "quick", isMatch: true },
    { text: "er", isMatch: true },
  ]);
  assert.deepEqual(snippetParts(""), []);
});
