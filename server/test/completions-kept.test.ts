// Chat Completions that are kept in a conversation, because their request says so. Backends: replicas
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { type Compared, overlayOf } from "../src/core/turns/overlay.ts";
import { PNG, readStream, twoCalls, WEATHER } from "./completions-client.ts";
import { conversationOf, messagesOf, type Said, usersOf, uuidOf } from "./completions-users.ts";
import { startServer } from "./start-server.ts";
import { makeKey, send } from "./wire-client.ts";

const server = await startServer();
after(() => server[Symbol.asyncDispose]());
const actingKey = await makeKey(server, { userId: "a robot", actAs: true });

const newUser = usersOf(server, actingKey);

const hello: Said[] = [
  ["user", "Hello"],
  ["assistant", "Hi."],
];

test("[OS1] [OS6] a request is kept where its header, its body or its metadata names a conversation, and the answer says where", async () => {
  const user = newUser();
  const messages = messagesOf([["user", "Hello"]]);
  const names = [
    [{ messages }, { "x-conversation-id": "my chat" }],
    [{ messages, conversation: "my chat" }, {}],
    [{ messages, conversation: { id: "my chat" } }, {}],
    [{ messages, metadata: { conversation_id: "my chat" } }, {}],
  ] as const;
  const answers = [];
  for (const [body, headers] of names) answers.push(await user.complete(body, headers));
  const ids = new Set(answers.map(conversationOf));
  assert.equal(ids.size, 1);
  assert.deepEqual(await user.conversations(), [...ids]);
  const [answer] = answers;
  const replyId = uuidOf(answer?.headers.get("x-response-id") ?? null);
  assert.equal(answer?.body.id, `chatcmpl-${replyId.replaceAll("-", "")}`);
  const byId = await user.complete({
    messages,
    conversation: answer?.headers.get("x-conversation-id"),
  });
  assert.deepEqual(await user.conversations(), [conversationOf(byId)]);
  const missing = `conv_${randomUUID().replaceAll("-", "")}`;
  assert.equal((await user.complete({ messages, conversation: missing })).status, 404);
  assert.equal(
    (
      await newUser().complete({
        messages,
        conversation: `conv_${[...ids][0]?.replaceAll("-", "")}`,
      })
    ).status,
    404,
  );
});

test("[OS1] two names that differ are 400, and so is one that is no name", async () => {
  const user = newUser();
  const messages = messagesOf([["user", "Hello"]]);
  for (const [body, headers, param] of [
    [{ messages, conversation: "a" }, { "x-conversation-id": "b" }, "conversation"],
    [
      { messages, conversation: "a", metadata: { conversation_id: "b" } },
      {},
      "metadata.conversation_id",
    ],
    [{ messages, conversation: 5 }, {}, "conversation"],
    [{ messages, conversation: { id: 5 } }, {}, "conversation.id"],
    [{ messages, conversation: "x".repeat(257) }, {}, "conversation"],
  ] as const) {
    const { status, body: told } = await user.complete(body, headers as Record<string, string>);
    assert.deepEqual([status, told.error.param], [400, param]);
  }
  assert.deepEqual(await user.conversations(), []);
});

test("[OS2] a front end's own header names the conversation; a placeholder, a person and a cache key do not", async () => {
  const user = newUser();
  const messages = messagesOf([["user", "Hello"]]);
  for (const header of ["x-openwebui-chat-id", "session-id", "session_id"])
    assert.ok(conversationOf(await user.complete({ messages }, { [header]: header })));
  assert.equal((await user.conversations()).length, 3);
  const both = { "x-openwebui-chat-id": "of the front end", "x-conversation-id": "my own" };
  const named = await user.complete({ messages }, both);
  assert.equal(
    conversationOf(named),
    conversationOf(await user.complete({ messages, conversation: "my own" })),
  );
  for (const [body, headers] of [
    [{ messages, user: "ann", safety_identifier: "ann", prompt_cache_key: "ann" }, {}],
    [{ messages }, { "x-conversation-id": "{{CHAT_ID}}" }],
    [{ messages }, { "x-openwebui-chat-id": "" }],
  ] as const)
    assert.equal(
      (await user.complete(body, headers as Record<string, string>)).headers.get(
        "x-conversation-id",
      ),
      null,
    );
  assert.equal((await user.conversations()).length, 4);
});

test("[OS3] a front end's chore is answered and not kept", async () => {
  const user = newUser();
  const chore = await user.complete(
    { messages: messagesOf([["user", "A title, please"]]) },
    { "x-openwebui-chat-id": "c", "x-openwebui-task": "title_generation" },
  );
  assert.equal(chore.status, 200);
  assert.deepEqual(await user.conversations(), []);
});

test("[OS4] what is new of a history is kept, each message once", async () => {
  const user = newUser();
  const system: Said = ["system", "Be brief"];
  await user.say("c", [system, ["user", "Hello"]], "Hi.");
  const id = conversationOf(await user.say("c", [system, ...hello, ["user", "And now?"]], "Now."));
  assert.deepEqual(await user.shown(id), [...hello, ["user", "And now?"], ["assistant", "Now."]]);
  assert.deepEqual(
    server.model.requests.at(-1)?.body?.messages,
    messagesOf([system, ...hello, ["user", "And now?"]]),
  );
  assert.deepEqual(await user.shown(id, 0), await user.shown(id), "on its one branch");
});

test("[OS4] the same history again is another answer; an edited question and an edited answer begin branches; the old ones stay", async () => {
  const user = newUser();
  const id = conversationOf(await user.say("c", [["user", "Hello"]], "Hi."));
  await user.say("c", [...hello, ["user", "Why?"]], "Because.");
  await user.say("c", [...hello, ["user", "Why?"]], "Why not?");
  assert.deepEqual((await user.shown(id)).at(-1), ["assistant", "Why not?"]);
  await user.say("c", [...hello, ["user", "Where?"]], "Here.");
  assert.deepEqual(await user.shown(id), [...hello, ["user", "Where?"], ["assistant", "Here."]]);
  await user.say(
    "c",
    [
      ["user", "Hello"],
      ["assistant", "Hi!!!"],
      ["user", "Who?"],
    ],
    "Me.",
  );
  assert.deepEqual(await user.shown(id), [
    ["user", "Hello"],
    ["assistant", "Hi!!!"],
    ["user", "Who?"],
    ["assistant", "Me."],
  ]);
  assert.deepEqual(await user.shown(id, 0), [
    ...hello,
    ["user", "Why?"],
    ["assistant", "Because."],
  ]);
  assert.deepEqual(await user.conversations(), [id]);
});

test("[OS4] line ends, outer space and thoughts are no difference", async () => {
  const user = newUser();
  server.model.next({ text: "Two\nlines ", reasoning: "Hmm" });
  const id = conversationOf(await user.say("c", [["user", " Say\r\ntwo lines"]]));
  await user.say("c", [
    ["user", "Say\ntwo lines "],
    ["assistant", "<think>Hmm</think>\nTwo\r\nlines"],
    ["user", "Thanks"],
  ]);
  assert.equal((await user.shown(id)).length, 4);
});

test("[OS4] calls of tools and their results are kept, and known again by their ids", async () => {
  const user = newUser();
  const named = { "x-conversation-id": "c" };
  server.model.next({ raw: twoCalls });
  const question = { role: "user", content: "What is the weather?" };
  const asked = await user.complete({ messages: [question], tools: [WEATHER] }, named);
  const call = asked.body.choices[0].message;
  assert.equal(asked.body.choices[0].finish_reason, "tool_calls");
  const results = call.tool_calls.map(({ id }: { id: string }) => ({
    role: "tool",
    tool_call_id: id,
    content: "rain",
  }));
  server.model.next({ text: "It rains." });
  const messages = [question, call, ...results];
  const answer = await user.complete({ messages, tools: [WEATHER] }, named);
  assert.equal(answer.body.choices[0].message.content, "It rains.");
  const id = conversationOf(answer);
  const { data } = await user.get(`/v1/chat/conversations/${id}/messages?parts=1`);
  assert.deepEqual(
    data.map(({ role, parts }: { role: string; parts: { type: string }[] }) => [
      role,
      ...parts.map(({ type }) => type),
    ]),
    [
      ["user", "text"],
      ["assistant", "tool_call", "tool_call"],
      ["assistant", "text"],
    ],
  );
  server.model.next({ text: "You are welcome." });
  const last = await user.complete(
    {
      messages: [
        ...messages,
        { role: "assistant", content: "It rains." },
        { role: "user", content: "Thanks" },
      ],
    },
    named,
  );
  assert.equal(last.status, 200, last.text);
  assert.equal((await user.shown(id)).length, 5);
});

test("[OS4] a picture is kept with its message", async () => {
  const user = newUser();
  const content = [
    { type: "text", text: "What is this?" },
    { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } },
  ];
  const answer = await user.complete(
    { messages: [{ role: "user", content }] },
    { "x-conversation-id": "c" },
  );
  assert.equal(answer.status, 200, answer.text);
  const { data } = await user.get(`/v1/chat/conversations/${conversationOf(answer)}/messages`);
  assert.equal(data[0].content, "What is this?");
  assert.equal(data[0].attachments[0].media_type, "image/png");
});

test("[OS5] a history that was shortened at its beginning goes on from the end; one that matches nowhere is a branch of its own", async () => {
  const user = newUser();
  const id = conversationOf(await user.say("c", [["user", "One"]], "First."));
  await user.say(
    "c",
    [
      ["user", "One"],
      ["assistant", "First."],
      ["user", "Two"],
    ],
    "Second.",
  );
  const tail: Said[] = [
    ["user", "Two"],
    ["assistant", "Second."],
  ];
  await user.say("c", [...tail, ["user", "Three"]], "Third.");
  const whole = await user.shown(id);
  assert.deepEqual(
    whole.map(([, content]) => content),
    ["One", "First.", "Two", "Second.", "Three", "Third."],
  );
  await user.say("c", [...tail, ["user", "Three"]], "Another third.");
  assert.deepEqual(
    (await user.shown(id)).map(([, content]) => content),
    ["One", "First.", "Two", "Second.", "Three", "Another third."],
  );
  await user.say("c", [["user", "Something else"]], "Else.");
  assert.deepEqual(await user.shown(id), [
    ["user", "Something else"],
    ["assistant", "Else."],
  ]);
  assert.deepEqual(await user.shown(id, 0), whole);
});

test("[OS5] the end of a stored history is found in time in proportion to its length", () => {
  const same = (count: number): Compared[] =>
    Array.from({ length: count }, () => ({ side: "question", key: "the same" }));
  const other: Compared = { side: "question", key: "another" };
  let looks = 0;
  const counted = (list: readonly Compared[]) =>
    list.map(({ side, key }) => ({
      side,
      get key() {
        looks++;
        return key;
      },
    }));
  const overlay = overlayOf(counted(same(2000)), counted([...same(1000), other, ...same(999)]));
  assert.deepEqual(overlay, { stored: 1000, sent: 1000 });
  assert.ok(looks < 50_000, `${looks} keys were read`);
});

test("[OS7] two who begin with the same words under one key, and name no conversation, share none", async () => {
  const user = newUser();
  const messages = messagesOf([["user", "Hi"]]);
  const [one, other] = await Promise.all([
    user.complete({ messages }),
    user.complete({ messages }),
  ]);
  assert.equal(one.headers.get("x-conversation-id"), null);
  assert.equal(other.status, 200);
  assert.deepEqual(await user.conversations(), []);
});

test("[OX12] [OS6] a client that goes away stops nothing that is kept", async () => {
  const user = newUser();
  server.model.forget();
  server.model.next({ pieces: ["So ", "far ", "so good"], hold: 1, gapMs: 1 });
  const leaving = new AbortController();
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { ...user.headers, "content-type": "application/json", "x-conversation-id": "c" },
    body: JSON.stringify({
      model: "scripted",
      stream: true,
      messages: messagesOf([["user", "x"]]),
    }),
    signal: leaving.signal,
  });
  const id = conversationOf(response);
  await server.model.held();
  leaving.abort();
  server.model.release();
  await response.text().catch(() => {});
  const stream = await send(
    server,
    "GET",
    `/v1/chat/conversations/${id}/messages/stream`,
    undefined,
    user.headers,
  );
  assert.match(stream.text, /ai_complete/);
  assert.deepEqual((await user.shown(id)).at(-1), ["assistant", "So far so good"]);
});

test("[OX3] what fails before its first word leaves no message; what fails after it stays, and is not to be sent again", async () => {
  const user = newUser();
  const named = { "x-conversation-id": "c" };
  const messages = messagesOf([["user", "x"]]);
  server.model.next({ failStatus: 400 });
  const refused = await user.complete({ messages }, named);
  assert.equal(refused.status, 400);
  assert.equal(refused.headers.get("x-conversation-id"), null);
  assert.deepEqual(await user.conversations(), [], "nor the conversation that it began");
  server.model.next({ pieces: ["So ", "far"], gapMs: 1, error: 2 });
  const failed = await user.complete({ messages }, named);
  assert.equal(failed.status, 502);
  assert.equal(failed.headers.get("x-should-retry"), "false");
  const [id = ""] = await user.conversations();
  assert.deepEqual((await user.shown(id)).at(-1), ["assistant", "So far"]);
});

test("[OC9] an Idempotency-Key gives the first answer again, whole or streamed, and asks no model twice", async () => {
  const user = newUser();
  const body = { messages: messagesOf([["user", "x"]]) };
  const headers = { "x-conversation-id": "c", "idempotency-key": randomUUID() };
  const before = server.model.requests.length;
  const first = await user.complete(body, headers);
  const again = await user.complete(body, headers);
  assert.equal(again.body.id, first.body.id);
  assert.deepEqual(again.body.choices, first.body.choices);
  const other = await user.complete({ ...body, temperature: 1 }, headers);
  assert.deepEqual([other.status, other.body.error.code], [409, "idempotency_key_in_use"]);
  const streaming = { ...headers, "idempotency-key": randomUUID() };
  const text = async () => {
    const { chunks, isDone } = readStream(
      (await user.complete({ ...body, stream: true }, streaming)).text,
    );
    assert.ok(isDone);
    return chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("");
  };
  assert.equal(await text(), await text());
  assert.equal(server.model.requests.length, before + 2);
});

test("[OX3] a request that an SDK repeats by itself gets the first answer, and one that only looks like it an answer of its own", async () => {
  const user = newUser();
  const body = { messages: messagesOf([["user", "x"]]) };
  const say = async (count: string, more: object = {}) =>
    (
      await user.complete(
        { ...body, ...more },
        { "x-conversation-id": "c", "x-stainless-retry-count": count },
      )
    ).body.id;
  const before = server.model.requests.length;
  const first = await say("0");
  assert.equal(await say("1"), first);
  assert.equal(await say("2"), first);
  assert.equal(server.model.requests.length, before + 1);
  const asked = await say("0");
  assert.notEqual(asked, first);
  assert.equal(await say("1"), asked);
  assert.notEqual(await say("1", { temperature: 1 }), asked);
  assert.equal(server.model.requests.length, before + 3);
});

test("[OX3] a conversation that was there before a request stays where the request fails before its first word", async () => {
  const user = newUser();
  const messages = messagesOf([["user", "x"]]);
  const { body } = await send(server, "POST", "/v1/conversations", {}, user.headers);
  server.model.next({ failStatus: 400 });
  assert.equal((await user.complete({ messages, conversation: body.id })).status, 400);
  const [id = "", ...others] = await user.conversations();
  assert.deepEqual(others, []);
  assert.deepEqual(await user.shown(id), []);
  await user.say("c", hello.slice(0, 1), "Hi.");
  server.model.next({ failStatus: 400 });
  const again = await user.complete(
    { messages: messagesOf([...hello, ["user", "Why?"]]) },
    { "x-conversation-id": "c" },
  );
  assert.equal(again.status, 400);
  const [named = ""] = (await user.conversations()).filter((one) => one !== id);
  assert.deepEqual(await user.shown(named), hello);
});

test("[OC9] [OX3] the same body in another conversation is another request", async () => {
  const user = newUser();
  const body = { messages: messagesOf([["user", "x"]]) };
  const key = { "idempotency-key": randomUUID() };
  const first = await user.complete(body, { ...key, "x-conversation-id": "one" });
  assert.equal(first.status, 200, first.text);
  const other = await user.complete(body, { ...key, "x-conversation-id": "two" });
  assert.deepEqual([other.status, other.body.error.code], [409, "idempotency_key_in_use"]);
  const repeated = { "x-stainless-retry-count": "0" };
  await user.complete(body, { ...repeated, "x-conversation-id": "three" });
  const lost = await user.complete(body, { ...repeated, "x-conversation-id": "four" });
  const again = await user.complete(body, {
    "x-stainless-retry-count": "1",
    "x-conversation-id": "three",
  });
  assert.notEqual(again.body.id, lost.body.id);
  assert.notEqual(conversationOf(again), conversationOf(lost));
});

test("[OC5] several answers are not for what is kept", async () => {
  const user = newUser();
  const { status, body } = await user.complete(
    { messages: messagesOf([["user", "x"]]), n: 2 },
    { "x-conversation-id": "c" },
  );
  assert.deepEqual([status, body.error.param], [400, "n"]);
});

test("[OX2] a model that the provider does not know is 404 model_not_found, whether the request is kept or not", async () => {
  const user = newUser();
  const failBody = { error: { message: "The model `x` does not exist", code: "model_not_found" } };
  const unknown = { failStatus: 404, failBody };
  const body = { messages: messagesOf([["user", "x"]]) };
  for (const more of [{}, { conversation: "c" }, { store: true }]) {
    server.model.next(unknown);
    const { status, body: told } = await user.complete({ ...body, ...more });
    assert.deepEqual(
      [status, told.error.code, told.error.param],
      [404, "model_not_found", "model"],
    );
  }
  for (const store of [true, false]) {
    server.model.next(unknown);
    const asked = { model: "scripted", input: "x", store };
    const { status, body: told } = await send(server, "POST", "/v1/responses", asked, user.headers);
    assert.deepEqual(
      [status, told.error.code, told.error.param],
      [404, "model_not_found", "model"],
    );
  }
});
