// Replies as streams, against a scripted server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, nothingThere, theRest, WHOLE, wholeReply } from "./reply-steps.ts";
import { event, type Step, startScriptedServer } from "./scripted-server.ts";
import { collect, failure, quickClient, reply, success, userMessage } from "./wire-objects.ts";

const STREAM = "/v1/chat/conversations/c1/messages/stream";

test("a reply is its events, in order, with what it belongs to", async () => {
  await using server = await startScriptedServer([wholeReply]);
  const answer = await quickClient(server).messages.stream("c1", {
    content: "Hello",
    model: "m",
    temperature: 0,
  });

  assert.equal(answer.conversationId, "c1");
  assert.deepEqual(answer.userMessage, userMessage);
  assert.equal(answer.lastEventId, "r:0");
  assert.deepEqual(await collect(answer), WHOLE);
  assert.equal(answer.lastEventId, "r:3");
  assert.equal(await answer.text(), "Hi there");

  const [request] = server.requests;
  assert.equal(`${request?.method} ${request?.path}`, `POST ${STREAM}`);
  assert.deepEqual(request?.body, { content: "Hello", model: "m", temperature: 0 });
  assert.match(String(request?.headers["idempotency-key"]), /^[0-9a-f]{32}$/);
});

test("a conversation starts with its first message and goes on by its id", async () => {
  const created = { conversationId: "c1", userMessage };
  await using server = await startScriptedServer([
    async (exchange) => {
      await exchange.event("r:0", "conversation_created", created);
      exchange.cut();
    },
    theRest,
  ]);
  const answer = await quickClient(server).conversations.start({ content: "Hello", title: "T" });

  assert.equal(answer.conversationId, "c1");
  assert.deepEqual(answer.userMessage, userMessage);
  assert.equal(await answer.text(), "Hi there");
  assert.equal(server.requests[0]?.path, "/v1/chat/conversations/stream");
  assert.equal(`${server.requests[1]?.method} ${server.requests[1]?.path}`, `GET ${STREAM}`);
  assert.equal(server.requests[1]?.headers["last-event-id"], "r:0");
});

test("a given key is used as it is", async () => {
  await using server = await startScriptedServer([wholeReply]);
  const options = { idempotencyKey: "draft-7" };
  await (await quickClient(server).messages.stream("c1", { content: "Hello" }, options)).text();
  assert.equal(server.requests[0]?.headers["idempotency-key"], "draft-7");
});

test("a reply that fails ends in an error event, which text() throws", async () => {
  const failing: Step = async (exchange) => {
    await begin(exchange);
    const data = { code: "MODEL_FAILED", message: "The model broke off" };
    await exchange.event("r:1", "error", data);
    exchange.done();
  };
  await using server = await startScriptedServer([failing, failing]);
  const client = quickClient(server);
  const events = await collect(await client.messages.stream("c1", { content: "Hello" }));
  assert.equal(events.at(-1)?.type, "error");

  const answer = await client.messages.stream("c1", { content: "Hello" });
  await assert.rejects(answer.text(), {
    name: "ColloquyError",
    code: "MODEL_FAILED",
    message: "The model broke off",
    status: null,
  });
});

test("a message that is not accepted rejects before there is a reply", async () => {
  const tooEarly: Step = async (exchange) => {
    await exchange.event("r:0", "error", { code: "INTERNAL_ERROR", message: "Oops" });
    exchange.done();
  };
  const empty: Step = async (exchange) => {
    await exchange.stream();
    exchange.done();
  };
  const missing = failure(404, "NOT_FOUND", "Conversation not found");
  await using server = await startScriptedServer([missing, tooEarly, empty]);
  const { messages, conversations } = quickClient(server);
  await assert.rejects(messages.stream("c1", { content: "Hello" }), { status: 404 });
  await assert.rejects(conversations.start({ content: "Hello" }), { code: "INTERNAL_ERROR" });
  await assert.rejects(conversations.start({ content: "Hello" }), { code: "UNEXPECTED_RESPONSE" });
});

test("an event that breaks the wire's promise is an UNEXPECTED_RESPONSE", async () => {
  for (const data of ['{"type":"ai_chunk","data":1}', "{", "7", '{"type":"ai_complete"}']) {
    await using server = await startScriptedServer([
      async (exchange) => {
        await begin(exchange);
        await exchange.stream(`id: r:1\ndata: ${data}\n\n`);
      },
    ]);
    const answer = await quickClient(server).messages.stream("c1", { content: "Hello" });
    await assert.rejects(collect(answer), { code: "UNEXPECTED_RESPONSE" });
  }
});

const wholeReplyAtOnce: Step = async (exchange) => {
  await exchange.stream(
    WHOLE.map((each, index) => event(`r:${index}`, each.type, each.data)).join(""),
  );
  exchange.done();
};

/** Says "Hi " and then nothing, until the client is gone. */
function holdingStep() {
  const left = Promise.withResolvers<void>();
  const step: Step = async (exchange) => {
    await begin(exchange);
    await exchange.event("r:1", "ai_chunk", "Hi ");
    await exchange.gone;
    left.resolve();
  };
  return { step, left: left.promise };
}

test("leaving the loop stops watching, not the reply", async () => {
  const { step, left } = holdingStep();
  await using server = await startScriptedServer([step]);
  const answer = await quickClient(server).messages.stream("c1", { content: "Hello" });
  for await (const { type } of answer) if (type === "ai_chunk") break;
  await left;
  await assert.rejects(answer.text(), { code: "UNEXPECTED_RESPONSE" });
  assert.deepEqual(await collect(answer), []);
  assert.equal(server.requests.length, 1);
});

test("aborting the signal stops watching, not the reply", async () => {
  const { step, left } = holdingStep();
  await using server = await startScriptedServer([step]);
  const leaving = new AbortController();
  const { signal } = leaving;
  const answer = await quickClient(server).messages.stream("c1", { content: "Hello" }, { signal });
  const reason = new Error("the page was left");
  const watching = async () => {
    for await (const { type } of answer) if (type === "ai_chunk") leaving.abort(reason);
  };
  await assert.rejects(watching, reason);
  await left;
  await assert.rejects(answer.message(), reason);
  assert.equal(server.requests.length, 1);
});

test("after the signal is aborted nothing comes, also of what has arrived", async () => {
  await using server = await startScriptedServer([wholeReplyAtOnce]);
  const leaving = new AbortController();
  const options = { signal: leaving.signal };
  const answer = await quickClient(server).messages.stream("c1", { content: "Hello" }, options);
  const seen: string[] = [];
  const watching = async () => {
    for await (const { type } of answer) {
      seen.push(type);
      leaving.abort();
    }
  };
  await assert.rejects(watching, { name: "AbortError" });
  assert.deepEqual(seen, ["user_message"]);
});

test("a reply that is left before its first event gives none", async () => {
  await using server = await startScriptedServer([wholeReply]);
  const answer = await quickClient(server).messages.stream("c1", { content: "Hello" });
  await answer[Symbol.asyncIterator]().return?.();
  assert.deepEqual(await collect(answer), []);
});

test("a reply that nobody iterates is let go of by the signal", async () => {
  const { step, left } = holdingStep();
  await using server = await startScriptedServer([step]);
  const leaving = new AbortController();
  const { signal } = leaving;
  await quickClient(server).messages.stream("c1", { content: "Hello" }, { signal });
  leaving.abort();
  await left;
});

test("aborting before the message is accepted throws the reason", async () => {
  const reason = new Error("changed my mind");
  const leaving = new AbortController();
  await using server = await startScriptedServer([
    async (exchange) => {
      await exchange.stream(": ping\n\n");
      leaving.abort(reason);
    },
  ]);
  const { signal } = leaving;
  const sending = quickClient(server).messages.stream("c1", { content: "Hello" }, { signal });
  await assert.rejects(sending, reason);
});

test("stop() stops the reply, which goes on to its end, and then has nothing more to stop", async () => {
  const stopped = Promise.withResolvers<void>();
  await using server = await startScriptedServer([
    async (exchange) => {
      await begin(exchange);
      await exchange.event("r:1", "ai_chunk", "Hi ");
      await stopped.promise;
      await exchange.event("r:2", "ai_complete", reply("Hi ", "interrupted"));
      exchange.done();
    },
    (exchange) => {
      stopped.resolve();
      exchange.json(200, { success: true, data: { stopped: true } });
    },
  ]);
  const answer = await quickClient(server).messages.stream("c1", { content: "Hello" });
  assert.equal(await answer.stop(), true);
  assert.equal((await answer.message()).status, "interrupted");
  assert.equal(await answer.text(), "Hi ");
  assert.equal(await answer.stop(), false);
  assert.equal(server.requests[1]?.path, "/v1/chat/conversations/c1/messages/stop");
  assert.equal(server.requests[1]?.body, undefined);
  assert.equal(server.requests.length, 2);
});

test("text() beside an iteration takes nothing away from it", async () => {
  await using server = await startScriptedServer([wholeReply]);
  const answer = await quickClient(server).messages.stream("c1", { content: "Hello" });
  const [events, text] = await Promise.all([collect(answer), answer.text()]);
  assert.deepEqual(events, WHOLE);
  assert.equal(text, "Hi there");
});

test("watching finds the running reply, from its start or after an event, or nothing", async () => {
  await using server = await startScriptedServer([wholeReply, theRest, nothingThere, nothingThere]);
  const { messages } = quickClient(server);

  const fromStart = await messages.watch("c1");
  assert.deepEqual(fromStart?.userMessage, userMessage);
  assert.deepEqual(fromStart && (await collect(fromStart)), WHOLE);

  const fromMiddle = await messages.watch("c1", { after: "r:1" });
  assert.equal(fromMiddle?.userMessage, null);
  assert.deepEqual(fromMiddle && (await collect(fromMiddle)), WHOLE.slice(2));

  assert.equal(await messages.watch("c1"), null);
  assert.equal(await messages.watch("c1", { after: "r:3" }), null);
  assert.deepEqual(
    server.requests.map(({ method, path, headers }) => [method, path, headers["last-event-id"]]),
    [
      ["GET", STREAM, undefined],
      ["GET", STREAM, "r:1"],
      ["GET", STREAM, undefined],
      ["GET", STREAM, "r:3"],
    ],
  );
});

test("watching a reply that failed gives its error", async () => {
  const failed: Step = async (exchange) => {
    await exchange.event("r:5", "error", { code: "MODEL_FAILED", message: "The model broke off" });
    exchange.done();
  };
  await using server = await startScriptedServer([failed, success([])]);
  const answer = await quickClient(server).messages.watch("c1", { after: "r:4" });
  assert.equal(await answer?.stop(), false);
  await assert.rejects(answer?.text() ?? Promise.resolve(), { code: "MODEL_FAILED" });
});
