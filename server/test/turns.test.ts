// What a turn promises whoever watches, through wire 004.
// Backends: replicas
// Takes: 20 s
import assert from "node:assert/strict";
import { test } from "node:test";
import { allEvents, caller, eventsOf, textOf } from "./chat-v1-client.ts";
import { sharedServer } from "./shared-server.ts";
import { ONCE, startServer } from "./start-server.ts";

type Stored = { role: string; content: string; status: string };

test("[X6] a client that goes away does not stop the reply: it is generated to its end and stored", async () => {
  await using server = await sharedServer();
  const { open, call, newConversation } = caller(server.url);
  const id = await newConversation();
  const leaving = new AbortController();
  const stream = eventsOf(
    await open(`/conversations/${id}/messages/stream`, {
      body: { content: "{{reply tokens=8 hold=2}}" },
      signal: leaving.signal,
    }),
  );
  assert.equal((await stream.next()).value?.type, "user_message");
  await server.model.held();
  leaving.abort();
  await assert.rejects(async () => {
    for await (const _ of stream);
  });
  const watching = open(`/conversations/${id}/messages/stream`).then(allEvents);
  server.model.release();
  const events = await watching;
  assert.equal(events.at(-2)?.data.status, "complete");
  const stored: Stored[] = (await call(`/conversations/${id}/messages`)).body.data;
  assert.equal(stored[1]?.content, textOf(events));
  assert.equal(stored[1]?.content.split(" ").filter(Boolean).length, 8);
});

test("[X6] a waiting JSON request that goes away does not stop the reply either", async () => {
  await using server = await sharedServer();
  const { open, newConversation } = caller(server.url);
  const id = await newConversation();
  const leaving = new AbortController();
  const waiting = open(`/conversations/${id}/messages`, {
    body: { content: "{{reply tokens=4 hold=1}}" },
    signal: leaving.signal,
  });
  await server.model.held();
  leaving.abort();
  await assert.rejects(waiting);
  // The model is asked while the message is on its way to the disk.
  let watching = await open(`/conversations/${id}/messages/stream`);
  while (watching.status === 204) watching = await open(`/conversations/${id}/messages/stream`);
  server.model.release();
  assert.equal((await allEvents(watching)).at(-2)?.data.status, "complete");
});

test("[X7] messages sent at once to one conversation are answered one after the other, in order of arrival", async () => {
  await using server = await sharedServer();
  const { open, call, newConversation } = caller(server.url);
  const id = await newConversation();
  const send = (content: string) =>
    open(`/conversations/${id}/messages/stream`, { body: { content } });
  const first = await send("first {{reply text=one hold=0}}");
  await server.model.held();
  const second = await send("second {{reply text=two}}");
  const third = await send("third {{reply text=three}}");
  assert.equal(server.model.requests.length, 1, "the others wait");
  assert.deepEqual(
    (await call(`/conversations/${id}/messages`)).body.data.map((message: Stored) => message.role),
    ["user", "user", "user"],
    "but they are stored",
  );
  server.model.release();
  await Promise.all([first, second, third].map(allEvents));

  const stored: Stored[] = (await call(`/conversations/${id}/messages`)).body.data;
  assert.deepEqual(
    stored.map((message) => message.content.split(" ")[0]),
    ["first", "one", "second", "two", "third", "three"],
  );
  const asked = server.model.requests.at(-1)?.body?.messages ?? [];
  assert.deepEqual(
    asked.map((message) => message.content.split(" ")[0]),
    ["first", "one", "second", "two", "third"],
  );
});

test("[X7] stopping stops those that wait as well", async () => {
  await using server = await sharedServer();
  const { open, call, newConversation } = caller(server.url);
  const id = await newConversation();
  const streams = [
    await open(`/conversations/${id}/messages/stream`, {
      body: { content: "{{reply tokens=5 hold=1}}" },
    }),
  ];
  await server.model.held();
  streams.push(
    await open(`/conversations/${id}/messages/stream`, { body: { content: "waiting" } }),
  );
  await call(`/conversations/${id}/messages/stop`, { method: "POST" });
  for (const events of await Promise.all(streams.map(allEvents)))
    assert.equal(events.at(-2)?.data.status, "interrupted");
  assert.equal(server.model.requests.length, 1);
});

test("[X7] stopping with waiting=keep stops the reply that is generated, and the next message is answered; who watches sees the one that is generated", async () => {
  await using server = await sharedServer();
  const { open, call, newConversation } = caller(server.url);
  const id = await newConversation();
  const path = `/conversations/${id}/messages`;
  const say = (content: string) => open(`${path}/stream`, { body: { content } });
  const first = await say("{{reply tokens=5 hold=1}}");
  await server.model.held();
  const others = [await say("second {{reply text=two}}"), await say("third {{reply text=three}}")];
  const watched = eventsOf(await open(`${path}/stream`));
  assert.match((await watched.next()).value?.data.content, /tokens=5/);
  const stop = () => call(`${path}/stop?waiting=keep`, { method: "POST" });
  assert.deepEqual((await stop()).body.data, { stopped: true });
  assert.equal((await allEvents(first)).at(-2)?.data.status, "interrupted");
  const endings = (await Promise.all(others.map(allEvents))).map((events) => events.at(-2)?.data);
  assert.deepEqual(
    endings.map(({ status, content }) => [status, content]),
    [
      ["complete", "two"],
      ["complete", "three"],
    ],
  );
  await Array.fromAsync(watched);
  assert.deepEqual((await stop()).body.data, { stopped: false });
  assert.equal((await call(`${path}/stop?waiting=no`, { method: "POST" })).status, 400);
});

test("[X8] the same Idempotency-Key with the same body gives the first answer again; with another body 409", async () => {
  await using server = await sharedServer();
  const { call, open, newConversation } = caller(server.url);
  const id = await newConversation();
  const headers = { "idempotency-key": "once" };
  const path = `/conversations/${id}/messages`;
  const first = await call(path, { body: { content: "Only once" }, headers });
  const again = await call(path, { body: { content: "Only once" }, headers });
  assert.deepEqual([again.status, again.body], [first.status, first.body]);
  const other = await call(path, { body: { content: "Something else" }, headers });
  assert.deepEqual([other.status, other.body.error?.code], [409, "CONFLICT"]);
  assert.equal(server.model.requests.length, 1);
  assert.equal((await call(path)).body.data.length, 2);

  const mine = await call(path, { body: { content: "Only once" }, headers, user: "someone-else" });
  assert.equal(mine.status, 404, "a key is its user's own");
  const streamed = { body: { content: "Streamed" }, headers: { "idempotency-key": "streamed" } };
  const stream = await allEvents(await open(`${path}/stream`, streamed));
  const streamAgain = await allEvents(await open(`${path}/stream`, streamed));
  assert.equal(textOf(streamAgain), textOf(stream));
  assert.deepEqual(streamAgain.at(-2), stream.at(-2));
});

test("[X8] the same key joins a reply that is running, and two at once are one", async () => {
  await using server = await sharedServer();
  const { call, open, newConversation } = caller(server.url);
  const id = await newConversation();
  const request = {
    body: { content: "{{reply tokens=6 hold=2}}" },
    headers: { "idempotency-key": "joined" },
  };
  const both = [0, 1].map(() =>
    open(`/conversations/${id}/messages/stream`, request).then(allEvents),
  );
  await server.model.held();
  const third = call(`/conversations/${id}/messages/stream`, {
    ...request,
    body: { content: "other" },
  });
  assert.equal((await third).status, 409);
  server.model.release();
  const [one, two] = await Promise.all(both);
  assert.deepEqual(one?.at(-2), two?.at(-2));
  assert.equal(textOf(one ?? []), textOf(two ?? []));
  assert.equal(server.model.requests.length, 1);
  assert.equal((await call(`/conversations/${id}/messages`)).body.data.length, 2);

  const created = { body: { content: "Create once" }, headers: { "idempotency-key": "created" } };
  const firsts = await Promise.all(
    [0, 1, 2].map(() => open("/conversations/stream", created).then(allEvents)),
  );
  assert.equal(new Set(firsts.map((events) => events[0]?.data.conversationId)).size, 1);
});

test("[X9] a conversation of another user is not found, byte for byte like one that does not exist", async () => {
  await using server = await startServer({ builtIn: true });
  const { open, call, newConversation } = caller(server.url);
  const id = await newConversation({ user: "alice" });
  const { data } = (
    await call(`/conversations/${id}/messages`, { body: { content: "Private" }, user: "alice" })
  ).body;
  const unknown = "01900000-0000-7000-8000-000000000000";
  const probes: [string, string, unknown?][] = [
    ["GET", "/conversations/ID"],
    ["PATCH", "/conversations/ID", { title: "Mine" }],
    ["DELETE", "/conversations/ID"],
    ["GET", "/conversations/ID/messages"],
    ["POST", "/conversations/ID/messages", { content: "Hi" }],
    ["POST", "/conversations/ID/messages", { content: "Hi", role: "system" }],
    ["GET", "/conversations/ID/messages/stream"],
    ["POST", "/conversations/ID/messages/stream", { content: "Hi" }],
    ["POST", "/conversations/ID/messages/stop"],
    ["GET", "/messages/MESSAGE"],
    ["DELETE", "/messages/MESSAGE"],
  ];
  for (const [method, path, body] of probes) {
    const answers = [];
    for (const [conversation, message] of [
      [id, data[0].id],
      [unknown, unknown],
    ]) {
      const response = await open(path.replace("ID", conversation).replace("MESSAGE", message), {
        method,
        user: "mallory",
        ...(body ? { body } : {}),
      });
      const headers = Object.fromEntries(
        [...response.headers].filter(([name]) => !["x-request-id", "date"].includes(name)),
      );
      answers.push({ status: response.status, headers, body: await response.text() });
    }
    assert.equal(answers[0]?.status, 404, `${method} ${path}`);
    assert.deepEqual(answers[0], answers[1], `${method} ${path}`);
  }
  assert.equal(
    (await call(`/conversations/${id}/messages`, { user: "alice" })).body.data.length,
    2,
  );
  assert.deepEqual((await call("/search?q=Private", { user: "mallory" })).body.data, []);
});

test("[X10] text comes back exactly as it was sent; what cannot be kept is refused", async () => {
  await using server = await startServer({ builtIn: true });
  const { call, newConversation } = caller(server.url);
  const id = await newConversation();
  const texts = [
    "😀 é e\u0301 \u200b\u202e עברית العربية 漢字 \u{1F468}\u200d\u{1F469}\u200d\u{1F467}",
    " \t leading and trailing \r\n ",
    "\u0001\u001f\u007f\ufeff\uffff",
    "x".repeat(100_000),
    "😀".repeat(100_000),
  ];
  for (const content of texts) {
    const { status, body } = await call(`/conversations/${id}/messages`, { body: { content } });
    assert.equal(status, 201);
    assert.equal(body.data[0].content, content);
    assert.equal(body.data[1].content, `You said: ${content}`);
    assert.equal((await call(`/messages/${body.data[0].id}`)).body.data.content, content);
  }
  const before = (await call(`/conversations/${id}/messages`)).body.data.length;
  for (const body of [
    '{"content":""}',
    '{"content":" \\n\\t\\u3000"}',
    '{"content":"a\\u0000b"}',
    '{"content":"\\ud83d"}',
    '{"content":"a\\udc00b"}',
    JSON.stringify({ content: "x".repeat(100_001) }),
    JSON.stringify({ content: "😀".repeat(100_001) }),
  ]) {
    const answer = await call(`/conversations/${id}/messages`, { body });
    assert.equal(answer.status, 400, body.slice(0, 40));
    assert.equal(answer.body.error?.details?.field, "content");
  }
  assert.equal(
    (await call(`/conversations/${id}/messages`)).body.data.length,
    before,
    "nothing was stored",
  );
});

test("[X11] user ids in header, query and body may agree, and must not differ", ONCE, async () => {
  await using server = await startServer({ builtIn: true });
  const { call } = caller(server.url);
  const agreeing = await call("/conversations?user_id=ann", {
    body: { title: "Hers", user_id: "ann" },
    user: "ann",
  });
  assert.equal(agreeing.body.data.user_id, "ann");
  for (const [path, body, user] of [
    ["/conversations?user_id=ann", { user_id: "bob" }, undefined],
    ["/conversations?user_id=ann", {}, "bob"],
    ["/conversations", { user_id: "ann" }, "bob"],
  ] as const) {
    const answer = await call(path, { body, ...(user ? { user } : {}) });
    assert.equal(answer.status, 400);
    assert.match(answer.body.message ?? "", /two different users/);
  }
});

test("[H5] replace_from puts a message in the place of another and of all that followed", async () => {
  await using server = await sharedServer();
  const { open, call, newConversation } = caller(server.url);
  const id = await newConversation();
  const say = (body: object) => call(`/conversations/${id}/messages`, { body });
  await say({ content: "one {{reply text=eins}}" });
  const [second] = (await say({ content: "two {{reply text=deux}}" })).body.data;
  await say({ content: "three {{reply text=drei}}" });
  const replaced = await say({ content: "zwei {{reply text=II}}", replace_from: second.id });
  assert.equal(replaced.status, 201);
  const stored: Stored[] = (await call(`/conversations/${id}/messages`)).body.data;
  assert.deepEqual(
    stored.map((message) => message.content.split(" ")[0]),
    ["one", "eins", "zwei", "II"],
  );
  assert.deepEqual(
    (server.model.requests.at(-1)?.body?.messages ?? []).map(
      (message) => message.content.split(" ")[0],
    ),
    ["one", "eins", "zwei"],
    "the model sees nothing of what was replaced",
  );

  const gone = await say({ content: "again", replace_from: second.id });
  assert.equal(gone.status, 404);
  const other = await newConversation();
  const elsewhere = await call(`/conversations/${other}/messages`, {
    body: { content: "no", replace_from: replaced.body.data[0].id },
  });
  assert.equal(elsewhere.status, 404);
  assert.equal((await call(`/conversations/${id}/messages`)).body.data.length, 4);
  const wrongRole = await say({ role: "system", content: "no", replace_from: second.id });
  assert.equal(wrongRole.status, 400);

  const streaming = await open(`/conversations/${id}/messages/stream`, {
    body: { content: "five {{reply tokens=50 hold=1}}" },
  });
  await server.model.held();
  const running = (await call(`/conversations/${id}/messages`)).body.data.at(-1);
  const body = { content: "six {{reply text=VI}}", replace_from: running.id };
  const headers = { "idempotency-key": "instead" };
  const instead = await call(`/conversations/${id}/messages`, { body, headers });
  assert.equal(instead.status, 201, "a reply that is replaced is not waited for");
  server.model.release();
  assert.equal((await allEvents(streaming)).at(-2)?.data.status, "interrupted");
  const repeated = await call(`/conversations/${id}/messages`, { body, headers });
  assert.deepEqual(repeated.body, instead.body);
  assert.deepEqual(
    (await call(`/conversations/${id}/messages`)).body.data.map(
      ({ content }: Stored) => content.split(" ")[0],
    ),
    ["one", "eins", "zwei", "II", "six", "VI"],
  );
});

test("[H3] is_pinned lists the pinned ones, or the others", ONCE, async () => {
  await using server = await sharedServer();
  const { call, newConversation } = caller(server.url);
  const ids = [await newConversation(), await newConversation(), await newConversation()];
  await call(`/conversations/${ids[1]}`, { method: "PATCH", body: { is_pinned: true } });
  const idsOf = async (query: string) => {
    const { body } = await call(`/conversations?${query}`);
    return { ids: body.data.map((one: { id: string }) => one.id), total: body.meta?.total };
  };
  assert.deepEqual(await idsOf("is_pinned=true"), { ids: [ids[1]], total: 1 });
  assert.deepEqual(await idsOf("is_pinned=false&limit=1"), { ids: [ids[2]], total: 2 });
  assert.equal((await idsOf("")).total, 3);
  assert.equal((await call("/conversations?is_pinned=perhaps")).status, 400);
});
