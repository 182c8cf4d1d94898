// The ui wire as bytes: its stream, its list of messages, and what it refuses.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, describe, test } from "node:test";
import { uiWire } from "../src/dialects/ui/index.ts";
import { startServer } from "./start-server.ts";
import { chunksOf, textIn } from "./ui-client.ts";
import { errorTable, makeKey, STATUSES, send } from "./wire-client.ts";

const server = await startServer();
after(() => server[Symbol.asyncDispose]());

type Sent = { id?: string; role: string; parts: readonly object[] };
const text = (role: string, words: string, id?: string): Sent => ({
  role,
  parts: [{ type: "text", text: words }],
  ...(id !== undefined && { id }),
});

/** A new user with a conversation of theirs. */
function newChat() {
  server.model.forget();
  const headers = { authorization: "Bearer local", "x-user-id": randomUUID() };
  const id = `chat-${randomUUID()}`;
  const call = (method: string, path: string, body?: unknown) =>
    send(server, method, path, body, headers);
  return {
    id,
    headers,
    call,
    async post(messages: readonly Sent[], more: object = {}) {
      const answer = await call("POST", "/api/chat", { id, messages, ...more });
      return { ...answer, chunks: answer.status === 200 ? chunksOf(answer.text) : [] };
    },
    async shown(): Promise<{ id: string; role: string; parts: { text?: string }[] }[]> {
      return (await call("GET", `/api/chat/${id}`)).body.messages;
    },
    async said(): Promise<string[]> {
      return (await this.shown()).map(({ parts }) => parts.map((part) => part.text ?? "").join(""));
    },
  };
}
const told = () =>
  (server.model.requests.at(-1)?.body?.messages ?? []).map(
    ({ role, content }) => `${role}: ${content}`,
  );

describe("the stream", () => {
  test("[UI1] [UI2] is chunks of version 5, each in a data line, and [DONE] at the end", async () => {
    const chat = newChat();
    const answer = await chat.post([text("user", '{{reply text="One two" reasoning="Hm"}}')]);
    assert.equal(answer.headers.get("content-type"), "text/event-stream; charset=utf-8");
    assert.equal(answer.headers.get("x-vercel-ai-ui-message-stream"), "v1");
    assert.equal(answer.headers.get("x-accel-buffering"), "no");
    assert.doesNotMatch(answer.text, /^(?:event|id):/m);
    assert.ok(answer.text.endsWith("data: [DONE]\n\n"));
    const kinds = answer.chunks.map(({ type }) => type);
    assert.deepEqual(
      kinds.filter((kind, index) => kind !== kinds[index - 1]),
      [
        "start",
        "start-step",
        "reasoning-start",
        "reasoning-delta",
        "reasoning-end",
        "text-start",
        "text-delta",
        "text-end",
        "finish-step",
        "finish",
      ],
    );
    assert.equal(textIn(answer.chunks), "One two");
    const finish = answer.chunks.at(-1);
    assert.equal(finish?.finishReason, "stop");
    assert.deepEqual(finish?.messageMetadata.usage, {
      inputTokens: 10,
      outputTokens: 2,
      totalTokens: 12,
    });
  });
  test("[UI2] [X12] a reply that its limit cut says so, and one that fails is an error in words, without a finish", async () => {
    const chat = newChat();
    const cut = await chat.post([text("user", '{{reply text="One" finishReason="length"}}')]);
    assert.equal(cut.chunks.at(-1)?.finishReason, "length");
    const failed = await newChat().post([text("user", "{{reply tokens=4 error=2}}")]);
    const last = failed.chunks.at(-1);
    assert.equal(last?.type, "error");
    assert.match(last?.errorText, /^[A-Z].+/);
    assert.doesNotMatch(failed.text, /"finish"|Upstream/);
    assert.ok(failed.text.endsWith("data: [DONE]\n\n"));
  });
  test("[UI5] two readers get the same, from the start, and the one that comes late is told all of it", async () => {
    const chat = newChat();
    const posted = await fetch(`${server.url}/api/chat`, {
      method: "POST",
      headers: { "content-type": "application/json", ...chat.headers },
      body: JSON.stringify({
        id: chat.id,
        messages: [text("user", '{{reply text="alpha bravo charlie" hold=2}}')],
      }),
    });
    await server.model.held(1);
    const path = `${server.url}/api/chat/${chat.id}/stream`;
    const watched = [1, 2, 3].map(() => fetch(path, { headers: chat.headers }));
    const answers = await Promise.all(watched);
    server.model.release();
    const chunks = chunksOf(await posted.text());
    for (const answer of answers) {
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get("x-vercel-ai-ui-message-stream"), "v1");
      const seen = chunksOf(await answer.text());
      assert.equal(textIn(seen), "alpha bravo charlie");
      assert.deepEqual(seen[0], chunks[0]);
      assert.deepEqual(seen.at(-1), chunks.at(-1));
    }
    assert.equal((await chat.call("GET", `/api/chat/${chat.id}/stream`)).status, 204);
  });
});

describe("with wire 004", () => {
  /** A stream that is open. */
  async function opened(path: string, headers: Record<string, string>) {
    const response = await fetch(`${server.url}${path}`, { headers });
    assert.equal(response.status, 200);
    return response;
  }
  const HELD = '{{reply text="alpha bravo charlie" hold=2}}';

  test("[UI5] [X6] a reply that is begun here is watched and stopped there", async () => {
    const chat = newChat();
    const here = await fetch(`${server.url}/api/chat`, {
      method: "POST",
      headers: { "content-type": "application/json", ...chat.headers },
      body: JSON.stringify({ id: chat.id, messages: [text("user", HELD, "u1")] }),
    });
    const [{ id }] = (await chat.call("GET", "/v1/chat/conversations")).body.data;
    const path = `/v1/chat/conversations/${id}/messages`;
    await server.model.held(1);
    const there = await opened(`${path}/stream`, chat.headers);
    const stopped = await chat.call("POST", `${path}/stop`, {});
    assert.equal(stopped.body.data.stopped, true);
    const chunks = chunksOf(await here.text());
    assert.equal(chunks.at(-1)?.type, "abort");
    assert.equal(textIn(chunks), "alpha bravo ");
    assert.match(await there.text(), /"ai_complete".*"status":"interrupted"/);
    assert.deepEqual((await chat.said())[1], "alpha bravo ");
  });
  test("[UI5] [X6] a reply that is begun there is watched and stopped here", async () => {
    const chat = newChat();
    const made = await chat.call("POST", "/v1/chat/conversations", {});
    const { id } = made.body.data;
    const path = `/v1/chat/conversations/${id}/messages`;
    const there = fetch(`${server.url}${path}/stream`, {
      method: "POST",
      headers: { "content-type": "application/json", ...chat.headers },
      body: JSON.stringify({ content: HELD }),
    });
    const response = await there;
    await server.model.held(1);
    const here = await opened(`/api/chat/${id}/stream`, chat.headers);
    const stopped = await chat.call("DELETE", `/api/chat/${id}/stream`);
    assert.deepEqual(stopped.body, { stopped: true });
    assert.match(await response.text(), /"ai_complete".*"status":"interrupted"/);
    const chunks = chunksOf(await here.text());
    assert.equal(chunks[0]?.type, "start");
    assert.equal(chunks.at(-1)?.type, "abort");
    const { messages } = (await chat.call("GET", `/api/chat/${id}`)).body;
    assert.equal(messages[1].metadata.status, "interrupted");
  });
});

describe("the list", () => {
  test("[UI4] a history that is new to the server is stored whole, and told to the model", async () => {
    const chat = newChat();
    const history = [
      text("assistant", "Welcome!", "w"),
      text("user", "First", "u1"),
      text("assistant", "Answer", "a1"),
      text("user", "Second", "u2"),
    ];
    const { chunks } = await chat.post(history);
    assert.equal(textIn(chunks), "Echo: Second");
    assert.deepEqual(told(), [
      "assistant: Welcome!",
      "user: First",
      "assistant: Answer",
      "user: Second",
    ]);
    const shown = await chat.shown();
    assert.deepEqual(
      shown.map(({ id }) => id),
      ["w", "u1", "a1", "u2", chunks[0]?.messageId],
    );
    await chat.post([
      ...history,
      text("assistant", "Echo: Second", chunks[0]?.messageId),
      text("user", "Third", "u3"),
    ]);
    assert.deepEqual(await chat.said(), [
      "Welcome!",
      "First",
      "Answer",
      "Second",
      "Echo: Second",
      "Third",
      "Echo: Third",
    ]);
  });
  test("[UI4] a list that has lost its beginning goes on from the end, and the model is told all", async () => {
    const chat = newChat();
    const list: Sent[] = [];
    for (const words of ["One", "Two", "Three"]) {
      list.push(text("user", words, words));
      const { chunks } = await chat.post(list.slice(-3));
      list.push(text("assistant", textIn(chunks), chunks[0]?.messageId));
    }
    assert.deepEqual(
      await chat.said(),
      list.map(({ parts }) => (parts[0] as { text: string }).text),
    );
    assert.equal(told().length, 5);
  });
  test("[UI4] a shorter list goes back, and what was said is kept on its branch", async () => {
    const chat = newChat();
    const first = [text("user", "One", "u1")];
    const answer = await chat.post(first);
    const list = [...first, text("assistant", "Echo: One", answer.chunks[0]?.messageId)];
    await chat.post([...list, text("user", "Two", "u2")]);
    await chat.post([...list, text("user", "Other", "u3")]);
    assert.deepEqual(await chat.said(), ["One", "Echo: One", "Other", "Echo: Other"]);
    assert.deepEqual(told(), ["user: One", "assistant: Echo: One", "user: Other"]);
    await chat.post([text("user", "From the beginning", "u4")]);
    assert.deepEqual(await chat.said(), ["From the beginning", "Echo: From the beginning"]);
    assert.deepEqual(told(), ["user: From the beginning"]);
    const conversations = await chat.call("GET", "/v1/chat/conversations");
    assert.equal(conversations.body.data.length, 1);
  });
  test("[UI4] messages without ids are known by what they say", async () => {
    const chat = newChat();
    await chat.post([text("user", "One")]);
    await chat.post([text("user", "One\r\n"), text("assistant", "Echo: One"), text("user", "Two")]);
    assert.deepEqual(await chat.said(), ["One", "Echo: One", "Two", "Echo: Two"]);
  });
  test("[UI4] what is sent again while its reply is being generated gets that reply", async () => {
    const chat = newChat();
    const list = [text("user", '{{reply text="alpha bravo" hold=1}}', "u1")];
    const before = server.model.requests.length;
    const post = () =>
      fetch(`${server.url}/api/chat`, {
        method: "POST",
        headers: { "content-type": "application/json", ...chat.headers },
        body: JSON.stringify({ id: chat.id, messages: list }),
      });
    // The head of the answer comes once the message is stored.
    const answers = [await post(), await post()];
    await server.model.held(1);
    server.model.release();
    const [first, second] = await Promise.all(answers.map(async (it) => chunksOf(await it.text())));
    assert.equal(second?.[0]?.messageId, first?.[0]?.messageId);
    assert.equal(textIn(second ?? []), "alpha bravo");
    assert.equal(server.model.requests.length, before + 1);
  });
  test("[UI7] system messages and `system` are told to the model and are no messages; model and temperature count", async () => {
    const chat = newChat();
    await chat.post([text("system", "Be brief."), text("user", "Hi")], {
      system: "Be kind.",
      temperature: 0.5,
      model: "scripted",
    });
    const [first] = server.model.requests.at(-1)?.body?.messages ?? [];
    assert.equal(first?.role, "system");
    assert.match(first?.content ?? "", /Be kind\.\s+Be brief\./);
    assert.equal(server.model.requests.at(-1)?.body?.temperature, 0.5);
    assert.deepEqual(await chat.said(), ["Hi", "Echo: Hi"]);
  });
  test("[UI7] tools are taken as OpenAI's list as well", async () => {
    const chat = newChat();
    const tools = [
      { type: "function", function: { name: "look", parameters: { type: "object" } } },
    ];
    await chat.post([text("user", "Hi")], { tools });
    assert.match(JSON.stringify(server.model.requests.at(-1)?.body?.tools), /"name":"look"/);
  });
  test("[UI6] a conversation of another wire is shown, and goes on under the ids of its messages", async () => {
    const chat = newChat();
    const begun = await chat.call("POST", "/api/v1/chat/completions", {
      message: "Begun elsewhere",
      conversation_id: chat.id,
    });
    assert.equal(begun.status, 200, begun.text);
    const shown = await chat.shown();
    assert.equal(shown.length, 2);
    await chat.post([...shown, text("user", "And here", "u1")]);
    assert.deepEqual(await chat.said(), [
      "Begun elsewhere",
      "Echo: Begun elsewhere",
      "And here",
      "Echo: And here",
    ]);
  });
});

describe("what is refused", () => {
  const user = (parts: unknown) => ({ id: "c", messages: [{ role: "user", parts }] });
  const file = (url: unknown) => user([{ type: "file", mediaType: "image/png", url }]);
  const REFUSED: readonly (readonly [body: unknown, field: string])[] = [
    [{}, "id"],
    [{ id: 5 }, "id"],
    [{ id: "" }, "id"],
    [{ id: "c" }, "messages"],
    [{ id: "c", messages: "Hi" }, "messages"],
    [{ id: "c", messages: [] }, "messages"],
    [{ id: "c", messages: [5] }, "messages[0]"],
    [{ id: "c", messages: [{ parts: [] }] }, "messages[0].role"],
    [{ id: "c", messages: [{ role: "robot", parts: [] }] }, "messages[0].role"],
    [user("Hi"), "messages[0].parts"],
    [user([{ text: "Hi" }]), "messages[0].parts[0].type"],
    [user([{ type: "text" }]), "messages[0].parts[0].text"],
    [user([{ type: "text", text: 5 }]), "messages[0].parts[0].text"],
    [user([]), "messages[0]"],
    [user([{ type: "text", text: " " }]), "messages[0]"],
    [user([{ type: "file", url: "data:," }]), "messages[0].parts[0].mediaType"],
    [file("https://example.com/a.png"), "messages[0].parts[0].url"],
    [file("file:///etc/passwd"), "messages[0].parts[0].url"],
    [file("data:image/png;base64,%%%"), "messages[0].parts[0].url"],
    [{ id: "c", messages: [text("assistant", "Hello")] }, "messages"],
    [{ ...user([]), trigger: "again" }, "trigger"],
    [{ ...user([]), temperature: 3 }, "temperature"],
    [{ ...user([]), model: 5 }, "model"],
    [{ ...user([]), tools: 5 }, "tools"],
    [{ ...user([]), tools: { "a b": {} } }, "tools.a b"],
    [{ ...user([]), tools: [{ function: {} }] }, "tools[0].function.name"],
    [{ id: "c", trigger: "regenerate-message" }, "messages"],
  ];
  test("[UI8] each refusal names the field, and nothing is stored", async () => {
    const chat = newChat();
    for (const [body, field] of REFUSED) {
      const answer = await chat.call("POST", "/api/chat", body);
      assert.equal(answer.status, 400, `${JSON.stringify(body)}: ${answer.text}`);
      assert.equal(answer.body.error.field, field, answer.text);
      assert.match(answer.body.error.message, /[a-z]+ [a-z]+/);
      assert.equal(answer.body.error.code, "invalid_request");
    }
    const list = await chat.call("GET", "/v1/chat/conversations");
    assert.deepEqual(list.body.data, []);
  });
  test("[UI8] a model that may not be asked is refused before the stream begins, and nothing is stored", async () => {
    const chat = newChat();
    const answer = await chat.post([text("user", "Hi")], { model: "nobody/knows" });
    if (answer.status === 200) return;
    assert.equal(answer.status, 400, answer.text);
    assert.ok(answer.body.error.message);
  });
  test("[UI6] [X9] what is not there is 404, and another user's conversation the same bytes; a stream of it is 204", async () => {
    const chat = newChat();
    await chat.post([text("user", "Hi")]);
    const [{ id }] = (await chat.call("GET", "/v1/chat/conversations")).body.data;
    const other = newChat();
    const same = (one: string) => one.replaceAll(/req_\w+/g, "");
    for (const [method, path] of [
      ["GET", ""],
      ["DELETE", "/stream"],
    ] as const) {
      const hers = await other.call(method, `/api/chat/${id}${path}`);
      const nobodys = await other.call(method, `/api/chat/${randomUUID()}${path}`);
      assert.equal(hers.status, 404);
      assert.equal(same(hers.text), same(nobodys.text));
    }
    assert.equal((await other.call("GET", `/api/chat/${id}/stream`)).status, 204);
    assert.equal((await other.call("GET", `/api/chat/${chat.id}`)).status, 404);
    const taken = await other.call("POST", "/api/chat", { id, messages: [text("user", "Mine?")] });
    assert.equal(taken.status, 200);
    assert.deepEqual(await chat.said(), ["Hi", "Echo: Hi"]);
  });
  test("[X4] every error is told in the words of this wire", async () => {
    const none = null as never;
    const table = await errorTable(
      (admit) => uiWire({ admit, conversations: none, turns: none, files: none }),
      "/api/chat/x",
    );
    for (const [code, { status, body }] of Object.entries(table)) {
      assert.equal(status, STATUSES[code as keyof typeof STATUSES], code);
      assert.deepEqual(Object.keys(body), ["error"]);
      assert.equal(body.error.code, code === "unexpected" ? "internal" : code);
      assert.ok(body.error.message);
    }
  });
  test("[UI8] once a key is made, every route needs it; a page of another origin is refused", async () => {
    const chat = { id: "c", messages: [text("user", "Hi")] };
    // The shared server has no key.
    assert.equal((await send(server, "POST", "/api/chat", chat)).status, 200);
    const foreign = { origin: "https://evil.example" };
    assert.equal((await send(server, "POST", "/api/chat", chat, foreign)).status, 403);
    await using claimed = await startServer({ builtIn: true });
    const bearer = { authorization: `Bearer ${await makeKey(claimed)}` };
    for (const [method, path] of [
      ["POST", "/api/chat"],
      ["GET", "/api/chat/c"],
      ["GET", "/api/chat/c/stream"],
      ["DELETE", "/api/chat/c/stream"],
    ] as const) {
      const body = method === "POST" ? chat : undefined;
      const refused = await send(claimed, method, path, body);
      assert.equal(refused.status, 401, path);
      assert.match(refused.body.error.message, /Bearer/);
      assert.notEqual((await send(claimed, method, path, body, bearer)).status, 401, path);
    }
  });
  test("[UI1] [UI8] its paths are its own, and those beside them stay what they were", async () => {
    const chat = newChat();
    const conversations = await chat.call("GET", "/api/conversations");
    assert.equal(conversations.body.success, true);
    const message = await chat.call("POST", "/api/v1/chat/completions", { message: "Hi" });
    assert.equal(message.body.message, "Echo: Hi");
    const nothing = await chat.call("GET", "/api/chat/x/y/z");
    assert.equal(nothing.status, 404);
    assert.equal(nothing.body.error.code, "not_found");
    assert.equal((await chat.call("PUT", "/api/chat", {})).status, 405);
  });
});
