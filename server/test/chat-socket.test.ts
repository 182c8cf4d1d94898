// Wire 000 over its WebSocket.
// Backends: replicas
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "./cli-runner.ts";
import { sharedServer } from "./shared-server.ts";
import { openSocket, refusedSocket } from "./socket-client.ts";
import { ONCE, startServer } from "./start-server.ts";
import { ALICE, BOB, EVERY_KIND_OF_TEXT, makeKey, type Server, send, UUID } from "./wire-client.ts";

const PATH = `/ws?user_id=${ALICE}`;
const message = (content: string, more: object = {}) => ({ type: "message", content, ...more });
const list = async (server: Server) =>
  (await send(server, "GET", `/conversations?user_id=${ALICE}`)).body;

test(
  "[X1] [C5] /ws with a user id takes a message and gives its response, as documented",
  ONCE,
  async () => {
    await using server = await sharedServer();
    await using talk = await openSocket(server, "/ws?user_id=someone");
    talk.say({ type: "message", content: "string" });
    const response = await talk.next();
    assert.equal(response.type, "response");
    assert.equal(response.content, "Echo: string");
    assert.match(response.conversation_id, UUID);
  },
);

test("[C5] the socket keeps to one conversation for its life; the next socket goes on with it", async () => {
  await using server = await sharedServer();
  await using talk = await openSocket(server, PATH);
  talk.say(message("My name is Ada"));
  const { conversation_id } = await talk.next();
  talk.say(message("What is my name?"));
  assert.equal((await talk.next()).conversation_id, conversation_id);
  assert.equal(server.model.requests[1]?.body?.messages?.length, 3);
  await using other = await openSocket(server, PATH);
  other.say(message("Hello again"));
  assert.equal((await other.next()).conversation_id, conversation_id);
  assert.equal(server.model.requests[2]?.body?.messages?.length, 5);
});

test("[C5] a socket that comes back goes on where /chat would: not after so long a pause, nor with what was deleted or begun elsewhere", async () => {
  await using server = await startServer({ environment: { CHAT_IDLE_MINUTES: "30" } });
  const owner = { tenantId: "local", userId: ALICE };
  const sayAnew = async (more: object = {}) => {
    await using talk = await openSocket(server, PATH);
    talk.say(message("Hello", more));
    return (await talk.next()).conversation_id;
  };
  const first = await sayAnew();
  const { body } = await send(server, "POST", "/chat", { message: "Hi", user_id: ALICE });
  assert.equal(body.conversation_id, first);
  await send(server, "POST", "/chat/completions", { message: "Elsewhere", user_id: ALICE });
  assert.equal(await sayAnew(), first);
  const fresh = await sayAnew({ conversation_id: null });
  assert.notEqual(fresh, first);
  assert.equal(await sayAnew(), fresh);
  await send(server, "DELETE", `/conversations/${fresh}?user_id=${ALICE}`);
  assert.equal(await sayAnew(), first);
  const longAgo = new Date(Date.now() - 31 * 60_000);
  await server.store.updateConversation(owner, first, { updatedAt: longAgo });
  assert.notEqual(await sayAnew(), first);
});

test(
  "[C5] conversation_id goes on with one, null begins one, an unknown one is an error",
  ONCE,
  async () => {
    await using server = await sharedServer();
    const body = { message: "By HTTP", user_id: ALICE };
    const { conversation_id } = (await send(server, "POST", "/chat", body)).body;
    await using talk = await openSocket(server, PATH);
    talk.say(message("Own"));
    const own = (await talk.next()).conversation_id;
    talk.say(message("There", { conversation_id }));
    assert.equal((await talk.next()).conversation_id, conversation_id);
    talk.say(message("Own again", { conversation_id: "" }));
    assert.equal((await talk.next()).conversation_id, own);
    talk.say(message("Afresh", { conversation_id: null }));
    const fresh = (await talk.next()).conversation_id;
    assert.ok(fresh !== own && fresh !== conversation_id);
    talk.say(message("Afresh again"));
    assert.equal((await talk.next()).conversation_id, fresh);
    talk.say(message("Nowhere", { conversation_id: crypto.randomUUID() }));
    assert.deepEqual(await talk.next(), { type: "error", content: "Conversation not found" });
    await send(server, "DELETE", `/conversations/${fresh}?user_id=${ALICE}`);
    talk.say(message("Was it deleted?"));
    const afterwards = await talk.next();
    assert.equal(afterwards.type, "response");
    assert.notEqual(afterwards.conversation_id, fresh);
  },
);

test("[X9] [C5] a conversation of another user is the same error as none", async () => {
  await using server = await sharedServer();
  const body = { message: "Mine", user_id: BOB };
  const { conversation_id } = (await send(server, "POST", "/chat", body)).body;
  await using talk = await openSocket(server, PATH);
  talk.say(message("Let me in", { conversation_id }));
  assert.deepEqual(await talk.next(), { type: "error", content: "Conversation not found" });
});

test("[C5] with stream:true the chunks come before the response", async () => {
  await using server = await sharedServer();
  await using talk = await openSocket(server, PATH);
  server.model.next({ text: "One two three", hold: 1 });
  talk.say(message("Count", { stream: true }));
  const chunks = [await talk.next()];
  assert.deepEqual(chunks[0], { type: "chunk", content: "One " });
  server.model.release();
  for (let frame = await talk.next(); ; frame = await talk.next()) {
    if (frame.type === "response") {
      assert.equal(frame.content, "One two three");
      break;
    }
    chunks.push(frame);
  }
  assert.equal(chunks.map(({ content }) => content).join(""), "One two three");
});

test("[C5] a bad message is an error, and the socket stays open", ONCE, async () => {
  await using server = await sharedServer();
  await using talk = await openSocket(server, PATH);
  const bad: (string | Uint8Array | object)[] = [
    "not JSON",
    "",
    "null",
    "[]",
    '"text"',
    "5",
    "{}",
    "[".repeat(100_000),
    { type: "unknown", content: "Hi" },
    { type: 5, content: "Hi" },
    { content: "Hi" },
    { type: "message" },
    message(""),
    message(" \n\t "),
    message("a\u0000b"),
    '{"type":"message","content":"\\ud800"}',
    message("x".repeat(100_001)),
    { type: "message", content: 5 },
    { type: "message", content: ["Hi"] },
    message("Hi", { conversation_id: 5 }),
    message("Hi", { stream: "yes" }),
    message("Hi", { user_id: 5 }),
    message("Hi", { user_id: BOB }),
    Buffer.from([1, 2, 3]),
    Buffer.from(JSON.stringify(message("Hi"))),
  ];
  for (const frame of bad) {
    const what = Buffer.isBuffer(frame) ? "bytes" : JSON.stringify(frame).slice(0, 60);
    talk.say(frame);
    const answer = await talk.next();
    assert.deepEqual(Object.keys(answer), ["type", "content"], what);
    assert.equal(answer.type, "error", what);
    assert.ok(answer.content.length > 5, what);
  }
  assert.deepEqual(await list(server), []);
  talk.say(message("Still there?", { user_id: ALICE }));
  assert.equal((await talk.next()).content, "Echo: Still there?");
});

test("[C5] messages are answered in the order in which they came, bad ones too", async () => {
  await using server = await sharedServer();
  await using talk = await openSocket(server, PATH);
  server.model.next({ text: "Slow", hold: "head" }, { text: "Quick" });
  talk.say(message("One"));
  await server.model.held();
  talk.say(message("Two", { conversation_id: null, stream: true }));
  talk.say("Three");
  await server.model.requested(2);
  server.model.release();
  const answers = [];
  while (answers.length < 4) answers.push(await talk.next());
  assert.deepEqual(
    answers.map(({ type, content }) => [type, content]),
    [
      ["response", "Slow"],
      ["chunk", "Quick"],
      ["response", "Quick"],
      ["error", "The message is not valid JSON"],
    ],
  );
});

test("[X6] [C5] closing the socket stops no reply; stop does, and keeps what was said", async () => {
  await using server = await sharedServer();
  server.model.next({ text: "Said to nobody", hold: 1 });
  const leaving = await openSocket(server, PATH);
  leaving.say(message("Hello"));
  await server.model.held();
  await leaving[Symbol.asyncDispose]();
  server.model.release();
  await eventually(async () => (await list(server))[0]?.messages.length >= 2);
  assert.equal((await list(server))[0].messages[1].content, "Said to nobody");

  await using talk = await openSocket(server, PATH);
  server.model.next({ text: "Never whole", hold: 1 });
  talk.say(message("Talk", { stream: true }));
  assert.deepEqual(await talk.next(), { type: "chunk", content: "Never " });
  talk.say({ type: "stop" });
  const stopped = await talk.next();
  assert.deepEqual([stopped.type, stopped.text_so_far], ["error", "Never "]);
  await server.model.aborted();
  talk.say({ type: "stop" });
  talk.say(message("Next"));
  assert.equal((await talk.next()).content, "Echo: Next");
});

test("[C5] a reply that fails is an error", ONCE, async () => {
  await using server = await sharedServer();
  await using talk = await openSocket(server, PATH);
  server.model.next({ failStatus: 400, failBody: { error: { message: "Too spicy" } } });
  talk.say(message("Spicy?"));
  const { type, content } = await talk.next();
  assert.equal(type, "error");
  assert.match(content, /Too spicy/);
  talk.say(message("Mild?"));
  assert.equal((await talk.next()).content, "Echo: Mild?");
});

test("[C4] [C5] each message counts against the user's limit, together with HTTP", async () => {
  await using server = await startServer({ environment: { RATE_LIMITS: "chat=3/m" } });
  await using talk = await openSocket(server, PATH);
  await send(server, "POST", "/chat", { message: "One", user_id: ALICE });
  for (const content of ["Two", "Three"]) {
    talk.say(message(content));
    assert.equal((await talk.next()).type, "response");
  }
  talk.say(message("Four"));
  const refused = await talk.next();
  assert.equal(refused.type, "error");
  assert.match(refused.content, /Try again in \d+ s/);
  assert.equal(server.model.requests.length, 3);
});

test("[C5] without the right to it no socket opens; a key that is revoked stops working", async () => {
  await using server = await startServer();
  const foreign = { origin: "https://evil.example" };
  assert.equal((await refusedSocket(server, PATH, foreign)).status, 403);
  const empty = await refusedSocket(server, "/ws?user_id=");
  assert.deepEqual([empty.status, Object.keys(empty.body)], [400, ["detail"]]);
  const two = await refusedSocket(server, `${PATH}&user_id=${BOB}`);
  assert.equal(two.status, 400);
  await using early = await openSocket(server, PATH);
  const key = await makeKey(server);
  const headers = { authorization: `Bearer ${key}` };
  await using talk = await openSocket(server, PATH, { headers });
  talk.say(message("Hello"));
  assert.equal((await talk.next()).content, "Echo: Hello");
  await using page = await openSocket(server, PATH, { protocols: ["colloquy", `bearer.${key}`] });
  assert.equal(page.socket.protocol, "colloquy");
  const [{ id = "" } = {}] = await server.store.listKeys();
  await server.store.revokeKey(id, new Date());
  for (const socket of [talk, page, early]) assert.equal((await socket.closed).code, 1008);
  // Each replica asks the store anew within half a second.
  for (const url of server.replicaUrls) {
    const replica = { port: Number(new URL(url).port) };
    for (const options of [{}, { headers }])
      await eventually(async () => (await refusedSocket(replica, PATH, options)).status === 401);
  }
  const nobody = await refusedSocket(server, PATH);
  assert.deepEqual([nobody.status, Object.keys(nobody.body)], [401, ["detail"]]);
  const other = await makeKey(server);
  const theirs = { headers: { authorization: `Bearer ${other}` } };
  assert.equal((await refusedSocket(server, `/ws?user_id=${BOB}`, theirs)).status, 403);
});

test("[X10] [C5] text comes back exactly as it was sent", ONCE, async () => {
  await using server = await sharedServer();
  await using talk = await openSocket(server, PATH);
  for (const content of EVERY_KIND_OF_TEXT) {
    talk.say(message(content, { conversation_id: null }));
    assert.equal((await talk.next()).type, "response", content.slice(0, 40));
    assert.equal((await list(server))[0].messages[0].content, content);
  }
});

test("[C5] a message of more than 1 MiB closes the socket with 1009", ONCE, async () => {
  await using server = await sharedServer();
  await using talk = await openSocket(server, PATH);
  talk.say(" ".repeat(1024 * 1024 + 1));
  assert.equal((await talk.closed).code, 1009);
});
