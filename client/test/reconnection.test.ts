// Streams over a connection that breaks, against a scripted server that cuts, falls silent and forgets.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { NetworkStatus } from "../src/index.ts";
import { begin, cutInTheMiddle, nothingThere, theRest, WHOLE, wholeReply } from "./reply-steps.ts";
import { event, type Step, startScriptedServer } from "./scripted-server.ts";
import {
  collect,
  cutOff,
  failure,
  quickClient,
  reply,
  success,
  userMessage,
} from "./wire-objects.ts";

test("a stream that is cut off goes on after the last event, and says so where asked", async () => {
  await using server = await startScriptedServer([cutInTheMiddle, cutOff, theRest]);
  const client = quickClient(server);
  const answer = await client.messages.stream("c1", { content: "Hello" }, { notices: true });

  const events = await collect(answer);

  assert.deepEqual(
    events.map(({ type }) => type),
    [
      "user_message",
      "ai_chunk",
      "reconnecting",
      "reconnecting",
      "resumed",
      "ai_chunk",
      "ai_complete",
    ],
  );
  const notices = events.flatMap((each) => (each.type === "reconnecting" ? [each.data] : []));
  assert.deepEqual(
    notices.map(({ attempt, error }) => [attempt, error.code]),
    [
      [1, "NETWORK_ERROR"],
      [2, "NETWORK_ERROR"],
    ],
  );
  assert.deepEqual(
    server.requests.map(({ method, headers }) => [method, headers["last-event-id"]]),
    [
      ["POST", undefined],
      ["GET", "r:1"],
      ["GET", "r:1"],
    ],
  );
});

test("without a gap or a repeat, wherever the connection breaks", async () => {
  const cuts = fc.array(fc.integer({ min: -1, max: 400 }), { maxLength: 8 });
  const pieces = fc.array(fc.string({ unit: "grapheme", minLength: 1 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(pieces, cuts, async (texts, places) => {
      const text = texts.join("");
      const frames = [
        event("0", "user_message", userMessage),
        ...texts.map((piece, index) => event(`${index + 1}`, "ai_chunk", piece)),
        event(`${texts.length + 1}`, "ai_complete", reply(text)),
      ];
      let connections = 0;
      const step: Step = async (exchange) => {
        const seen = exchange.request.headers["last-event-id"];
        const rest = frames.slice(seen === undefined ? 0 : Number(seen) + 1).join("");
        const bytes = Buffer.from(`: ping\n\n${rest}data: [DONE]\n\n`);
        const place = places[connections++];
        if (place === -1) return exchange.cut();
        await exchange.stream(bytes.subarray(0, place));
        if (place === undefined || place >= bytes.length) exchange.end();
        else exchange.cut();
      };
      await using server = await startScriptedServer([step], { repeatLast: true });
      const retry = { baseDelayMs: 0, maxDelayMs: 0, requestRetries: 10 };
      const client = quickClient(server, { retry });

      const events = await collect(await client.messages.stream("c1", { content: "Hello" }));

      assert.deepEqual(events, [
        { type: "user_message", data: userMessage },
        ...texts.map((piece) => ({ type: "ai_chunk", data: piece })),
        { type: "ai_complete", data: reply(text) },
      ]);
      const keys = server.requests.flatMap(({ headers }) => headers["idempotency-key"] ?? []);
      assert.equal(new Set(keys).size, 1);
    }),
    { numRuns: 60 },
  );
});

test("a POST that failed before its first event is repeated with its key", async () => {
  const stalled: Step = (exchange) => exchange.stream(": ping\n\n");
  const busy = failure(503, "UNAVAILABLE", "Restarting", { "retry-after": "0" });
  await using server = await startScriptedServer([cutOff, stalled, busy, wholeReply]);
  const client = quickClient(server, { timeouts: { silenceMs: 50 } });

  const answer = await client.messages.stream("c1", { content: "Hello" }, { notices: true });

  assert.deepEqual(await collect(answer), WHOLE);
  const keys = server.requests.map(({ headers }) => headers["idempotency-key"]);
  assert.equal(keys.length, 4);
  assert.equal(new Set(keys).size, 1);
});

/** Many times what a busy machine keeps a ping. */
const SILENCE_MS = 600;

test("silence is a cut, pings are not", async () => {
  const abandoned = Promise.withResolvers<void>();
  const fallsSilent: Step = async (exchange) => {
    await begin(exchange);
    await exchange.event("r:1", "ai_chunk", "Hi ");
    abandoned.resolve(exchange.gone);
  };
  const pings: Step = async (exchange) => {
    const timer = setInterval(() => void exchange.stream(": ping\n\n"), 20);
    await new Promise((resolve) => setTimeout(resolve, 1.4 * SILENCE_MS));
    clearInterval(timer);
    await theRest(exchange);
  };
  await using server = await startScriptedServer([fallsSilent, pings]);
  const client = quickClient(server, { timeouts: { silenceMs: SILENCE_MS } });

  const answer = await client.messages.stream("c1", { content: "Hello" }, { notices: true });
  const events = await collect(answer);

  await abandoned.promise;
  assert.equal(await answer.text(), "Hi there");
  const lost = events.flatMap((each) => (each.type === "reconnecting" ? [each.data.error] : []));
  assert.deepEqual(
    lost.map(({ code }) => code),
    ["TIMEOUT"],
  );
});

test("a reply that ended while the connection was away is taken from the store", async () => {
  const stored = [reply("Before"), userMessage, reply("Hi there"), { ...userMessage, id: "u2" }];
  await using server = await startScriptedServer([cutInTheMiddle, nothingThere, success(stored)]);
  const answer = await quickClient(server).messages.stream("c1", { content: "Hello" });
  assert.deepEqual(await collect(answer), WHOLE);
  assert.equal(server.requests[2]?.path, "/v1/chat/conversations/c1/messages");
});

test("taken from the store, a reply can be a failed one, or lost", async () => {
  const failed = success([userMessage, reply("Hi ", "failed")]);
  await using server = await startScriptedServer([
    cutInTheMiddle,
    nothingThere,
    failed,
    cutInTheMiddle,
    nothingThere,
    success([userMessage]),
  ]);
  const client = quickClient(server);
  const answer = await client.messages.stream("c1", { content: "Hello" });
  assert.deepEqual(
    (await collect(answer)).map(({ type }) => type),
    ["user_message", "ai_chunk", "error"],
  );
  const lost = await client.messages.stream("c1", { content: "Hello" });
  await assert.rejects(collect(lost), { code: "REPLY_LOST", isRetryable: false });
  await assert.rejects(lost.text(), { code: "REPLY_LOST" });
});

test("only [DONE] missing is no reason to come back", async () => {
  await using server = await startScriptedServer([
    async (exchange) => {
      await begin(exchange);
      await exchange.event("r:1", "ai_complete", reply(""));
      exchange.cut();
    },
  ]);
  const answer = await quickClient(server).messages.stream("c1", { content: "Hello" });
  assert.equal((await answer.message()).status, "complete");
  assert.equal(server.requests.length, 1);
});

test("a resumption that is refused ends the watching", async () => {
  const refused = failure(401, "UNAUTHENTICATED", "The token has expired");
  await using server = await startScriptedServer([cutInTheMiddle, refused]);
  const answer = await quickClient(server).messages.stream("c1", { content: "Hello" });
  await assert.rejects(collect(answer), { status: 401, code: "UNAUTHENTICATED" });
});

test("the tries to come back are bounded, and offline ones do not count", async () => {
  await using server = await startScriptedServer([cutInTheMiddle, cutOff], { repeatLast: true });
  const retry = { streamRetries: 2, baseDelayMs: 1, maxDelayMs: 1 };
  const lost = await quickClient(server, { retry }).messages.stream("c1", { content: "Hello" });
  await assert.rejects(collect(lost), { code: "NETWORK_ERROR", isRetryable: true });
  assert.equal(server.requests.length, 3);

  let triesOffline = 7;
  const network: NetworkStatus = {
    isOnline: () => --triesOffline < 0,
    onOnline: () => () => {},
  };
  await using later = await startScriptedServer([cutInTheMiddle, cutOff], { repeatLast: true });
  const client = quickClient(later, { retry, network });
  const away = await client.messages.stream("c1", { content: "Hello" });
  await assert.rejects(collect(away), { code: "NETWORK_ERROR" });
  assert.equal(later.requests.length, 1 + 7 + 2);
});

test("an event in between begins the count of tries anew", async () => {
  const piece =
    (id: string): Step =>
    async (exchange) => {
      await exchange.event(id, "ai_chunk", "");
      exchange.cut();
    };
  const steps = [cutInTheMiddle, cutOff, piece("r:1a"), cutOff, piece("r:1b"), cutOff, theRest];
  await using server = await startScriptedServer(steps);
  const client = quickClient(server, { retry: { streamRetries: 2, baseDelayMs: 1 } });
  const answer = await client.messages.stream("c1", { content: "Hello" });
  assert.equal(await answer.text(), "Hi there");
});

test("a message that cannot be sent is given up sooner than a stream", async () => {
  await using server = await startScriptedServer([cutOff], { repeatLast: true });
  const client = quickClient(server, { retry: { requestRetries: 1, baseDelayMs: 1 } });
  const sending = client.messages.stream("c1", { content: "Hello" });
  await assert.rejects(sending, { code: "NETWORK_ERROR" });
  assert.equal(server.requests.length, 2);
});

test("events without an id cannot be gone on after: an error, not a repeat", async () => {
  await using server = await startScriptedServer([
    async (exchange) => {
      const data = JSON.stringify({ type: "user_message", data: userMessage });
      await exchange.stream(`data: ${data}\n\n`);
      exchange.cut();
    },
  ]);
  const answer = await quickClient(server).messages.stream("c1", { content: "Hello" });
  await assert.rejects(collect(answer), { code: "NETWORK_ERROR" });
  assert.equal(server.requests.length, 1);
});

test("a type of event that is not known yet is passed over, but counts as seen", async () => {
  await using server = await startScriptedServer([
    async (exchange) => {
      await begin(exchange);
      await exchange.event("r:1", "ai_chunk", "Hi ");
      await exchange.event("r:1.5", "ai_mood", { cheerful: true });
      exchange.cut();
    },
    theRest,
  ]);
  const answer = await quickClient(server).messages.stream("c1", { content: "Hello" });
  assert.deepEqual(await collect(answer), WHOLE);
  assert.equal(server.requests[1]?.headers["last-event-id"], "r:1.5");
});

test("every try asks for the token anew, and the signal ends the waiting between them", async () => {
  await using server = await startScriptedServer([cutInTheMiddle, theRest]);
  let count = 0;
  const renewing = quickClient(server, { token: () => `token-${++count}` });
  await (await renewing.messages.stream("c1", { content: "Hello" })).text();
  assert.deepEqual(
    server.requests.map(({ headers }) => headers.authorization),
    ["Bearer token-1", "Bearer token-2"],
  );

  const reason = new Error("the page was left");
  const leaving = new AbortController();
  await using other = await startScriptedServer([cutInTheMiddle]);
  const patient = quickClient(other, { retry: { baseDelayMs: 3_600_000, maxDelayMs: 3_600_000 } });
  const options = { signal: leaving.signal, notices: true };
  const answer = await patient.messages.stream("c1", { content: "Hello" }, options);
  const watching = async () => {
    for await (const { type } of answer)
      if (type === "reconnecting") setImmediate(() => leaving.abort(reason));
  };
  await assert.rejects(watching, reason);
});

test("the server's retry field lengthens the wait", async () => {
  await using server = await startScriptedServer([
    async (exchange) => {
      await exchange.stream("retry: 40\n\n");
      await cutInTheMiddle(exchange);
    },
    theRest,
  ]);
  const client = quickClient(server, { retry: { maxDelayMs: 1000 } });
  const answer = await client.messages.stream("c1", { content: "Hello" }, { notices: true });
  const events = await collect(answer);
  const waits = events.flatMap((each) => (each.type === "reconnecting" ? [each.data.delayMs] : []));
  assert.deepEqual(waits, [40]);
});

test("a stream that waits to try again does so at once when another request gets through, or when it is told to", async () => {
  const hours = { baseDelayMs: 3_600_000, maxDelayMs: 3_600_000 };
  for (const way of ["another request", "told to"]) {
    const other: Step = success([]);
    const steps = way === "told to" ? [theRest] : [other, theRest];
    await using server = await startScriptedServer([cutInTheMiddle, ...steps]);
    const client = quickClient(server, { retry: hours });
    const answer = await client.messages.stream("c1", { content: "Hello" }, { notices: true });
    const events = [];
    for await (const each of answer) {
      events.push(each.type);
      if (each.type !== "reconnecting") continue;
      assert.ok(each.data.delayMs > 1_000_000, "it would wait for hours");
      // After the stream has begun to wait for its next try.
      setImmediate(() =>
        way === "told to" ? client.reconnect() : void client.messages.list("c1"),
      );
    }
    assert.deepEqual(events.slice(-4), ["reconnecting", "resumed", "ai_chunk", "ai_complete"], way);
  }
});
