// What all wires answered to these requests when the records were made, byte for byte: a client that asks for nothing new
// gets nothing new. RECORD_WIRES=1 makes the records anew; their difference is then to be read line by line.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startServer } from "./start-server.ts";
import { ALICE, BOB, makeKey, type Server } from "./wire-client.ts";
import { type WireRecord, wireRecord } from "./wire-record.ts";

const FOLDER = join(import.meta.dirname, "wire-records");
const CAROL = "33333333-3333-4333-8333-333333333333";
const NOWHERE = "99999999-9999-4999-8999-999999999999";

async function chat(record: WireRecord, server: Server): Promise<void> {
  const user = `?user_id=${ALICE}`;
  const say = (message: string, more: object = {}) =>
    record.call("POST", "/chat", { message, user_id: ALICE, ...more });
  const { conversation_id } = await say("Good morning");
  await say("And again", { conversation_id });
  server.model.next({ text: "Cut off", finishReason: "length" });
  await say("At length", { conversation_id });
  server.model.next({ text: "Withheld", finishReason: "content_filter" });
  await say("Filtered", { conversation_id });
  server.model.next({ text: "A thought answer", reasoning: "Let me see." });
  await say("Think", { conversation_id });
  server.model.next({ text: "", finishReason: "tool_calls" });
  await say("Ask for a tool", { conversation_id });
  server.model.next({ text: "Half of it", error: 1 });
  await say("Fail", { conversation_id });
  server.model.next({ failStatus: 400 });
  await say("Be refused", { conversation_id });
  await record.call("GET", `/conversations/${conversation_id}${user}`);
  await record.call("GET", `/conversations${user}`);
  await record.call("GET", `/conversations${user}&limit=1`);
  await record.call("GET", `/conversations?user_id=${BOB}`);
  for (const bad of [{}, { message: "" }, { message: 5 }, { message: "a", user_id: "" }])
    await record.call("POST", "/chat", bad);
  await record.call("POST", "/chat", "{");
  await say("Elsewhere", { conversation_id: NOWHERE });
  await record.call("GET", `/conversations/${NOWHERE}${user}`);
  await record.call("PUT", "/chat", {});
  const talk = await record.socket(`/ws${user}`);
  talk.say({ type: "message", content: "By socket", conversation_id: null });
  await talk.next();
  server.model.next({ text: "One piece", reasoning: "Hm.", pieces: ["One piece"] });
  talk.say({ type: "message", content: "Streamed", stream: true });
  await talk.next();
  await talk.next();
  server.model.next({ text: "Short", finishReason: "length" });
  talk.say({ type: "message", content: "At length" });
  await talk.next();
  server.model.next({ failStatus: 400 });
  talk.say({ type: "message", content: "Be refused" });
  await talk.next();
  for (const bad of [
    "{",
    "[]",
    { type: "other" },
    { type: "message" },
    { type: "message", content: "" },
  ]) {
    talk.say(bad);
    await talk.next();
  }
  await talk.close();
  await record.call("DELETE", `/conversations/${conversation_id}${user}`);
  await record.call("GET", `/conversations/${conversation_id}${user}`);
}

async function dialogix(record: WireRecord, server: Server): Promise<void> {
  const base = "/api/v1/chat";
  const say = (message: string, more: object = {}) =>
    record.call("POST", `${base}/completions`, { message, ...more });
  const { conversation_id } = await record.call("POST", `${base}/conversations`, {});
  await say("Good morning", { conversation_id });
  await record.call("POST", "/chat/completions", {
    message: "Again",
    conversationId: conversation_id,
  });
  const own = "session-1704459600000-ab12";
  await say("By a name of its own", { conversation_id: own });
  server.model.next({ text: "Cut off", finishReason: "length" });
  await say("At length", { conversation_id: own });
  server.model.next({ text: "A thought answer", reasoning: "Let me see." });
  await say("Think", { conversation_id: own });
  server.model.next({ text: "Half of it", error: 1 });
  await say("Fail", { conversation_id: own });
  server.model.next({ text: "", finishReason: "content_filter" });
  await say("Filter", { conversation_id: own });
  await record.call("GET", `${base}/history/${own}`);
  await record.call("GET", `/chat/history/${conversation_id}`);
  await record.call("GET", `${base}/history/${NOWHERE}`);
  for (const bad of [{}, { message: "" }, { message: 5 }, { message: "a", conversation_id: 5 }])
    await record.call("POST", `${base}/completions`, bad);
  await say("Two names", { conversation_id: own, conversationId: conversation_id });
  await record.call("POST", `${base}/completions`, "{");
}

async function conversations(record: WireRecord): Promise<void> {
  const path = "/api/conversations";
  const at = 1_700_000_000_000;
  const messages = [
    { role: "user", content: "What is it?", timestamp: at },
    { role: "assistant", content: "It is that.", timestamp: at + 1 },
  ];
  const ask = (method: string, fields: object) =>
    record.call(method, path, { userId: ALICE, ...fields });
  const { conversation } = await ask("POST", { title: "A title", messages, isPinned: true });
  await ask("POST", {
    messages: [
      { role: "tool", content: "a" },
      { role: "user", content: "b", timestamp: at },
    ],
  });
  await ask("PUT", { conversationId: conversation.id, title: "Another" });
  const edited = [...conversation.messages, { role: "user", content: "And?", timestamp: at + 2 }];
  await ask("PUT", { conversationId: conversation.id, messages: edited });
  await record.call("GET", `${path}?userId=${ALICE}`);
  await record.call("GET", `${path}/${conversation.id}?userId=${ALICE}`);
  await record.call("GET", `${path}?userId=${BOB}`);
  await record.call("GET", `${path}?userId=user-123`);
  await ask("PUT", { conversationId: NOWHERE, title: "Nothing" });
  await ask("POST", { messages: "none" });
  await ask("DELETE", { conversationId: conversation.id });
  await ask("DELETE", { conversationId: conversation.id });
}

async function voice(record: WireRecord, server: Server): Promise<void> {
  const talk = await record.socket("/ws");
  await talk.next();
  talk.say({ type: "text_input", text: "Too early" });
  await talk.next();
  talk.say({ type: "start_conversation", user_id: ALICE, capabilities: ["segments", "interrupt"] });
  const { conversation_id } = await talk.next();
  /** Hears a reply to its end, so that the next message does not come in the middle of it. */
  const hear = async () => {
    let answer = await talk.next();
    while (answer.final === false) answer = await talk.next();
    talk.say({ type: "playback", response_id: answer.response_id, played_ms: 60_000 });
  };
  server.model.next({ pieces: ["Good morning. ", "How are you?"] });
  talk.say({ type: "text_input", text: "Good morning" });
  await hear();
  server.model.next({ pieces: ["I thought."], reasoning: "Let me see." });
  talk.say({ type: "text_input", text: "Think" });
  await hear();
  server.model.next({ failStatus: 400 });
  talk.say({ type: "text_input", text: "Be refused" });
  for (let answer = await talk.next(); answer.final !== true; ) answer = await talk.next();
  for (const bad of [
    "{",
    { type: "other" },
    { type: "text_input" },
    { type: "audio_chunk", audio_data: "?" },
  ]) {
    talk.say(bad);
    await talk.next();
  }
  talk.say({ type: "end_conversation" });
  await talk.next();
  await talk.close();
  const plain = await record.socket("/ws");
  await plain.next();
  plain.say({ type: "start_conversation", user_id: ALICE, conversation_id });
  await plain.next();
  plain.say({ type: "text_input", text: "Once more" });
  await plain.next();
  await plain.close();
  await record.call("GET", `/conversations/${conversation_id}?user_id=${ALICE}`);
}

async function chatV1(record: WireRecord, server: Server): Promise<void> {
  const key = { authorization: `Bearer ${await makeKey(server, { userId: CAROL })}` };
  const base = "/v1/chat";
  const call = (method: string, path: string, body?: unknown, headers = {}) =>
    record.call(method, base + path, body, { ...key, ...headers });
  const stream = (method: string, path: string, body?: unknown, headers = {}) =>
    record.stream(method, base + path, body, { ...key, ...headers });
  const { data: conversation } = await call("POST", "/conversations", {});
  const path = `/conversations/${conversation.id}`;
  await call("POST", `${path}/messages`, { content: "Good morning" });
  await call("POST", `${path}/messages`, { role: "system", content: "Be short" });
  server.model.next({ pieces: ["One ", "two ", "three"], hold: 2 });
  const watched = await stream("POST", `${path}/messages/stream`, { content: "Count" });
  await watched.until("ai_chunk");
  await watched.leave();
  const resumed = await stream("GET", `${path}/messages/stream`, undefined, {
    "last-event-id": watched.lastId,
  });
  await server.model.held(1);
  server.model.release();
  await resumed.rest();
  for (const position of [0, 1, 4, 8, 13])
    await (await stream("GET", `${path}/messages/stream?after=${position}`)).rest();
  await (
    await stream("GET", `${path}/messages/stream`, undefined, { "last-event-id": resumed.lastId })
  ).rest();
  await (
    await stream(
      "POST",
      `${path}/messages/stream`,
      { content: "Count" },
      { "last-event-id": watched.lastId },
    )
  ).rest();
  server.model.next({ text: "A thought answer", reasoning: "Let me see.", hold: 0 });
  const thought = await stream("POST", `${path}/messages/stream`, {
    content: "Think",
    reasoning: true,
  });
  await thought.until("ai_reasoning");
  server.model.release();
  await thought.rest();
  await (await stream("GET", `${path}/messages/stream?reasoning=1`)).rest();
  server.model.next({ text: "Unasked", reasoning: "Let me see again." });
  await (await stream("POST", `${path}/messages/stream`, { content: "Think silently" })).rest();
  server.model.next({ pieces: ["Never ", "ending"], hold: 1 });
  const stopped = await stream("POST", `${path}/messages/stream`, { content: "Go on and on" });
  await stopped.until("ai_chunk");
  await call("POST", `${path}/messages/stop`);
  await stopped.rest();
  server.model.release();
  server.model.next({ text: "Cut off", finishReason: "length" }, { text: "Half of it", error: 1 });
  await (await stream("POST", `${path}/messages/stream`, { content: "At length" })).rest();
  await (await stream("POST", `${path}/messages/stream`, { content: "Fail" })).rest();
  server.model.next(
    { text: "", finishReason: "tool_calls" },
    { text: "", finishReason: "content_filter" },
  );
  await (await stream("POST", `${path}/messages/stream`, { content: "Ask for a tool" })).rest();
  await call("POST", `${path}/messages`, { content: "Filter" });
  server.model.next({ failStatus: 400 }, { text: "Once" });
  await call("POST", `${path}/messages`, { content: "Be refused" });
  const once = { "idempotency-key": "once" };
  const { data: told } = await call("POST", `${path}/messages`, { content: "Only once" }, once);
  await call("POST", `${path}/messages`, { content: "Only once" }, once);
  await call("POST", `${path}/messages`, { content: "Another" }, once);
  await call("POST", `${path}/messages`, { content: "Instead", replace_from: told[0].id });
  await call("GET", `${path}/messages`);
  await call("GET", `${path}/messages?limit=2`);
  await call("GET", `/messages/${told[0].id}`);
  await call("GET", `/search?q=instead`);
  const begun = await stream("POST", "/conversations/stream", {
    content: "A new one",
    title: "Named",
  });
  await begun.rest();
  await call("GET", "/conversations");
  await call("PATCH", path, { title: "Renamed", is_pinned: true });
  for (const bad of [
    {},
    { content: "" },
    { content: 5 },
    { content: "a", temperature: 3 },
    { content: "a", role: "tool" },
    { content: "a", replace_from: NOWHERE },
  ])
    await call("POST", `${path}/messages`, bad);
  await call("POST", `${path}/messages`, "{");
  await call("POST", `${path}/messages/stream`, { content: "a", role: "system" });
  await call("GET", `${path}/messages/stream?after=x`);
  await call("GET", `/conversations/${NOWHERE}/messages`);
  await record.call("GET", `${base}/conversations`);
  await call("DELETE", path);
  await call("GET", `${path}/messages`);
}

const WIRES = {
  "000-chat": chat,
  "001-dialogix": dialogix,
  "002-conversations": conversations,
  "003-voice": voice,
  "004-chat-v1": chatV1,
};

describe("what was recorded of every wire", () => {
  let server: Server;
  before(async () => {
    server = await startServer();
  });
  after(() => server?.[Symbol.asyncDispose]());

  for (const [name, walk] of Object.entries(WIRES))
    test(`wire ${name} answers byte for byte what it answered before`, async () => {
      const record = wireRecord(server);
      await walk(record, server);
      const file = join(FOLDER, `${name}.txt`);
      if (process.env.RECORD_WIRES) await writeFile(file, record.text);
      assert.equal(record.text, await readFile(file, "utf8"));
    });
});
