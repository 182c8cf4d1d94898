// Backends: replicas
import assert from "node:assert/strict";
import { test } from "node:test";
import { allEvents, caller, eventsOf, textOf } from "./chat-v1-client.ts";
import { sharedServer } from "./shared-server.ts";
import { ONCE, startServer } from "./start-server.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const types = (events: readonly { type: string }[]) => events.map((event) => event.type);

test(
  "[H1] every route wants a Bearer token: 401 without one, with a malformed one and with an unknown key",
  ONCE,
  async () => {
    await using server = await startServer();
    const { call } = caller(server.url);
    const routes = [
      ["GET", "/conversations"],
      ["POST", "/conversations"],
      ["GET", "/conversations/x"],
      ["PATCH", "/conversations/x"],
      ["DELETE", "/conversations/x"],
      ["POST", "/conversations/stream"],
      ["GET", "/conversations/x/messages"],
      ["POST", "/conversations/x/messages"],
      ["GET", "/conversations/x/messages/stream"],
      ["POST", "/conversations/x/messages/stream"],
      ["POST", "/conversations/x/messages/stop"],
      ["GET", "/messages/x"],
      ["DELETE", "/messages/x"],
      ["GET", "/search?q=x"],
      ["GET", "/agents"],
      ["POST", "/agents"],
      ["GET", "/models"],
      ["GET", "/profile"],
      ["PUT", "/profile"],
      ["GET", "/memory"],
      ["PUT", "/memory"],
      ["GET", "/memories"],
      ["POST", "/memories"],
      ["PUT", "/memories/x"],
      ["DELETE", "/memories/x"],
      ["DELETE", "/memories"],
      ["GET", "/prompts"],
      ["POST", "/prompts"],
      ["PUT", "/prompts/x"],
      ["DELETE", "/prompts/x"],
      ["GET", "/projects"],
      ["POST", "/projects"],
      ["GET", "/projects/x"],
      ["PATCH", "/projects/x"],
      ["DELETE", "/projects/x"],
    ] as const;
    for (const [method, path] of routes)
      for (const authorization of ["", "Basic YTpi", "Bearer", "Bearer ck_unknown"]) {
        const body =
          method === "GET" || method === "DELETE"
            ? {}
            : { body: { content: "x", name: "n", instructions: "i" } };
        const answer = await call(path, { method, ...body, headers: { authorization } });
        assert.equal(answer.status, 401, `${method} ${path} with '${authorization}'`);
        assert.equal(answer.body.success, false);
        assert.equal(answer.body.error?.code, "UNAUTHENTICATED");
        assert.match(answer.headers.get("www-authenticate") ?? "", /^Bearer/);
      }
    assert.equal(server.model.requests.length, 0);
  },
);

test("[H2] a conversation is created as documented, and named from its first message if it has no title", async () => {
  await using server = await sharedServer();
  const { call } = caller(server.url);

  const titled = await call("/conversations", { body: { title: "My New Chat" } });
  assert.equal(titled.status, 201);
  assert.equal(titled.body.success, true);
  assert.equal(titled.body.message, "Conversation created successfully");
  assert.equal(titled.body.data.title, "My New Chat");
  assert.match(titled.body.data.id, UUID);
  assert.match(titled.body.data.user_id, UUID);
  assert.match(titled.body.data.created_at, TIME);
  assert.match(titled.body.data.updated_at, TIME);

  for (const body of [{}, { title: null }, undefined]) {
    const untitled = await call("/conversations", { method: "POST", body });
    assert.equal(untitled.body.data.title, "New Conversation");
    await call(`/conversations/${untitled.body.data.id}/messages`, {
      body: { content: "How do  tides\nwork?" },
    });
    assert.equal(
      (await call(`/conversations/${untitled.body.data.id}`)).body.data.title,
      "How do tides work?",
    );
  }
  await call(`/conversations/${titled.body.data.id}/messages`, {
    body: { content: "Something else" },
  });
  assert.equal(
    (await call(`/conversations/${titled.body.data.id}`)).body.data.title,
    "My New Chat",
  );
});

test("[H3] conversations are listed in pages, those used last first", async () => {
  await using server = await startServer({ builtIn: true });
  const { call, newConversation } = caller(server.url);
  const ids: string[] = [];
  for (let index = 0; index < 12; index++)
    ids.push(await newConversation({ body: { title: `Number ${index}` } }));

  const first = (await call("/conversations?page=1&limit=5")).body;
  assert.deepEqual(first.meta, { total: 12, page: 1, limit: 5, totalPages: 3 });
  const second = (await call("/conversations?page=2&limit=5")).body;
  const third = (await call("/conversations?page=3&limit=5")).body;
  const beyond = (await call("/conversations?page=4&limit=5")).body;
  assert.deepEqual(
    [...first.data, ...second.data, ...third.data].map((one) => one.id),
    ids.toReversed(),
  );
  assert.deepEqual(beyond.data, []);
  assert.equal((await call("/conversations")).body.meta?.limit, 10);

  await call(`/conversations/${ids[3]}/messages`, { body: { content: "Up again" } });
  assert.equal((await call("/conversations?limit=1")).body.data[0].id, ids[3]);

  for (const query of [
    "page=0",
    "page=-1",
    "page=x",
    "page=1.5",
    "page=",
    "limit=0",
    "limit=101",
    "limit=-5",
    "limit=ten",
  ]) {
    const answer = await call(`/conversations?${query}`);
    assert.equal(answer.status, 400, query);
    assert.equal(answer.body.error?.code, "VALIDATION_ERROR");
    assert.equal(answer.body.error?.details?.field, query.split("=")[0]);
  }
});

test("[H4] a conversation is read and deleted, with all its messages", async () => {
  await using server = await startServer({ builtIn: true });
  const { call, newConversation } = caller(server.url);
  const id = await newConversation({ body: { title: "Short-lived" } });
  const { data } = (await call(`/conversations/${id}/messages`, { body: { content: "Hi" } })).body;
  assert.equal((await call(`/conversations/${id}`)).body.data.title, "Short-lived");

  const deleted = await call(`/conversations/${id}`, { method: "DELETE" });
  assert.equal(deleted.status, 200);
  assert.equal(deleted.body.success, true);
  for (const path of [
    `/conversations/${id}`,
    `/conversations/${id}/messages`,
    `/messages/${data[0].id}`,
    `/messages/${data[1].id}`,
  ])
    assert.equal((await call(path)).status, 404, path);
  const again = await call(`/conversations/${id}`, { method: "DELETE" });
  assert.equal(again.status, 404);
  assert.equal(again.body.message, "Conversation not found");
});

test("[H4] a conversation can be renamed, pinned and given to an agent, whose instructions its replies follow", async () => {
  await using server = await startServer({ environment: { MODELS: "*" } });
  const { call, newConversation } = caller(server.url);
  const id = await newConversation();
  const agent = await call("/agents", {
    body: {
      name: "Pirate",
      instructions: "Talk like a pirate.",
      model: "pirate-model",
      temperature: 1.5,
    },
  });
  assert.equal(agent.status, 201);

  const changed = await call(`/conversations/${id}`, {
    method: "PATCH",
    body: { title: "Ahoy", is_pinned: true, agent_id: agent.body.data.id },
  });
  assert.equal(changed.body.data.title, "Ahoy");
  assert.equal(changed.body.data.is_pinned, true);
  assert.equal(changed.body.data.agent_id, agent.body.data.id);
  await call(`/conversations/${id}/messages`, { body: { content: "Hello" } });
  const asked = server.model.requests[0]?.body;
  assert.deepEqual(asked?.messages?.[0], { role: "system", content: "Talk like a pirate." });
  assert.equal(asked?.model, "pirate-model");
  assert.equal(asked?.temperature, 1.5);

  const replaced = await call(`/agents/${agent.body.data.id}`, {
    method: "PUT",
    body: { name: "Poet", instructions: "Rhyme." },
  });
  assert.equal(replaced.body.data.name, "Poet");
  assert.equal(replaced.body.data.model, null);
  assert.deepEqual((await call("/agents")).body.data, [replaced.body.data]);
  assert.equal((await call(`/agents/${agent.body.data.id}`, { method: "DELETE" })).status, 200);
  assert.equal((await call(`/agents/${agent.body.data.id}`)).status, 404);
  assert.equal(
    (await call(`/conversations/${id}/messages`, { body: { content: "Still there?" } })).status,
    201,
  );
});

test("[H5] a message gets its reply in one answer; the history goes with the next one", async () => {
  await using server = await startServer({
    environment: { MODELS: "*", SYSTEM_PROMPT: "Be brief." },
  });
  const { call, newConversation } = caller(server.url);
  const id = await newConversation();

  const answer = await call(`/conversations/${id}/messages`, {
    body: {
      content: "Hello, how are you?",
      role: "user",
      model: "openai/gpt-3.5-turbo",
      temperature: 0.7,
    },
  });
  assert.equal(answer.status, 201);
  const [question, reply] = answer.body.data;
  assert.equal(answer.body.data.length, 2);
  assert.deepEqual([question.role, question.content], ["user", "Hello, how are you?"]);
  assert.deepEqual(
    [reply.role, reply.content, reply.status],
    ["assistant", "Echo: Hello, how are you?", "complete"],
  );

  await call(`/conversations/${id}/messages`, { body: { content: "And now?" } });
  assert.deepEqual(server.model.requests.at(-1)?.body?.messages, [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Hello, how are you?" },
    { role: "assistant", content: "Echo: Hello, how are you?" },
    { role: "user", content: "And now?" },
  ]);
  assert.equal(server.model.requests[0]?.body?.temperature, 0.7);
});

test("[H5] messages of role system and assistant are only stored", ONCE, async () => {
  await using server = await sharedServer();
  const { call, newConversation } = caller(server.url);
  const id = await newConversation();
  for (const role of ["system", "assistant"]) {
    const answer = await call(`/conversations/${id}/messages`, {
      body: { content: `As ${role}`, role },
    });
    assert.equal(answer.status, 201);
    assert.equal(answer.body.data.length, 1);
    assert.equal(answer.body.data[0].role, role);
  }
  assert.equal(server.model.requests.length, 0);
  assert.deepEqual(
    (await call(`/conversations/${id}/messages`)).body.data.map(
      (message: { role: string }) => message.role,
    ),
    ["system", "assistant"],
  );
});

test(
  "[H5] temperature is 0 to 2, a refused model is 400 with its reason, a failing provider 502; the message is kept",
  ONCE,
  async () => {
    await using server = await startServer({ environment: { MODELS: "*" } });
    const { call, newConversation } = caller(server.url);
    const id = await newConversation();
    for (const temperature of [-0.1, 2.1, "1"]) {
      const answer = await call(`/conversations/${id}/messages`, {
        body: { content: "Hi", temperature },
      });
      assert.equal(answer.status, 400);
      assert.equal(answer.body.error?.details?.field, "temperature");
    }
    const refused = await call(`/conversations/${id}/messages`, {
      body: { content: "First", model: "refused-model" },
    });
    assert.equal(refused.status, 400);
    assert.equal(refused.body.error?.code, "MODEL_REFUSED");
    assert.match(refused.body.message ?? "", /refused-model is not a valid model ID/);
    const failed = await call(`/conversations/${id}/messages`, {
      body: { content: "Second {{reply cut=2}}" },
    });
    assert.equal(failed.status, 502);
    assert.equal(failed.body.error?.code, "MODEL_FAILED");
    const kept = (await call(`/conversations/${id}/messages`)).body.data;
    assert.deepEqual(
      kept.map((message: { role: string; status: string }) => [message.role, message.status]),
      [
        ["user", "complete"],
        ["assistant", "failed"],
        ["user", "complete"],
        ["assistant", "failed"],
      ],
    );
    assert.deepEqual(
      kept.map(({ error }: { error?: { code: string } }) => error?.code),
      [undefined, "MODEL_REFUSED", undefined, "MODEL_FAILED"],
    );
    assert.equal(kept[1].error.message, refused.body.message, "why, also later");
  },
);

test(
  "[H5] while only the built-in model is there it answers for any, and says so",
  ONCE,
  async () => {
    await using server = await startServer({ builtIn: true });
    const { call, newConversation } = caller(server.url);
    const id = await newConversation();
    const { data } = (
      await call(`/conversations/${id}/messages`, {
        body: { content: "Anyone?", model: "openai/gpt-3.5-turbo" },
      })
    ).body;
    assert.equal(data[1].content, "You said: Anyone?");
    assert.equal(data[1].model, "builtin/echo");
    assert.deepEqual(
      (await call("/models")).body.data.map((model: { id: string; is_default: boolean }) => [
        model.id,
        model.is_default,
      ]),
      [["builtin/echo", true]],
    );
  },
);

test("[H6] a reply is streamed: the stored message, its chunks, the stored reply, [DONE]", async () => {
  await using server = await sharedServer();
  const { open, call, newConversation } = caller(server.url);
  const id = await newConversation();

  const response = await open(`/conversations/${id}/messages/stream`, {
    body: { content: "Stream it {{reply tokens=5 hold=2}}" },
  });
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
  assert.equal(response.headers.get("x-accel-buffering"), "no");
  assert.equal(response.headers.get("content-encoding"), null);
  assert.match(response.headers.get("cache-control") ?? "", /no-transform/);
  await server.model.held();
  const events = [];
  for await (const event of eventsOf(response)) {
    events.push(event);
    if (textOf(events) === "alpha bravo ") server.model.release();
  }

  assert.deepEqual(
    types(events).filter((type) => type !== "ai_chunk"),
    ["user_message", "ai_complete", "DONE"],
  );
  assert.equal(events[0]?.type, "user_message");
  const stored = (await call(`/conversations/${id}/messages`)).body.data;
  assert.deepEqual(events[0]?.data, stored[0]);
  assert.deepEqual(events.at(-2)?.data, stored[1]);
  assert.equal(textOf(events), stored[1].content);
});

test("[H6] a reply that fails ends in an error and [DONE]; what was said is kept", async () => {
  await using server = await startServer({ environment: { MODELS: "*" } });
  const { open, call, newConversation } = caller(server.url);
  const id = await newConversation();
  for (const fault of [
    "failStatus=500",
    "cut=2 gapMs=2",
    "garbage=2 gapMs=2",
    "error=2 gapMs=2",
    "finishReason=null",
  ]) {
    const events = await allEvents(
      await open(`/conversations/${id}/messages/stream`, {
        body: { content: `Go {{reply tokens=6 ${fault}}}` },
      }),
    );
    assert.deepEqual(types(events).slice(-2), ["error", "DONE"], fault);
    assert.equal(events.at(-2)?.data.code, "MODEL_FAILED", fault);
    assert.ok(events.at(-2)?.data.message.length > 10);
    const reply = (await call(`/conversations/${id}/messages`)).body.data.at(-1);
    assert.equal(reply.status, "failed", fault);
    assert.equal(reply.content, textOf(events), fault);
  }
  const refused = await allEvents(
    await open(`/conversations/${id}/messages/stream`, {
      body: { content: "x", model: "refused-model" },
    }),
  );
  assert.deepEqual(types(refused), ["user_message", "error", "DONE"]);
  assert.equal(refused[1]?.data.code, "MODEL_REFUSED");
});

test("[H7] a conversation and its first reply in one request", async () => {
  await using server = await startServer({ environment: { MODELS: "*" } });
  const { open, call } = caller(server.url);
  const events = await allEvents(
    await open("/conversations/stream", {
      body: {
        title: "Optional Title",
        content: "First message content",
        model: "openai/gpt-3.5-turbo",
        temperature: 0.7,
      },
    }),
  );
  assert.equal(events[0]?.type, "conversation_created");
  const { conversationId, userMessage } = events[0]!.data;
  assert.deepEqual(types(events).slice(-2), ["ai_complete", "DONE"]);
  assert.equal((await call(`/conversations/${conversationId}`)).body.data.title, "Optional Title");
  const stored = (await call(`/conversations/${conversationId}/messages`)).body.data;
  assert.deepEqual(userMessage, stored[0]);
  assert.deepEqual(events.at(-2)?.data, stored[1]);
});

test("[H8] a stream is taken up after any event, from any client, live or ended, without a gap or a repeat", async () => {
  await using server = await sharedServer();
  const { open, newConversation } = caller(server.url);
  const id = await newConversation();
  const first = eventsOf(
    await open(`/conversations/${id}/messages/stream`, {
      body: { content: "{{reply tokens=20 gapMs=2 hold=10}}" },
    }),
  );
  await server.model.held();
  const seen = [(await first.next()).value!, (await first.next()).value!];
  assert.deepEqual(types(seen), ["user_message", "ai_chunk"]);

  const live = open(`/conversations/${id}/messages/stream`, {
    headers: { "last-event-id": seen[1]!.id },
  }).then(allEvents);
  const fromStart = open(`/conversations/${id}/messages/stream`).then(allEvents);
  server.model.release();
  const whole = [...seen, ...(await Array.fromAsync(first))];
  assert.ok(
    whole.every((event) => event.id),
    "every event has an id",
  );
  const reply = whole.at(-2)?.data.content;
  assert.equal(textOf(whole), reply);
  assert.equal(seen[1]!.data + textOf(await live), reply);
  assert.deepEqual(types(await live).slice(-2), ["ai_complete", "DONE"]);
  assert.equal(textOf(await fromStart), reply);
  assert.equal((await fromStart)[0]?.type, "user_message");

  for (const [index, event] of whole.entries()) {
    const before = textOf(whole.slice(0, index + 1));
    // After the ending there is nothing more to wait for: an EventSource ends with 204.
    const isOver = index >= whole.length - 2;
    for (const rest of [
      await open(`/conversations/${id}/messages/stream`, {
        headers: { "last-event-id": event.id },
      }),
      await open(`/conversations/${id}/messages/stream?after=${event.id}`),
    ]) {
      assert.equal(rest.status, isOver ? 204 : 200, `after event ${index}`);
      if (!isOver)
        assert.equal(before + textOf(await allEvents(rest)), reply, `after event ${index}`);
    }
  }
  const over = await open(`/conversations/${id}/messages/stream`, {
    headers: { "last-event-id": "not an id" },
  });
  assert.equal(over.status, 400);
});

test("[H8] nothing to resume is 204, an unknown conversation 404", async () => {
  await using server = await sharedServer();
  const { open, call, newConversation } = caller(server.url);
  const id = await newConversation();
  assert.equal((await open(`/conversations/${id}/messages/stream`)).status, 204);
  assert.equal(
    (await call("/conversations/00000000-0000-7000-8000-000000000000/messages/stream")).status,
    404,
  );
});

test("[H8] stop stops the running reply, and what was said is kept as interrupted", async () => {
  await using server = await sharedServer();
  const { open, call, newConversation } = caller(server.url);
  const id = await newConversation();
  const stream = open(`/conversations/${id}/messages/stream`, {
    body: { content: "{{reply tokens=9 hold=3}}" },
  }).then(allEvents);
  await server.model.held();
  const stoppedAt = performance.now();
  const stopped = await call(`/conversations/${id}/messages/stop`, { method: "POST" });
  assert.deepEqual([stopped.status, stopped.body.data], [200, { stopped: true }]);
  await server.model.aborted();
  const events = await stream;
  // A model that is silent is given up after a minute; stopping does not wait for that.
  assert.ok(performance.now() - stoppedAt < 20_000, "the stop was not told to the model");
  assert.deepEqual(types(events).slice(-2), ["ai_complete", "DONE"]);
  assert.equal(events.at(-2)?.data.status, "interrupted");
  assert.equal(events.at(-2)?.data.content, textOf(events));
  assert.deepEqual(
    (await call(`/conversations/${id}/messages`)).body.data.at(-1),
    events.at(-2)?.data,
  );
  assert.deepEqual(
    (await call(`/conversations/${id}/messages/stop`, { method: "POST" })).body.data,
    { stopped: false },
  );
});

test("[H9] messages are listed oldest first, in pages, and read and deleted one by one", async () => {
  await using server = await startServer({ builtIn: true });
  const { call, newConversation } = caller(server.url);
  const id = await newConversation();
  for (const content of ["one", "two", "three"])
    await call(`/conversations/${id}/messages`, { body: { content } });
  const all = (await call(`/conversations/${id}/messages`)).body.data;
  assert.deepEqual(
    all.map((message: { content: string }) => message.content),
    ["one", "You said: one", "two", "You said: two", "three", "You said: three"],
  );
  assert.deepEqual((await call(`/conversations/${id}/messages?limit=2`)).body.data, all.slice(-2));
  assert.deepEqual(
    (await call(`/conversations/${id}/messages?limit=2&before=${all[4].id}`)).body.data,
    all.slice(2, 4),
  );
  assert.deepEqual(
    (await call(`/conversations/${id}/messages?before=${all[1].id}`)).body.data,
    all.slice(0, 1),
  );
  assert.deepEqual((await call(`/messages/${all[2].id}`)).body.data, all[2]);
  assert.equal((await call(`/messages/${all[2].id}`, { method: "DELETE" })).status, 200);
  const missing = await call(`/messages/${all[2].id}`);
  assert.deepEqual([missing.status, missing.body.message], [404, "Message not found"]);
  assert.equal((await call(`/conversations/${id}/messages`)).body.data.length, 5);
});

test(
  "[H10] a message has exactly the promised fields, with the usage as the provider counted it",
  ONCE,
  async () => {
    await using server = await sharedServer();
    const { call, newConversation } = caller(server.url);
    const id = await newConversation();
    const { data } = (
      await call(`/conversations/${id}/messages`, {
        body: { content: "Count {{reply tokens=4 usage}}" },
      })
    ).body;
    for (const message of data) {
      assert.deepEqual(Object.keys(message).sort(), [
        "content",
        "conversation_id",
        "created_at",
        "finish_reason",
        "id",
        "interrupted_by",
        "model",
        "reasoning",
        "reasoning_ms",
        "role",
        "status",
        "usage",
      ]);
      assert.match(message.id, UUID);
      assert.equal(message.conversation_id, id);
      assert.match(message.created_at, TIME);
    }
    assert.equal(data[0].usage, null);
    assert.equal(typeof data[1].usage.prompt_tokens, "number");
    assert.equal(
      data[1].usage.total_tokens,
      data[1].usage.prompt_tokens + data[1].usage.completion_tokens,
    );
  },
);
