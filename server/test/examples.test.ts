// The requests that the text documents print, byte for byte, and the answers that they print to
// them: every field there, of that type. Only what a document itself marks as a placeholder (a
// UUID, `[...]`, a comment in JSON) is filled in.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { runInNewContext } from "node:vm";
import { allEvents, caller } from "./chat-v1-client.ts";
import { openSocket } from "./socket-client.ts";
import { startServer } from "./start-server.ts";
import { ALICE, send, UUID } from "./wire-client.ts";

const builtIn = () => startServer({ builtIn: true });

/** What stands in a printed answer for a value of that kind; any other text is meant literally. */
const STAND_INS = [
  /^(string|datetime|timestamp|uuid|req_xxx|Conversation Title|Hello|1\.0\.0)$/,
  /^(msg|session)-\d+$|^\d{4}-\d\d-\d\dT|-uuid$|^Hello!/,
];

/** Asserts that all of the printed answer is in this one. */
function isAsPrinted(actual: unknown, printed: unknown, place = "the answer"): void {
  if (typeof printed === "string" && STAND_INS.some((pattern) => pattern.test(printed)))
    assert.equal(typeof actual, "string", place);
  else if (typeof printed === "number") assert.equal(typeof actual, "number", place);
  else if (Array.isArray(printed)) {
    assert.ok(Array.isArray(actual), place);
    for (const [index, one] of actual.entries())
      if (printed.length) isAsPrinted(one, printed[index % printed.length], `${place}[${index}]`);
  } else if (typeof printed === "object" && printed !== null) {
    assert.ok(typeof actual === "object" && actual !== null, place);
    for (const [key, value] of Object.entries(printed)) {
      assert.ok(Object.hasOwn(actual, key), `${place} has no ${key}`);
      isAsPrinted((actual as Record<string, unknown>)[key], value, `${place}.${key}`);
    }
  } else assert.deepEqual(actual, printed, place);
}

const isJsonAsPrinted = (actual: unknown, printed: string) =>
  isAsPrinted(actual, JSON.parse(printed));

test("[C1] [C2] [C3] [C5] document 000, as printed", async () => {
  await using server = await builtIn();
  const request = `{
    "message": "string",
    "user_id": "string"
}`;
  const reply = await send(server, "POST", "/chat", request);
  assert.equal(reply.status, 200);
  isJsonAsPrinted(reply.body, `{ "response": "string", "conversation_id": "string" }`);
  const conversation = `{
    "id": "string",
    "user_id": "string",
    "created_at": "datetime",
    "messages": [
        {
            "id": "string",
            "content": "string",
            "role": "string",
            "created_at": "datetime"
        }
    ]
}`;
  const list = await send(server, "GET", "/conversations?user_id=string");
  isJsonAsPrinted(list.body, `[${conversation}]`);
  assert.deepEqual([list.body.length, list.body[0].messages.length], [1, 2]);
  const path = `/conversations/${reply.body.conversation_id}`;
  const header = { "x-user-id": "string" };
  const one = await send(server, "GET", path, undefined, header);
  isJsonAsPrinted(one.body, conversation);
  const deleted = await send(server, "DELETE", path, undefined, header);
  isJsonAsPrinted(deleted.body, `{ "message": "Conversation deleted successfully" }`);
  assert.equal((await send(server, "DELETE", path, undefined, header)).status, 404);

  await using socket = await openSocket(server, "/ws?user_id=string");
  socket.say(`{
    "type": "message",
    "content": "string"
}`);
  isJsonAsPrinted(await socket.next(), `{ "type": "response", "content": "string" }`);
});

test("[D1] [D2] [D3] [D4] document 001, as printed", async () => {
  await using server = await builtIn();
  const completion = `{
  "message": "Hello! I'm doing well, thank you for asking. How can I help you today?",
  "messageId": "msg-1704459601000",
  "conversation_id": "session-1704459600000"
}`;
  // The printed body explains itself with a comment, which JSON has none of.
  const request = `{
  "message": "Hello, how are you?",
  "conversation_id": "session-1704459600000" // optional
}`.replace(" // optional", "");
  for (const path of ["/chat/completions", "/api/v1/chat/completions"]) {
    const { status, body } = await send(server, "POST", path, request);
    assert.equal(status, 200);
    isJsonAsPrinted(body, completion);
    assert.equal(body.conversation_id, "session-1704459600000");
  }
  const history = await send(server, "GET", "/chat/history/session-1704459600000");
  assert.equal(history.body.messages.length, 4);
  isJsonAsPrinted(
    history.body,
    `{
  "messages": [
    {
      "id": "msg-1704459600000",
      "content": "Hello!",
      "role": "user",
      "timestamp": "2025-01-05T10:00:00Z"
    },
    {
      "id": "msg-1704459601000",
      "content": "Hello! How can I help you?",
      "role": "assistant",
      "timestamp": "2025-01-05T10:00:01Z"
    }
  ]
}`,
  );
  const created = await send(server, "POST", "/chat/conversations");
  isJsonAsPrinted(created.body, `{ "conversation_id": "session-1704459600000" }`);
});

const run = promisify(execFile);
const COMMANDS = `
# Health check
curl http://localhost:8000/api/v1/health

# Send a message
curl -X POST http://localhost:8000/api/v1/chat/completions \\
  -H "Content-Type: application/json" \\
  -d '{"message": "Hello, how are you?"}'
`;

test("[D1] [D2] the commands of document 001, in a shell", async (context) => {
  await using server = await builtIn();
  try {
    await run("curl", ["--version"]);
  } catch {
    return context.skip("curl is not installed");
  }
  const outputs: unknown[] = [];
  for (const command of COMMANDS.split("\n\n")) {
    const here = command.replace(":8000", `:${server.port}`).replace("curl ", "curl -s ");
    outputs.push(JSON.parse((await run("sh", ["-c", here])).stdout));
  }
  const [health, reply] = outputs as [object, { message: string }];
  isJsonAsPrinted(
    health,
    `{ "status": "ok", "timestamp": "2025-01-05T10:00:00Z", "version": "1.0.0" }`,
  );
  assert.deepEqual(Object.keys(health), ["status", "timestamp", "version"]);
  assert.equal(reply.message, "You said: Hello, how are you?");
});

const withUuid = (text: string) => text.replaceAll("user-uuid", ALICE);

test("[V1] [V2] [V3] [V4] document 002, as printed", async () => {
  await using server = await builtIn();
  const path = "/api/conversations";
  const created = await send(
    server,
    "POST",
    path,
    withUuid(`{
  "userId": "user-uuid",
  "title": "New Conversation",
  "messages": [],
  "agentId": "agent-uuid",
  "mode": "mode_1_interactive_manual",
  "isPinned": false
}`),
  );
  assert.equal(created.status, 201);
  isJsonAsPrinted(
    created.body,
    `{
  "success": true,
  "conversation": {
    "id": "conversation-uuid",
    "title": "New Conversation",
    "messages": [],
    "createdAt": 1234567890,
    "updatedAt": 1234567890
  },
  "message": "Conversation created successfully",
  "requestId": "req_xxx"
}`,
  );
  const { id } = created.body.conversation;
  const messages = `[
        {
          "role": "user",
          "content": "Hello",
          "timestamp": 1234567890
        }
      ]`;
  const filledIn = (text: string) =>
    withUuid(text).replace("conversation-uuid", id).replace("[...]", messages);
  const changed = await send(
    server,
    "PUT",
    path,
    filledIn(`{
  "userId": "user-uuid",
  "conversationId": "conversation-uuid",
  "title": "Updated Title",
  "messages": [...],
  "isPinned": true
}`),
  );
  assert.equal(changed.status, 200);
  isJsonAsPrinted(
    changed.body,
    filledIn(`{
  "success": true,
  "conversation": {
    "id": "conversation-uuid",
    "title": "Updated Title",
    "messages": [...],
    "updatedAt": 1234567890
  },
  "message": "Conversation updated successfully",
  "requestId": "req_xxx"
}`),
  );
  const list = await send(server, "GET", `${path}?userId=${ALICE}`);
  assert.deepEqual([list.body.count, list.body.conversations.length], [1, 1]);
  isJsonAsPrinted(
    { ...list.body, conversations: [{ ...list.body.conversations[0], isPinned: false }] },
    filledIn(`{
  "success": true,
  "conversations": [
    {
      "id": "uuid",
      "title": "Updated Title",
      "messages": ${messages},
      "createdAt": 1234567890,
      "updatedAt": 1234567890,
      "isPinned": false,
      "userId": "user-uuid",
      "agentId": "agent-uuid",
      "mode": "mode_1_interactive_manual"
    }
  ],
  "count": 1,
  "requestId": "req_xxx"
}`),
  );
  const deleted = await send(
    server,
    "DELETE",
    path,
    filledIn(`{
  "userId": "user-uuid",
  "conversationId": "conversation-uuid"
}`),
  );
  assert.equal(deleted.status, 200);
  isJsonAsPrinted(
    deleted.body,
    `{
  "success": true,
  "message": "Conversation deleted successfully",
  "requestId": "req_xxx"
}`,
  );
});

const SNIPPETS = [
  `const response = await fetch('/api/conversations?userId=user-123');
const data = await response.json();
console.log(data.conversations);`,
  `const response = await fetch('/api/conversations', {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({
    userId: 'user-123',
    title: 'New Conversation',
    messages: [],
  }),
});
const data = await response.json();`,
  `const response = await fetch('/api/conversations', {
  method: 'PUT',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({
    userId: 'user-123',
    conversationId: 'conv-123',
    title: 'Updated Title',
    messages: [...],
  }),
});`,
] as const;

test("[V1] the code of document 002: user-123 stands for a UUID, and is refused as what it is", async () => {
  await using server = await builtIn();
  const runHere = (code: string): Promise<Response> =>
    runInNewContext(`(async () => { ${code.replace("[...]", "[]")}\nreturn response; })()`, {
      JSON,
      console: { log() {} },
      fetch: async (path: string, init?: RequestInit) => {
        const response = await fetch(`${server.url}${path}`, init);
        const text = await response.text();
        return { status: response.status, text, json: async () => JSON.parse(text) };
      },
    });
  const statuses = async (withIds: (code: string) => string) => {
    const found: number[] = [];
    for (const code of SNIPPETS) found.push((await runHere(withIds(code))).status);
    return found;
  };
  assert.deepEqual(await statuses((code) => code), [400, 400, 400]);
  const withUser = (code: string) => code.replace("user-123", ALICE);
  assert.deepEqual(await statuses(withUser), [200, 201, 404]);
  const list = await send(server, "GET", `/api/conversations?userId=${ALICE}`);
  const [{ id }] = list.body.conversations;
  assert.equal((await runHere(withUser(SNIPPETS[2]).replace("conv-123", id))).status, 200);
});

test("[H2] [H3] [H4] [H5] [H6] [H7] [H9] document 004, as printed", async () => {
  await using server = await builtIn();
  const { open, call } = caller(server.url);
  const headers = { authorization: "Bearer token" };
  const created = await call("/conversations", { body: `{\n  "title": "My New Chat"\n}`, headers });
  assert.equal(created.status, 201);
  isJsonAsPrinted(
    created.body,
    `{
    "success": true,
    "data": {
      "id": "uuid",
      "title": "My New Chat",
      "user_id": "uuid",
      "created_at": "timestamp",
      "updated_at": "timestamp"
    },
    "message": "Conversation created successfully"
  }`,
  );
  const { id, user_id } = created.body.data;
  for (const uuid of [id, user_id]) assert.match(uuid, UUID);
  const listed = await call("/conversations?page=1&limit=10", { headers });
  assert.equal(listed.status, 200);
  isAsPrinted(listed.body, {
    success: true,
    data: [created.body.data],
    meta: { total: 10, page: 1, limit: 10, totalPages: 1 },
  });
  const path = `/conversations/${id}`;
  isAsPrinted((await call(path, { headers })).body, { success: true, data: created.body.data });

  const message = `{
    "content": "Hello, how are you?",
    "role": "user",
    "model": "openai/gpt-3.5-turbo",
    "temperature": 0.7
  }`;
  const said = ["Hello, how are you?", "You said: Hello, how are you?"];
  const answered = await call(`${path}/messages`, { body: message, headers });
  assert.equal(answered.status, 201);
  const contents = answered.body.data.map((one: { content: string }) => one.content);
  assert.deepEqual(contents, said);
  const events = await allEvents(await open(`${path}/messages/stream`, { body: message, headers }));
  assert.equal(events[0]?.data.content, said[0]);
  assert.equal(events.at(-2)?.data.content, said[1]);

  const combined = await allEvents(
    await open("/conversations/stream", {
      body: `{
    "title": "Optional Title",
    "content": "First message content",
    "model": "openai/gpt-3.5-turbo",
    "temperature": 0.7
  }`,
      headers,
    }),
  );
  for (const [all, first] of [
    [events, "user_message"],
    [combined, "conversation_created"],
  ] as const) {
    const types = all.map(({ type }) => type);
    assert.deepEqual([...new Set(types)], [first, "ai_chunk", "ai_complete", "DONE"]);
    assert.ok(all.every(({ type, data }) => type !== "ai_chunk" || typeof data === "string"));
  }
  assert.deepEqual(Object.keys(combined[0]?.data), ["conversationId", "userMessage"]);
  assert.equal(combined[0]?.data.userMessage.content, "First message content");

  const stored = (await call(`${path}/messages`, { headers })).body.data;
  assert.deepEqual(stored.slice(0, 2), answered.body.data);
  assert.deepEqual(stored.slice(2), [events[0]?.data, events.at(-2)?.data]);
  const one = `/messages/${stored[0].id}`;
  assert.deepEqual((await call(one, { headers })).body.data, stored[0]);
  for (const gone of [one, path]) {
    assert.equal((await call(gone, { method: "DELETE", headers })).body.success, true);
    assert.equal((await call(gone, { headers })).status, 404);
  }
});
