// Requests that come twice with one Idempotency-Key: what is made by the first one is made once, on every wire.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { startServer } from "./start-server.ts";
import { type Answer, makeKey, type Server, send } from "./wire-client.ts";

let server: Server;
let operator: Record<string, string>;

before(async () => {
  server = await startServer({ builtIn: true });
  operator = {
    authorization: `Bearer ${await makeKey(server, { actAs: true, isOperator: true })}`,
  };
});
after(() => server[Symbol.asyncDispose]());

/** Of a user who has nothing yet. */
const newUser = () => ({ ...operator, "x-user-id": randomUUID() });
const newKey = () => ({ "idempotency-key": randomUUID() });

type Maker = {
  readonly wire: string;
  readonly path: string;
  readonly body: object;
  readonly other: object;
  /** Of all that the user has. */
  readonly list: string;
  readonly count: (answer: Answer) => number;
  /** Takes away what an answer says was made; wires that cannot do it leave it out. */
  readonly remove?: (made: Answer) => { readonly path: string; readonly body?: object };
};

const CONVERSATIONS = {
  list: "/v1/chat/conversations",
  count: ({ body }: Answer): number => body.meta.total,
};

const MAKERS: readonly Maker[] = [
  {
    wire: "chat-v1, a conversation",
    path: "/v1/chat/conversations",
    body: { title: "Once" },
    other: { title: "Another" },
    ...CONVERSATIONS,
    remove: ({ body }) => ({ path: `/v1/chat/conversations/${body.data.id}` }),
  },
  {
    wire: "chat-v1, an agent",
    path: "/v1/chat/agents",
    body: { name: "Once", instructions: "Be brief" },
    other: { name: "Another", instructions: "Be brief" },
    list: "/v1/chat/agents",
    count: ({ body }) => body.data.length,
    remove: ({ body }) => ({ path: `/v1/chat/agents/${body.data.id}` }),
  },
  {
    wire: "chat-v1, a prompt",
    path: "/v1/chat/prompts",
    body: { name: "Once", text: "Be brief" },
    other: { name: "Another", text: "Be brief" },
    list: "/v1/chat/prompts",
    count: ({ body }) => body.data.length,
    remove: ({ body }) => ({ path: `/v1/chat/prompts/${body.data.id}` }),
  },
  {
    wire: "chat-v1, a memory",
    path: "/v1/chat/memories",
    body: { text: "Has two cats" },
    other: { text: "Has a dog" },
    list: "/v1/chat/memories",
    count: ({ body }) => body.data.length,
    remove: ({ body }) => ({ path: `/v1/chat/memories/${body.data.id}` }),
  },
  {
    wire: "chat-v1, a project",
    path: "/v1/chat/projects",
    body: { name: "Once" },
    other: { name: "Another" },
    list: "/v1/chat/projects",
    count: ({ body }) => body.data.length,
    remove: ({ body }) => ({ path: `/v1/chat/projects/${body.data.id}` }),
  },
  {
    wire: "conversations",
    path: "/api/conversations",
    body: {
      title: "Once",
      messages: [
        { id: "b1f6a6e0-0000-4000-8000-000000000001", role: "user", content: "Hello" },
        { role: "assistant", content: "Good day" },
        { role: "tool", content: "left out" },
      ],
    },
    other: { title: "Another", messages: [] },
    ...CONVERSATIONS,
    remove: ({ body }) => ({
      path: "/api/conversations",
      body: { conversationId: body.conversation.id },
    }),
  },
  {
    wire: "dialogix",
    path: "/api/v1/chat/conversations",
    body: {},
    other: { title: "Another" },
    ...CONVERSATIONS,
  },
];

for (const { wire, path, body, other, list, count, remove } of MAKERS) {
  test(`[X8] (${wire}) is made once for an Idempotency-Key: a repeat gets the first answer, another body 409`, async () => {
    const user = newUser();
    const key = newKey();
    const make = (given: object, headers: object) =>
      send(server, "POST", path, given, { ...user, ...headers });
    const first = await make(body, key);
    assert.ok(first.status < 300, first.text);
    const again = await make(body, key);
    assert.deepEqual([again.status, told(again)], [first.status, told(first)]);
    const refused = await make(other, key);
    assert.equal(refused.status, 409, refused.text);
    assert.match(refused.text, /Use a new key for a new request/);
    const counted = async () => count(await send(server, "GET", list, undefined, user));
    assert.equal(await counted(), 1);

    const atOnce = newKey();
    const answers = await Promise.all(Array.from({ length: 6 }, () => make(body, atOnce)));
    for (const answer of answers) assert.deepEqual(told(answer), told(answers[0]!));
    assert.equal(await counted(), 2, "of many at once there is one");

    const mine = await send(server, "POST", path, body, { ...newUser(), ...key });
    assert.notDeepEqual(told(mine), told(first), "a key is its user's own");
    await make(body, {});
    assert.equal(await counted(), 3, "without a key, each is made");

    if (!remove) return;
    const removal = remove(first);
    const removed = await send(server, "DELETE", removal.path, removal.body, user);
    assert.equal(removed.status, 200, removed.text);
    const gone = await make(body, key);
    assert.equal(gone.status, 404, gone.text);
    assert.match(gone.text, /not found/);
    assert.equal(await counted(), 2, "what was deleted is not made again");
  });
}

/** What an answer says, without what names the request. */
const told = ({ body }: Answer): unknown => ({ ...body, requestId: undefined });

test("[X8] (chat-v1, a message that asks nobody) is stored once for an Idempotency-Key", async () => {
  const user = newUser();
  const key = newKey();
  const made = await send(server, "POST", "/v1/chat/conversations", {}, user);
  const path = `/v1/chat/conversations/${made.body.data.id}/messages`;
  const say = (content: string, role: string) =>
    send(server, "POST", path, { role, content }, { ...user, ...key });
  const answers = await Promise.all([1, 2, 3].map(() => say("Be brief", "system")));
  for (const answer of [...answers, await say("Be brief", "system")]) {
    assert.equal(answer.status, 201);
    assert.deepEqual(answer.body, answers[0]?.body);
  }
  assert.equal((await say("Be long", "system")).status, 409);
  assert.equal((await say("Be brief", "assistant")).status, 409);
  assert.equal((await say("Be brief", "user")).status, 409, "also where it asks for a reply");
  const messages = await send(server, "GET", path, undefined, user);
  assert.equal(messages.body.data.length, 1);
  await send(server, "DELETE", `/v1/chat/messages/${messages.body.data[0].id}`, undefined, user);
  assert.equal((await say("Be brief", "system")).status, 404);
  const nowhere = `/v1/chat/conversations/${randomUUID()}/messages`;
  const lost = newKey();
  for (let time = 0; time < 2; time++)
    assert.equal(
      (await send(server, "POST", nowhere, { role: "system", content: "x" }, { ...user, ...lost }))
        .status,
      404,
    );
});

test("[X8] what is shown only once is made once for an Idempotency-Key: a repeat is 409 and says what to do", async () => {
  const user = newUser();
  const key = newKey();
  const name = randomUUID();
  const makeKeyOf = (given: string) =>
    send(server, "POST", "/v1/chat/keys", { name: given }, { ...user, ...key });
  const made = await Promise.all([1, 2, 3].map(() => makeKeyOf(name)));
  assert.deepEqual(made.map(({ status }) => status).sort(), [201, 409, 409]);
  const repeated = await makeKeyOf(name);
  assert.match(
    repeated.body.message,
    /Revoke that one, and make another with a new Idempotency-Key/,
  );
  assert.match((await makeKeyOf("another")).body.message, /used for another request/);
  const list = (await send(server, "GET", "/v1/chat/keys", undefined, operator)).body.data;
  assert.equal(list.filter((one: { name: string }) => one.name === name).length, 1);
  const secret = made.find(({ status }) => status === 201)?.body.data.key;
  const use = { authorization: `Bearer ${secret}` };
  assert.equal((await send(server, "GET", "/v1/chat/agents", undefined, use)).status, 200);

  const ticketKey = newKey();
  const ticket = (headers: object) =>
    send(server, "POST", "/v1/chat/tickets", undefined, { ...user, ...headers });
  assert.equal((await ticket(ticketKey)).status, 201);
  const second = await ticket(ticketKey);
  assert.equal(second.status, 409);
  assert.match(second.body.message, /Ask for another with a new Idempotency-Key, or without one/);
  for (let time = 0; time < 2; time++) assert.equal((await ticket({})).status, 201);
});

test("[X8] a repeat after a restart of the server, and at another replica, gets the first answer", async () => {
  await using first = await startServer({ builtIn: true });
  const user = { authorization: "Bearer local", "x-user-id": randomUUID() };
  const key = newKey();
  const make = (url: string) =>
    send({ url }, "POST", "/v1/chat/conversations", { title: "Once" }, { ...user, ...key });
  const made = await make(first.url);
  assert.equal(made.status, 201, made.text);
  for (const url of first.replicaUrls) assert.deepEqual((await make(url)).body, made.body);
  await first.close(0);
  await using second = await startServer({ builtIn: true, directory: first.directory });
  assert.deepEqual((await make(second.url)).body, made.body);
});

test("[X8] the description names the header on every POST that honours it", async () => {
  const { paths } = (await send(server, "GET", "/openapi.json")).body as {
    paths: Record<string, { post?: { parameters?: readonly { in: string; name: string }[] } }>;
  };
  const without = Object.entries(paths)
    .filter(([, { post }]) => post && !post.parameters?.some(isHeader))
    .map(([path]) => path);
  assert.deepEqual(without.sort(), [
    "/sign-in/end",
    "/sign-in/invitation",
    "/sign-in/invitation/accept",
    "/v1/audio/speech",
    "/v1/audio/transcriptions",
    "/v1/chat/completions/{completion_id}",
    "/v1/chat/conversations/actions",
    "/v1/chat/conversations/export",
    "/v1/chat/conversations/import",
    "/v1/chat/conversations/{conversationId}/messages/restore",
    "/v1/chat/conversations/{conversationId}/messages/stop",
    "/v1/chat/messages/{messageId}/calls/{callId}/decision",
    "/v1/chat/messages/{messageId}/calls/{callId}/result",
    "/v1/chat/tools/{source}/accept",
    "/v1/chat/tools/{source}/sign-in",
    "/v1/conversations/{conversation_id}",
    "/v1/messages/count_tokens",
    "/v1/realtime/client_secrets",
    "/v1/responses/input_tokens",
    "/v1/responses/{response_id}/cancel",
  ]);
});

const isHeader = (parameter: { readonly in: string; readonly name: string }): boolean =>
  parameter.in === "header" && parameter.name.toLowerCase() === "idempotency-key";
