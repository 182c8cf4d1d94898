// Chat Completions that are stored by themselves, because their request says so. Backends: replicas
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { readStream, twoCalls, WEATHER } from "./completions-client.ts";
import { messagesOf, type Said, usersOf } from "./completions-users.ts";
import type { ReplyScript } from "./model-script.ts";
import { startServer } from "./start-server.ts";
import { makeKey, send } from "./wire-client.ts";

const server = await startServer();
after(() => server[Symbol.asyncDispose]());
const newUser = usersOf(server, await makeKey(server, { userId: "a robot", actAs: true }));

const hello: Said[] = [
  ["user", "Hello"],
  ["assistant", "Hi."],
];

/** A user's completion that is stored, and what can be asked of it. */
async function storeOne(
  user: ReturnType<typeof newUser>,
  body: object = {},
  reply: ReplyScript = { text: "Hi." },
) {
  server.model.next(reply);
  const answer = await user.complete({
    messages: messagesOf([["user", "Hello"]]),
    store: true,
    ...body,
  });
  assert.equal(answer.status, 200, answer.text);
  const path = `/v1/chat/completions/${answer.body.id}`;
  const ask = (method: string, more = "", sent?: object) =>
    send(server, method, `${path}${more}`, sent, user.headers);
  return { answer, id: answer.body.id as string, ask };
}
const listed = async (user: ReturnType<typeof newUser>, query = "") =>
  (await user.get(`/v1/chat/completions${query}`)).data.map(({ id }: { id: string }) => id);

test("[OC8] a completion is stored if it says so: it is got as it was answered, with what the model was told, and is in no list of conversations", async () => {
  const user = newUser();
  const said: Said[] = [
    ["system", "Be short."],
    ["user", ""],
    ["user", "Hello"],
  ];
  const body = { messages: messagesOf(said), metadata: { shop: "north" } };
  const { answer, ask } = await storeOne(user, body);
  const got = await ask("GET");
  assert.equal(got.status, 200, got.text);
  assert.deepEqual(got.body, { ...answer.body, metadata: { shop: "north" } });
  const { body: messages } = await ask("GET", "/messages");
  assert.deepEqual(
    messages.data.map(({ role, content }: { role: string; content: string }) => [role, content]),
    said,
  );
  assert.deepEqual(
    [messages.object, messages.first_id, messages.last_id, messages.has_more],
    ["list", messages.data[0].id, messages.data[2].id, false],
  );
  const { body: last } = await ask("GET", "/messages?order=desc&limit=1");
  assert.deepEqual([last.data, last.has_more], [[messages.data[2]], true]);
  const { body: rest } = await ask("GET", `/messages?after=${messages.data[0].id}`);
  assert.deepEqual(rest.data, messages.data.slice(1));
  assert.deepEqual(await user.conversations(), []);
  assert.equal(answer.headers.get("x-conversation-id"), null);
  const response = await user.get(`/v1/responses/${answer.headers.get("x-response-id")}`);
  assert.deepEqual([response.conversation, response.output[0].content[0].text], [null, "Hi."]);
});

test("[OC8] calls of tools are stored and told again", async () => {
  const user = newUser();
  const { answer, ask } = await storeOne(user, { tools: [WEATHER] }, { raw: twoCalls });
  const { body } = await ask("GET");
  assert.deepEqual(body, { ...answer.body, metadata: {} });
  assert.equal(body.choices[0].finish_reason, "tool_calls");
  const messages = [
    { role: "user", content: "Hello" },
    answer.body.choices[0].message,
    { role: "tool", tool_call_id: "call_a", content: "Rain" },
    { role: "tool", tool_call_id: "call_b", content: "Sun" },
  ];
  const next = await storeOne(user, { messages });
  const { data } = (await next.ask("GET", "/messages")).body;
  assert.deepEqual(
    data.map((one: { role: string; tool_call_id?: string }) => [one.role, one.tool_call_id]),
    [
      ["user", undefined],
      ["assistant", undefined],
      ["tool", "call_a"],
      ["tool", "call_b"],
    ],
  );
  assert.deepEqual(data[1].tool_calls, answer.body.choices[0].message.tool_calls);
});

test("[OC8] [OX6] stored completions are listed oldest first, by their model and metadata too, and to their own user alone", async () => {
  const user = newUser();
  const north = (await storeOne(user, { metadata: { shop: "north" } })).id;
  const south = (await storeOne(user, { metadata: { shop: "south", till: "2" } })).id;
  const streamed = await user.complete({
    messages: messagesOf([["user", "Hello"]]),
    store: true,
    stream: true,
  });
  const plain = readStream(streamed.text).chunks[0].id;
  await user.complete({ messages: messagesOf([["user", "Hello"]]) });
  assert.deepEqual(await listed(user), [north, south, plain]);
  assert.deepEqual(await listed(user, "?order=desc&limit=2"), [plain, south]);
  assert.deepEqual(await listed(user, `?after=${north}&limit=1`), [south]);
  assert.deepEqual(await listed(user, `?order=desc&after=${south}`), [north]);
  assert.deepEqual(await listed(user, "?metadata[shop]=south&metadata[till]=2"), [south]);
  assert.deepEqual(await listed(user, "?metadata[shop]=west"), []);
  assert.deepEqual(await listed(user, "?model=another"), []);
  const other = newUser();
  assert.deepEqual(await other.get("/v1/chat/completions"), {
    object: "list",
    data: [],
    first_id: null,
    last_id: null,
    has_more: false,
  });
  const theirs = await send(
    server,
    "GET",
    `/v1/chat/completions/${north}`,
    undefined,
    other.headers,
  );
  assert.equal(theirs.status, 404);
  for (const query of [`?after=${north}`, "?after=x", "?limit=0", "?order=up"]) {
    const owner = query.includes(north) ? other : user;
    const path = `/v1/chat/completions${query}`;
    const { status } = await send(server, "GET", path, undefined, owner.headers);
    assert.equal(status, query.startsWith("?after") ? 404 : 400, query);
  }
});

test("[OC8] [OX7] the metadata of a stored completion is replaced; deleted, it is nowhere", async () => {
  const user = newUser();
  const { id, ask, answer } = await storeOne(user, { metadata: { shop: "north" } });
  const changed = await ask("POST", "", { metadata: { shop: "east" } });
  assert.deepEqual(changed.body, { ...answer.body, metadata: { shop: "east" } });
  assert.deepEqual((await ask("GET")).body.metadata, { shop: "east" });
  const wrong = await ask("POST", "", { metadata: { shop: 1 } });
  assert.deepEqual([wrong.status, wrong.body.error.param], [400, "metadata.shop"]);
  assert.equal((await ask("POST", "", {})).body.error.param, "metadata");
  const gone = await ask("DELETE");
  assert.deepEqual(gone.body, { object: "chat.completion.deleted", id, deleted: true });
  for (const [method, more] of [
    ["GET", ""],
    ["GET", "/messages"],
    ["DELETE", ""],
  ] as const)
    assert.equal((await ask(method, more)).status, 404);
  assert.deepEqual(await listed(user), []);
  const path = `/v1/responses/${answer.headers.get("x-response-id")}`;
  assert.equal((await send(server, "GET", path, undefined, user.headers)).status, 404);
});

test("[OC8] a stored completion of a conversation is listed too; its messages stay where it is deleted", async () => {
  const user = newUser();
  await user.say("c", hello.slice(0, 1), "Hi.");
  const messages = messagesOf([...hello, ["user", "Why?"]]);
  const { id, ask } = await storeOne(user, { messages, conversation: "c" }, { text: "So." });
  assert.deepEqual(await listed(user), [id]);
  const { data } = (await ask("GET", "/messages")).body;
  assert.deepEqual(
    data.map(({ role, content }: { role: string; content: string }) => ({ role, content })),
    messages,
  );
  await ask("DELETE");
  assert.deepEqual(await listed(user), []);
  const [conversation = ""] = await user.conversations();
  assert.equal((await user.shown(conversation)).length, 4);
});

test("[OC8] [X12] what was cut off has no reason to have ended; what failed before its first word, and what was not to be stored, is not found", async () => {
  const user = newUser();
  server.model.next({ text: "Hi there", cut: 1 });
  const cut = await user.complete({ messages: messagesOf([["user", "x"]]), store: true });
  assert.equal(cut.status, 502, cut.text);
  const { data } = await user.get("/v1/chat/completions");
  assert.equal(data.length, 1);
  assert.equal(data[0].choices[0].finish_reason, null);
  server.model.next({ failStatus: 400 });
  const failed = await user.complete({ messages: messagesOf([["user", "x"]]), store: true });
  assert.deepEqual([failed.status, failed.headers.get("x-response-id")], [400, null]);
  const { body } = await user.complete({ messages: messagesOf([["user", "x"]]) });
  const path = `/v1/chat/completions/${body.id}`;
  const missing = await send(server, "GET", path, undefined, user.headers);
  assert.deepEqual([missing.status, missing.body.error.type], [404, "invalid_request_error"]);
  assert.equal((await listed(user)).length, 1);
});
