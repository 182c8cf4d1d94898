// Replies of several steps: tools that the server runs itself, on wire 004 and as the wires of words see them.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { allEvents, caller, eventsOf, type StreamEvent, textOf } from "./chat-v1-client.ts";
import { eventually } from "./cli-runner.ts";
import { ONCE, startServer } from "./start-server.ts";
import { answering, asking, watchedTool } from "./tool-steps.ts";
import { makeKey, type Server } from "./wire-client.ts";

let server: Server;
let key: string;
let users = 0;
let user: string;
let calls: ReturnType<typeof caller>;
const look = watchedTool("look");
const send = watchedTool("send", { isRepeatable: false });
const FAILING = [
  { ...look.tool, name: "rejects", run: () => Promise.reject(new Error("password 123")) },
  {
    ...look.tool,
    name: "throws",
    run() {
      throw new Error("password 123");
    },
  },
];
const LONG = { ...look.tool, name: "long", run: async () => "😀".repeat(200_000) };

/** How another server has ended a reply. */
const ENDED_ELSEWHERE = {
  status: "interrupted",
  content: "Ended elsewhere",
  parts: null,
  model: "m",
  usage: null,
  reasoning: null,
  reasoningMs: null,
  finishReason: null,
  interruptedBy: "crash",
  error: null,
  finishedAt: new Date(),
} as const;

before(async () => {
  server = await startServer({
    environment: { TOOLS: "now,search_conversations", MODEL_CONTEXT_TOKENS: "8000" },
    tools: [look.tool, send.tool, ...FAILING, LONG],
  });
  key = await makeKey(server, { actAs: true });
});
after(() => server?.[Symbol.asyncDispose]());
beforeEach(() => {
  server.model.forget();
  look.forget();
  send.forget();
  user = `00000000-0000-4000-8000-${String(++users).padStart(12, "0")}`;
  calls = caller(server.url, key);
});

const stream = async (conversation: string, content: string, more: object = {}) => {
  const response = await calls.open(`/conversations/${conversation}/messages/stream`, {
    body: { content, parts: true, ...more },
    user,
  });
  return response;
};
const ask = async (content: string, more: object = {}) => {
  const conversation = await calls.newConversation({ user, body: {} });
  const events = await allEvents(await stream(conversation, content, more));
  return { conversation, events, reply: replyOf(events) };
};
const replyOf = (events: readonly StreamEvent[]) =>
  events.find(({ type }) => type === "ai_complete")?.data;
// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
const partsOf = (reply: any, type: string): any[] =>
  reply.parts.filter((part: { type: string }) => part.type === type);
const messagesOf = (index: number) =>
  (server.model.requests[index]?.body?.messages ?? []) as readonly Record<string, unknown>[];

describe("what operators can read of calls", () => {
  test("[H53] each call that the server made is in the audit log and in the figures, and what was said is not", async () => {
    const operator = makeKey(server, { isOperator: true });
    const headers = { authorization: `Bearer ${await operator}` };
    const figures = async () => {
      const text = await (await fetch(`${server.url}/metrics`, { headers })).text();
      assert.doesNotMatch(text, /for-nobody|password 123/u);
      const numberOf = (name: string) =>
        Number(
          text
            .split("\n")
            .find((line) => line.startsWith(`${name} `))
            ?.slice(name.length) ?? 0,
        );
      return [
        numberOf('colloquy_tool_calls_total{source="test",outcome="ok"}'),
        numberOf('colloquy_tool_calls_total{source="test",outcome="failed"}'),
        numberOf('colloquy_tool_call_seconds_count{source="test"}'),
      ];
    };
    server.model.next(asking([{ name: "send" }]));
    const release = send.hold();
    const conversation = await calls.newConversation({ user, body: {} });
    const stopped = await stream(conversation, "Go");
    await send.called(1);
    const path = `/conversations/${conversation}/messages/stop`;
    assert.equal((await calls.call(path, { method: "POST", user })).status, 200);
    await allEvents(stopped);
    release();

    const before = await figures();
    const given = { secret: "for-nobody" };
    server.model.next(
      asking([
        { name: "look", given },
        { name: "send", given },
        { name: "rejects" },
        { name: "of-nobody" },
      ]),
      answering("Done."),
    );
    const { reply } = await ask("Go");
    assert.equal(reply.status, "complete");
    const after = await figures();
    assert.deepEqual(
      after.map((figure, index) => figure - (before[index] ?? 0)),
      [2, 1, 3],
    );
    const noted = async () => {
      const events = await server.store.listAuditEvents({ limit: 100 });
      return events.filter(({ action, userId }) => action === "tool_called" && userId === user);
    };
    await eventually(async () => (await noted()).length === 4);
    const events = await noted();
    assert.deepEqual(events.map(({ about, reason }) => [about, reason]).toSorted(), [
      ["test/look", "ok"],
      ["test/rejects", "failed"],
      ["test/send", "ok"],
      // Its reply was stopped before the result came.
      ["test/send", "unknown"],
    ]);
    for (const { action, userId, address, count } of events)
      assert.deepEqual([action, userId, address, count], ["tool_called", user, null, 1]);
    assert.equal(events.filter(({ actor }) => actor === `reply ${reply.id}`).length, 3);
    assert.doesNotMatch(JSON.stringify(events), /for-nobody|password 123/u);
  });
});

describe("[H27] the server's own tools", () => {
  test("[H27] a call is made, its result is a part, and the model answers with it", async () => {
    server.model.next(
      asking([{ name: "now", given: { time_zone: "Europe/Vienna" } }], { words: "Let me look." }),
      answering("It is noon.", 7),
    );
    const { conversation, reply, events } = await ask("What time is it?");
    assert.equal(reply.status, "complete");
    assert.equal(reply.finish_reason, "stop");
    assert.equal(reply.content, "Let me look.\n\nIt is noon.");
    assert.equal(textOf(events), reply.content);
    const [call] = partsOf(reply, "tool_call");
    const [result] = partsOf(reply, "tool_result");
    assert.deepEqual([call.source, call.name, call.call_id], ["builtin", "now", result.call_id]);
    assert.equal(result.outcome, "ok");
    assert.equal(JSON.parse(result.text).time_zone, "Europe/Vienna");
    assert.equal(reply.usage.total_tokens, 17);
    const [, asked, answered] = messagesOf(1);
    assert.deepEqual([asked?.role, answered?.role], ["assistant", "tool"]);
    assert.equal(answered?.content, result.text);
    // What was said before and after is one message to a model that is reminded of it.
    server.model.next(answering("Yes."));
    await allEvents(await stream(conversation, "Sure?"));
    const roles = messagesOf(2).map(({ role }) => role);
    assert.deepEqual(roles, ["user", "assistant", "tool", "assistant", "user"]);
    const list = await calls.call(`/conversations/${conversation}/messages?parts=1`, { user });
    assert.deepEqual(list.body.data[1].parts, reply.parts);
  });

  test("[H16] a list gives the steps of replies with tools alone, and nothing that is long", async () => {
    server.model.next(asking([{ name: "long", given: { n: 1 } }]), answering("It is long."));
    const { conversation, reply } = await ask("Look");
    server.model.next(answering("Plain."));
    await allEvents(await stream(conversation, "And now?"));
    const list = await calls.call(`/conversations/${conversation}/messages?parts=steps`, { user });
    const [asked, long, ...plain] = list.body.data;
    for (const message of [asked, ...plain]) assert.ok(!("parts" in message));
    const [call] = partsOf(reply, "tool_call");
    assert.deepEqual(long.parts, [
      { ...call, arguments: "" },
      { type: "tool_result", call_id: call.call_id, outcome: "ok", text: "" },
    ]);
    const bad = await calls.call(`/conversations/${conversation}/messages?parts=all`, { user });
    assert.equal(bad.status, 400);
  });

  test("[H27] [H8] a reply of several steps is taken up after any of its events", async () => {
    server.model.next(asking([{ name: "look" }, { name: "send" }]), answering("Both are done."));
    const { conversation, events } = await ask("Do both");
    for (const [place, { id }] of events.entries()) {
      if (id === "" || place === events.length - 1) continue;
      const rest = await calls.open(`/conversations/${conversation}/messages/stream?parts=1`, {
        headers: { "last-event-id": id },
        user,
      });
      if (rest.status === 204) assert.ok(place >= events.length - 2);
      else {
        const shown = (all: readonly StreamEvent[]) =>
          all.map(({ type, data, ...more }) => ({ type, data, ...more }));
        const open = events.slice(place + 1).filter(({ data }) => data?.type === "open");
        const seen = shown(await allEvents(rest)).filter(({ data }) => data?.type === "open");
        assert.deepEqual(seen, shown(open));
      }
    }
  });

  test("[H27] calls of one answer are made side by side, eight at a time, and each has one result", async () => {
    const names = Array.from({ length: 11 }, (_, index) => ({ name: "look", given: { index } }));
    server.model.next(asking(names), answering("All."));
    const release = look.hold();
    const conversation = await calls.newConversation({ user, body: {} });
    const response = await stream(conversation, "All of them");
    await look.called(8);
    assert.equal(look.inputs.length, 8);
    release();
    const reply = replyOf(await allEvents(response));
    assert.equal(look.inputs.length, 11);
    const ids = partsOf(reply, "tool_call").map(({ call_id }) => call_id);
    assert.equal(new Set(ids).size, 11);
    const answered = partsOf(reply, "tool_result").map(({ call_id }) => call_id);
    assert.deepEqual(answered.toSorted(), ids.toSorted());
    assert.equal(new Set(look.inputs.map((input) => input.key)).size, 11);
  });

  test("[H27] what cannot be called is told to the model, and nothing is run", async () => {
    const bad = [
      { name: "nothing_of_that_name", id: "a" },
      { name: "send", given: "[1]", id: "b" },
      { name: "send", given: '{"half', id: "c" },
      { name: "send", given: `{"long":"${"x".repeat(70_000)}"}`, id: "d" },
      { name: "now", given: { time_zone: "Atlantis/Capital" }, id: "e" },
    ];
    server.model.next(asking(bad), answering("I cannot."));
    const { reply } = await ask("Try");
    assert.equal(reply.status, "complete");
    const results = partsOf(reply, "tool_result");
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      bad.map(() => "failed"),
    );
    assert.equal(send.inputs.length, 0);
  });

  test("[H27] a search finds what its user said elsewhere, and nothing of anybody else's", async () => {
    const word = `quokka${users}`;
    server.model.next(answering("Noted."));
    await ask(`The ${word} is mine`);
    const owner = user;
    user = "00000000-0000-4000-8000-00000000ffff";
    server.model.next(answering("Noted."));
    await ask(`The ${word} is theirs`);
    user = owner;
    server.model.next(
      asking([{ name: "search_conversations", given: { query: word } }]),
      answering("Found."),
    );
    const { reply } = await ask(`Where is the ${word}?`);
    const [{ outcome, text }] = partsOf(reply, "tool_result");
    assert.equal(outcome, "ok");
    const found = JSON.parse(text);
    assert.deepEqual(
      found.map((hit: { text: string }) => hit.text),
      [`The ${word} is mine`],
    );
    assert.ok(!text.includes(user));
  });

  test("[H27] a long result is cut, and says so; results together leave room for the conversation", async () => {
    server.model.next(asking([{ name: "long" }, { name: "long" }]), answering("Long."));
    const results = partsOf((await ask("Go")).reply, "tool_result");
    assert.match(results[0].text, /\[Cut off: 400,000 characters, of which 12,000 have room\]$/u);
    assert.ok(results[1].text.length < 100);
    assert.ok(results.every(({ text }) => text.isWellFormed()));
  });

  test("[H27] a tool that fails, and one that throws at once, end in a failed result without their secrets", async () => {
    server.model.next(asking([{ name: "rejects" }, { name: "throws" }]), answering("No luck."));
    const results = partsOf((await ask("Go")).reply, "tool_result");
    assert.deepEqual(
      results.map(({ outcome, text }) => [outcome, text]),
      [
        ["failed", "The tool failed."],
        ["failed", "The tool failed."],
      ],
    );
  });

  test("[H27] a stop ends the tools: what had begun is unknown, what had not is declined", async () => {
    const wanted = Array.from({ length: 9 }, (_, index) => ({ name: "send", given: { index } }));
    server.model.next(asking(wanted));
    const release = send.hold();
    const conversation = await calls.newConversation({ user, body: {} });
    const response = await stream(conversation, "Send them");
    await send.called(8);
    const stopped = await calls.call(`/conversations/${conversation}/messages/stop`, {
      method: "POST",
      user,
    });
    assert.equal(stopped.status, 200);
    const events = await allEvents(response);
    release();
    const reply = replyOf(events);
    assert.deepEqual(
      [reply.status, reply.interrupted_by, reply.finish_reason],
      ["interrupted", "stopped", null],
    );
    const outcomes = partsOf(reply, "tool_result").map(({ outcome }) => outcome);
    assert.deepEqual(outcomes, [...Array.from({ length: 8 }, () => "unknown"), "declined"]);
    assert.equal(send.aborted.length, 8, "each call was told to end");
    assert.equal(send.inputs.length, 8);
    assert.equal(server.model.requests.length, 1);
  });

  test("[H27] a conversation that is deleted while a tool works ends its reply, and the tool", async () => {
    server.model.next(asking([{ name: "send" }]));
    const release = send.hold();
    const conversation = await calls.newConversation({ user, body: {} });
    const response = await stream(conversation, "Send it");
    await send.called(1);
    const deleted = await calls.call(`/conversations/${conversation}`, { method: "DELETE", user });
    assert.equal(deleted.status, 200);
    const reply = replyOf(await allEvents(response));
    release();
    assert.deepEqual([reply.status, reply.interrupted_by], ["interrupted", "deleted"]);
    assert.equal(send.aborted.length, 1);
    assert.equal(server.model.requests.length, 1);
  });

  test("[H27] a reply that cannot be noted any more ends, and makes no further call", async () => {
    server.model.next(asking([{ name: "send" }, { name: "look" }]), answering("Never."));
    const release = send.hold();
    // A result that is the last of its step is stored while the model is asked again, so this one must not be.
    const releaseOther = look.hold();
    const conversation = await calls.newConversation({ user, body: {} });
    const response = await stream(conversation, "Send it");
    await Promise.all([send.called(1), look.called(1)]);
    const running = await server.store.runningReplies(
      { tenantId: "local", userId: user },
      conversation,
    );
    for (const { id } of running)
      await server.store.finishReply({ tenantId: "local", userId: user }, id, ENDED_ELSEWHERE);
    release();
    const reply = replyOf(await allEvents(response));
    releaseOther();
    const list = await calls.call(`/conversations/${conversation}/messages`, { user });
    assert.equal(list.body.data[1].content, ENDED_ELSEWHERE.content);
    assert.ok(reply === undefined || reply.content === ENDED_ELSEWHERE.content);
    assert.equal(server.model.requests.length, 1);
  });

  test(
    "[H27] words are shown after the results before them, and their calls are made, however late the store is",
    ONCE,
    async () => {
      const { store } = server;
      const { noteSteps } = store;
      const { promise: late, resolve: storeAnswers } = Promise.withResolvers<void>();
      let hasSpoken = false;
      store.noteSteps = async (...given) => {
        const [owner, , { state }] = given;
        if (owner.userId === user && hasSpoken) await late;
        hasSpoken ||= owner.userId === user && state.isSpeaking === true;
        return noteSteps(...given);
      };
      try {
        server.model.next(
          asking([{ name: "look" }]),
          asking([{ name: "of-nobody" }], { words: "Trying." }),
          asking([{ name: "look" }], { words: "Found." }),
          answering("Done."),
        );
        const conversation = await calls.newConversation({ user, body: {} });
        const response = await stream(conversation, "Go");
        await server.model.requested(3);
        // Another reply comes whole meanwhile, and so has that answer.
        const hers = { user: "00000000-0000-4000-9000-000000000001" };
        const other = await calls.newConversation({ ...hers, body: {} });
        server.model.next(answering("Whole."));
        const path = `/conversations/${other}/messages`;
        assert.equal((await calls.call(path, { ...hers, body: { content: "Hi" } })).status, 201);
        storeAnswers();
        const reply = replyOf(await allEvents(response));
        assert.deepEqual(
          reply.parts.map(({ type }: { type: string }) => type),
          ["text", "text", "text"].flatMap((words) => ["tool_call", "tool_result", words]),
        );
        const outcomes = partsOf(reply, "tool_result").map(({ outcome }) => outcome);
        assert.deepEqual(outcomes, ["ok", "failed", "ok"]);
        assert.equal(look.inputs.length, 2);
      } finally {
        storeAnswers();
        store.noteSteps = noteSteps;
      }
    },
  );

  test("[H27] a model that asks without end is asked 25 times, the last time without tools", async () => {
    server.model.next(...Array.from({ length: 25 }, () => asking([{ name: "look" }])));
    const conversation = await calls.newConversation({ user, body: {} });
    const events = await allEvents(await stream(conversation, "For ever"));
    assert.equal(events.at(-2)?.type, "error");
    assert.match(events.at(-2)?.data.message, /asked for tools 25 times/u);
    assert.equal(server.model.requests.length, 25);
    const choices = server.model.requests.map(({ body }) => body?.tool_choice ?? null);
    assert.deepEqual(choices, [...Array.from({ length: 24 }, () => null), "none"]);
    assert.equal(look.inputs.length, 24);
    const keys = new Set(look.inputs.map((input) => input.key));
    assert.equal(keys.size, 24, "ids that a provider gives again and again are made different");
  });

  test("[H27] an answer that was cut off makes none of its calls", async () => {
    server.model.next(asking([{ name: "send" }], { words: "I will", finish: "length" }));
    const { reply } = await ask("Go");
    assert.deepEqual([reply.status, reply.finish_reason], ["complete", "length"]);
    assert.deepEqual(
      partsOf(reply, "tool_result").map(({ outcome }) => outcome),
      ["declined"],
    );
    assert.equal(send.inputs.length, 0);
  });

  test("[H27] a message with tools of its own is not offered the server's", async () => {
    server.model.next(asking([{ name: "mine" }]));
    const mine = { type: "function", function: { name: "mine", parameters: { type: "object" } } };
    const { reply } = await ask("Go", { tools: [mine] });
    assert.equal(reply.finish_reason, "tool_calls");
    assert.deepEqual(
      partsOf(reply, "tool_call").map(({ source }) => source),
      ["client"],
    );
    const offered = server.model.requests[0]?.body?.tools as { function: { name: string } }[];
    assert.deepEqual(
      offered.map((tool) => tool.function.name),
      ["mine"],
    );
  });

  test("[H27] a client without parts, and the wires of words, see the words alone", async () => {
    const script = () => [asking([{ name: "look" }], { words: "Well." }), answering("Done.")];
    server.model.next(...script());
    const conversation = await calls.newConversation({ user, body: {} });
    const plain = await allEvents(await stream(conversation, "Go", { parts: false }));
    const types = new Set(plain.map(({ type }) => type));
    assert.deepEqual([...types], ["user_message", "ai_chunk", "ai_complete", "DONE"]);
    assert.equal(textOf(plain), "Well.\n\nDone.");
    server.model.next(...script());
    const chat = await fetch(`${server.url}/chat`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: JSON.stringify({ message: "Go", user_id: user }),
    });
    assert.equal(((await chat.json()) as { response: string }).response, "Well.\n\nDone.");
  });

  test("[H27] while a tool works, a watcher sees its call, and a late one the same parts", async () => {
    server.model.next(asking([{ name: "look" }]), answering("Done."));
    const release = look.hold();
    const conversation = await calls.newConversation({ user, body: {} });
    const first = eventsOf(await stream(conversation, "Go"));
    await look.called(1);
    const late = await calls.open(`/conversations/${conversation}/messages/stream?parts=1`, {
      user,
    });
    const events = eventsOf(late);
    for await (const { data } of events) if (data?.type === "grow") break;
    release();
    const all = (await Array.fromAsync(first)).filter(({ type }) => type !== "DONE");
    assert.equal(replyOf(all).status, "complete");
  });

  test("[H27] a budget counts every step, and one that is used up ends the reply, which keeps what was said", async () => {
    const bounded = watchedTool("bounded");
    await using other = await startServer({
      environment: {
        BUDGET_TOKENS_PER_USER_DAY: "20000",
        BUDGET_ANSWER_TOKENS: "100",
        MODEL_CONTEXT_TOKENS: "100000",
      },
      tools: [bounded.tool],
    });
    const { call } = caller(other.url, await makeKey(other, {}));
    const { data } = (await call("/conversations", { body: {} })).body;
    const step = (tokens: number) => asking([{ name: "bounded" }], { words: "More.", tokens });
    other.model.next(step(9_000), step(9_000), step(9_000), answering("Never."));
    const sent = await call(`/conversations/${data.id}/messages`, { body: { content: "Go" } });
    assert.equal(sent.status, 429);
    assert.match(sent.body.message ?? "", /Your budget of 20,000 tokens a day is used up/u);
    assert.equal(other.model.requests.length, 3);
    assert.equal(bounded.inputs.length, 3);
    const list = await call(`/conversations/${data.id}/messages?parts=1`);
    const reply = list.body.data[1];
    assert.equal(reply.status, "failed");
    assert.equal(reply.content, "More.\n\nMore.\n\nMore.");
    assert.equal(partsOf(reply, "tool_result").length, 3);
  });

  test(
    "[H27] a reply that another server has ended gives back what its last step had reserved",
    ONCE,
    async () => {
      const bounded = watchedTool("bounded");
      const answerTokens = 5_000;
      await using other = await startServer({
        environment: {
          BUDGET_TOKENS_PER_USER_DAY: "50000",
          BUDGET_ANSWER_TOKENS: `${answerTokens}`,
          MODEL_CONTEXT_TOKENS: "100000",
        },
        tools: [bounded.tool],
      });
      const owner = { tenantId: "local", userId: user };
      const { open, newConversation } = caller(other.url, await makeKey(other, { actAs: true }));
      other.model.next(asking([{ name: "bounded" }]), answering("Never."));
      const release = bounded.hold();
      const conversation = await newConversation({ user, body: {} });
      const day = Math.floor(Date.now() / 86_400_000);
      const path = `/conversations/${conversation}/messages/stream`;
      const response = await open(path, { body: { content: "Go", parts: true }, user });
      await bounded.called(1);
      for (const { id } of await other.store.runningReplies(owner, conversation))
        await other.store.finishReply(owner, id, ENDED_ELSEWHERE);
      release();
      await allEvents(response);
      const used = (await other.store.usedTokens(owner, day)).ofUser;
      assert.ok(used > 0 && used < answerTokens, `${used} tokens count as used`);
    },
  );
});
