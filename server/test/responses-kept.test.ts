// Backends: replicas
// Responses whose client holds the history itself, kept in the conversation that the request names.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { caller } from "./chat-v1-client.ts";
import { twoCalls } from "./completions-client.ts";
import { type Event, responsesClient, wordsOf } from "./responses-client.ts";
import { sharedServer } from "./shared-server.ts";
import { openSocket } from "./socket-client.ts";
import { ONCE } from "./start-server.ts";

type Said = readonly [role: string, content: string];
const itemsOf = (said: readonly Said[]) => said.map(([role, content]) => ({ role, content }));
const HELLO: Said[] = [
  ["user", "Hello"],
  ["assistant", "Hi."],
];
const WEATHER = { type: "function", name: "weather", parameters: { type: "object" } };

/** A user of their own, whose client holds its history. */
async function keeping() {
  const server = await sharedServer();
  const client = responsesClient(server);
  const wire = caller(server.url);
  const { user } = client;
  const conversations = async (): Promise<string[]> =>
    (await wire.call("/conversations?limit=100", { user })).body.data.map(
      ({ id }: { readonly id: string }) => `conv_${id.replaceAll("-", "")}`,
    );
  const items = async (id: string): Promise<Event[]> =>
    (await client.call("GET", `/conversations/${id}/items?order=asc&limit=100`)).body.data;
  return {
    server,
    ...client,
    conversations,
    items,
    shown: async (id: string) =>
      (await items(id)).map(({ role, type, content }) => [role ?? type, content?.[0]?.text ?? ""]),
    /** Sends that history, as Codex does. */
    async say(said: readonly Said[], reply: string, more: object = {}) {
      server.model.next({ text: reply });
      const body = { store: false, input: itemsOf(said), ...more };
      const answer = await client.create(body, { session_id: "c" });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(wordsOf(answer.body), reply);
      return answer;
    },
  };
}
const conversationOf = ({ headers }: { readonly headers: Headers }): string =>
  headers.get("x-conversation-id") ?? assert.fail("it is kept nowhere");

test("[OS4] [OS6] of a history that its client holds what is new is kept once, the model is told what was sent, and the answer says where it is", async () => {
  const { server, say, items, shown, conversations, create, get } = await keeping();
  const first = await say([["user", "Hello"]], "Hi.", { instructions: "Be brief." });
  const id = conversationOf(first);
  assert.deepEqual([first.body.store, first.body.conversation.id], [false, id]);
  assert.equal(first.headers.get("x-response-id"), first.body.id);
  const input = [
    { role: "developer", content: "A setting" },
    { role: "user", content: "Hello" },
    ...first.body.output,
    { role: "user", content: "And now?" },
  ];
  server.model.next({ text: "Now." });
  const next = await create({ store: false, input, stream: true }, { session_id: "c" });
  assert.equal(conversationOf(next), id);
  assert.deepEqual(
    server.model.requests.map(({ body }) => body?.messages?.map(({ content }) => content)),
    [
      ["Be brief.", "Hello"],
      ["A setting", "Hello", "Hi.", "And now?"],
    ],
  );
  assert.deepEqual(await shown(id), [...HELLO, ["user", "And now?"], ["assistant", "Now."]]);
  assert.deepEqual(await conversations(), [id]);
  assert.deepEqual((await items(id))[1], first.body.output[0]);
  assert.equal(wordsOf((await get(first.body.id)).body), "Hi.");
});

test("[OS1] [OS2] a history is kept where a header or metadata names a conversation, and nowhere else", async () => {
  const { create, conversations } = await keeping();
  const body = { store: false, input: "Hello {{reply text=Hi}}" };
  const mine = await create(body, { "x-conversation-id": "my chat" });
  const metadata = { conversation_id: "my chat" };
  assert.equal(conversationOf(await create({ ...body, metadata })), conversationOf(mine));
  const both = { "x-conversation-id": "my chat", "session-id": "of the front end" };
  assert.equal(conversationOf(await create(body, both)), conversationOf(mine));
  assert.equal((await conversations()).length, 1);
  for (const header of ["x-openwebui-chat-id", "session-id", "session_id"])
    conversationOf(await create(body, { [header]: header }));
  assert.equal((await conversations()).length, 4);
  for (const headers of [
    { "session-id": "{{CHAT_ID}}" },
    { "x-conversation-id": "" },
    { "x-openwebui-chat-id": "c", "x-openwebui-task": "title_generation" },
  ] as Record<string, string>[]) {
    const answer = await create({ ...body, user: "ann", prompt_cache_key: "ann" }, headers);
    assert.deepEqual([answer.status, answer.headers.get("x-conversation-id")], [200, null]);
  }
  assert.equal((await conversations()).length, 4);
});

test("[OS3] a front end's chore is answered and not kept, unless it says so", async () => {
  const { create, get, conversations } = await keeping();
  const body = { input: "A title, please {{reply text=Title}}" };
  const headers = { "x-openwebui-chat-id": "c", "x-openwebui-task": "title_generation" };
  const chore = await create(body, headers);
  assert.deepEqual([wordsOf(chore.body), chore.body.store], ["Title", false]);
  assert.equal((await get(chore.body.id)).status, 404);
  const stored = await create({ ...body, store: true }, headers);
  assert.equal((await get(stored.body.id)).status, 200);
  assert.deepEqual(await conversations(), []);
});

test("[OS1] two names that differ are 400, and so is one that is no name", ONCE, async () => {
  const { create, conversations } = await keeping();
  for (const [body, headers, param] of [
    [
      { metadata: { conversation_id: "b" } },
      { "x-conversation-id": "a" },
      "metadata.conversation_id",
    ],
    [{ conversation: "b", store: true }, { "x-conversation-id": "a" }, "conversation"],
    [{ conversation: 5 }, {}, "conversation"],
    [{ conversation: { id: 5 } }, {}, "conversation.id"],
    [{}, { "x-conversation-id": "x".repeat(257) }, "X-Conversation-Id"],
  ] as const) {
    const { status, body: told } = await create(
      { store: false, input: "x", ...body },
      headers as Record<string, string>,
    );
    assert.deepEqual([status, told.error?.param], [400, param]);
  }
  const missing = { "x-conversation-id": `conv_${randomUUID().replaceAll("-", "")}` };
  assert.equal((await create({ store: false, input: "x" }, missing)).status, 404);
  assert.deepEqual(await conversations(), []);
});

test("[OS4] [OS5] the same history again is another answer, an edit begins a branch, and a shortened history goes on from the end", async () => {
  const { say, shown, conversations } = await keeping();
  const why: Said = ["user", "Why?"];
  const id = conversationOf(await say([["user", "Hello"]], "Hi."));
  await say([...HELLO, why], "Because.");
  await say([...HELLO, why], "Why not?");
  assert.deepEqual(await shown(id), [...HELLO, why, ["assistant", "Why not?"]]);
  await say([...HELLO, ["user", "Where?"]], "Here.");
  const where: Said[] = [
    ["user", "Where?"],
    ["assistant", "Here."],
  ];
  assert.deepEqual(await shown(id), [...HELLO, ...where]);
  await say([...where, ["user", "Thanks"]], "You are welcome.");
  assert.deepEqual((await shown(id)).slice(0, 5), [...HELLO, ...where, ["user", "Thanks"]]);
  assert.deepEqual(await conversations(), [id]);
});

test("[OS4] calls of tools, their outputs and sealed thoughts are known again", async () => {
  const { server, create, items } = await keeping();
  const named = { "session-id": "c" };
  const common = { store: false, tools: [WEATHER], include: ["reasoning.encrypted_content"] };
  const question = { role: "user", content: "What is the weather?" };
  server.model.next({ raw: twoCalls });
  const asked = await create({ ...common, input: [question] }, named);
  const calls = asked.body.output.filter(({ type }: Event) => type === "function_call");
  assert.equal(calls.length, 2);
  const outputs = calls.map(({ call_id }: Event) => ({
    type: "function_call_output",
    call_id,
    output: "rain",
  }));
  const input = [question, ...asked.body.output, ...outputs];
  server.model.next({ text: "It rains.", reasoning: "Hmm" });
  const told = await create({ ...common, input }, named);
  assert.equal(wordsOf(told.body), "It rains.");
  const thanks = { role: "user", content: "Thanks" };
  const last = await create({ ...common, input: [...input, ...told.body.output, thanks] }, named);
  assert.equal(last.status, 200, last.text);
  const types = (await items(conversationOf(last))).map(({ type, role }) => role ?? type);
  const call = "function_call";
  const output = "function_call_output";
  assert.deepEqual(types.slice(0, 7), [
    "user",
    call,
    call,
    output,
    output,
    "reasoning",
    "assistant",
  ]);
  assert.deepEqual(types.slice(7), ["user", "assistant"]);
});

test("[OS4] of what is kept a picture is a file of the user's, and what cannot be kept is told to the model all the same", async () => {
  const { server, create, items } = await keeping();
  const png =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  const content = [
    { type: "input_text", text: "What is this?" },
    { type: "input_image", image_url: `data:image/png;base64,${png}` },
    { type: "input_file", filename: "x.zip", file_data: "data:application/x-none;base64,AAAA" },
  ];
  const input = [{ role: "user", content }];
  const answer = await create({ store: false, input }, { "session-id": "c" });
  assert.equal(answer.status, 200, answer.text);
  const [kept] = await items(conversationOf(answer));
  assert.ok(
    kept?.content.some(({ type }: Event) => type === "input_image"),
    JSON.stringify(kept),
  );
  assert.equal(server.model.requests[0]?.body?.messages?.[0]?.content.length, 3);
});

test("[OS2] [OR6] a front end that is not asked to store less holds its history as well, and its model is told nothing twice", async () => {
  const { server, create, shown } = await keeping();
  const named = { "x-openwebui-chat-id": "c" };
  server.model.next({ text: "Hi." }, { text: "Now." }, { text: "Then." });
  await create({ input: itemsOf([["user", "Hello"]]) }, named);
  const more: Said[] = [...HELLO, ["user", "And now?"]];
  const id = conversationOf(await create({ input: itemsOf(more) }, named));
  assert.deepEqual(await shown(id), [...more, ["assistant", "Now."]]);
  assert.equal(server.model.requests[1]?.body?.messages?.length, 3);
  const whole = await create(
    { input: itemsOf([...more, ["assistant", "Now."], ["user", "And then?"]]) },
    { "x-conversation-id": id },
  );
  assert.equal(conversationOf(whole), id);
  assert.equal((await shown(id)).length, 6);
  assert.equal(server.model.requests[2]?.body?.messages?.length, 5);
});

test("[OS3] [OS4] [OR19] on a socket a response that is kept is gone on from by its id, in its conversation", async () => {
  const { server, user, shown, conversations } = await keeping();
  const headers = { authorization: "Bearer local", "x-openwebui-user-id": user, session_id: "c" };
  await using socket = await openSocket(server, "/v1/responses", { headers });
  const create = async (body: object): Promise<Event> => {
    socket.say({ type: "response.create", store: false, ...body });
    for (;;) {
      const event: Event = await socket.next();
      if (event.type === "error") assert.fail(JSON.stringify(event));
      if (event.type === "response.completed") return event.response;
    }
  };
  server.model.next({ text: "Hi." }, { text: "Now." });
  const first = await create({ input: "Hello" });
  const next = await create({ input: "And now?", previous_response_id: first.id });
  const { id } = next.conversation;
  assert.deepEqual(await conversations(), [id]);
  assert.deepEqual(await shown(id), [...HELLO, ["user", "And now?"], ["assistant", "Now."]]);
  assert.equal(server.model.requests[1]?.body?.messages?.length, 3);
});

test("[OX3] an Idempotency-Key gives the answer of what is kept again, and the same body in another conversation is another request", async () => {
  const { server, create } = await keeping();
  const body = { store: false, input: "once {{reply text=one}}" };
  const headers = { session_id: "c", "idempotency-key": randomUUID() };
  const first = await create(body, headers);
  const again = await create(body, headers);
  assert.deepEqual([again.body.id, wordsOf(again.body)], [first.body.id, "one"]);
  assert.equal(server.model.requests.length, 1);
  const other = await create(body, { ...headers, session_id: "d" });
  assert.deepEqual([other.status, other.body.error?.code], [409, "idempotency_key_in_use"]);
});

test("[OR7] [OX3] the conversation that a response began goes with it where it fails before its first word, and one that was there stays", async () => {
  const { server, create, call, conversations, items } = await keeping();
  const { id } = (await call("POST", "/conversations", {})).body;
  for (const [body, headers] of [
    [{ conversation: "my chat" }, {}],
    [{}, { "x-conversation-id": "my chat" }],
    [{ store: false }, { session_id: "my chat" }],
    [{ conversation: id }, {}],
    [{ store: false }, { "x-conversation-id": id }],
  ] as readonly (readonly [object, Record<string, string>])[]) {
    server.model.next({ failStatus: 400 });
    const failed = await create({ input: "Hello", ...body }, headers);
    assert.equal(failed.status, 400, failed.text);
    assert.equal(failed.headers.get("x-conversation-id"), null);
    assert.deepEqual(await conversations(), [id]);
    assert.deepEqual(await items(id), []);
  }
  server.model.next({ text: "Hi." });
  const whole = await create({ input: "Hello", conversation: "my chat" });
  assert.equal((await conversations()).length, 2);
  server.model.next({ failStatus: 400 });
  await create({ input: "And now?", conversation: "my chat" });
  assert.equal((await items(conversationOf(whole))).length, 2);
});
