// How a reply is begun through each wire, for the test of every pair of wires.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";
import { readStream } from "./completions-client.ts";
import { openRealtime } from "./realtime-client.ts";
import { all, responsesClient, textOf, wordsOf } from "./responses-client.ts";
import { openSocket } from "./socket-client.ts";
import { chunksOf, textIn } from "./ui-client.ts";
import { type Server, send } from "./wire-client.ts";

/** What a client was told of a reply in the end. */
export type Told = { readonly text: string; readonly isWhole: boolean };

export type Place = {
  readonly server: Server;
  readonly user: string;
  /** The id of all wires; null: the message begins a conversation. */
  readonly conversationId: string | null;
  /** What was said before, for wires whose client holds the history. */
  readonly history: readonly { readonly role: string; readonly content: string }[];
};
/** Sends a message through one wire, and resolves when the client was told how its reply ended. */
export type Begin = (place: Place, text: string) => Promise<Told>;

export const headersOf = (user: string) => ({ authorization: "Bearer local", "x-user-id": user });
export const named = (prefix: string, id: string) => `${prefix}${id.replaceAll("-", "")}`;

const chat: Begin = async ({ server, user, conversationId }, message) => {
  const body = { message, conversation_id: conversationId };
  const answer = await send(server, "POST", "/chat", body, headersOf(user));
  const { response, text_so_far: soFar } = answer.body;
  return { text: response ?? soFar, isWhole: answer.status === 200 };
};

const chatSocket: Begin = async ({ server, user, conversationId }, content) => {
  await using socket = await openSocket(server, `/ws?user_id=${user}`);
  socket.say({ type: "message", content, conversation_id: conversationId, stream: true });
  let text = "";
  for (;;) {
    const { type, content: piece } = await socket.next();
    if (type !== "chunk") return { text, isWhole: type === "response" };
    text += piece;
  }
};

const dialogix: Begin = async ({ server, user, conversationId }, message) => {
  const body = { message, conversation_id: `session-${conversationId ?? randomUUID()}` };
  const answer = await send(server, "POST", "/api/v1/chat/completions", body, headersOf(user));
  const { message: whole, text_so_far: soFar } = answer.body;
  return { text: answer.status === 200 ? whole : soFar, isWhole: answer.status === 200 };
};

const mcp: Begin = async ({ server, user, conversationId }, message) => {
  const given = { message, ...(conversationId !== null && { conversation_id: conversationId }) };
  const params = { name: "continue_conversation", arguments: given };
  const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params };
  const headers = { ...headersOf(user), accept: "application/json" };
  const answer = await send(server, "POST", "/mcp", body, headers);
  const { text, status } = answer.body.result.structuredContent;
  return { text, isWhole: status === "complete" };
};

const voice: Begin = async ({ server, user, conversationId }, text) => {
  await using socket = await openSocket(server, "/ws");
  await socket.next();
  const more = conversationId === null ? {} : { conversation_id: conversationId };
  socket.say({ type: "start_conversation", user_id: user, capabilities: [], ...more });
  await socket.next();
  socket.say({ type: "text_input", text });
  let answer = await socket.next();
  while (answer.type !== "ai_response") answer = await socket.next();
  return { text: answer.text, isWhole: answer.status === undefined };
};

const chatV1: Begin = async ({ server, user, conversationId }, content) => {
  const path = conversationId === null ? "" : `/${conversationId}/messages`;
  const url = `/v1/chat/conversations${path}/stream`;
  const { text } = await send(server, "POST", url, { content }, headersOf(user));
  return toldByChatV1(text);
};

/** What a stream of wire 004 told, from the text of its events. */
function toldByChatV1(text: string): Told {
  const events = text
    .split("\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => JSON.parse(line.slice("data: ".length)));
  const said = events.map(({ type, data }) => (type === "ai_chunk" ? data : "")).join("");
  return { text: said, isWhole: events.at(-1)?.data.status === "complete" };
}

const completions: Begin = async ({ server, user, conversationId, history }, content) => {
  const name = conversationId === null ? randomUUID() : named("conv_", conversationId);
  const answer = await send(
    server,
    "POST",
    "/v1/chat/completions",
    { model: "scripted", stream: true, messages: [...history, { role: "user", content }] },
    { ...headersOf(user), "x-conversation-id": name },
  );
  const { chunks } = readStream(answer.text);
  const choices = chunks.flatMap((chunk) => chunk.choices ?? []);
  return {
    text: choices.map(({ delta }) => delta.content ?? "").join(""),
    isWhole: choices.some(({ finish_reason: reason }) => reason === "stop"),
  };
};

const placeOf = ({ conversationId }: Place) => ({
  conversation: conversationId === null ? randomUUID() : named("conv_", conversationId),
});

const responses: Begin = async (place, input) => {
  const { stream } = responsesClient(place.server, place.user);
  const events = await all(stream({ input, ...placeOf(place) }));
  return { text: textOf(events), isWhole: events.at(-2)?.type === "response.completed" };
};

const responsesInBackground: Begin = async (place, input) => {
  const { create, get, replay } = responsesClient(place.server, place.user);
  const { id } = (await create({ input, background: true, ...placeOf(place) })).body;
  await all(replay(id));
  const { body } = await get(id);
  return { text: wordsOf(body), isWhole: body.status === "completed" };
};

const responsesSocket: Begin = async (place, input) => {
  const url = `ws://127.0.0.1:${place.server.port}/v1/responses`;
  const socket = new WebSocket(url, { headers: headersOf(place.user) });
  const { promise, resolve, reject } = Promise.withResolvers<Told>();
  let text = "";
  socket
    .on("open", () =>
      socket.send(JSON.stringify({ type: "response.create", input, ...placeOf(place) })),
    )
    .on("error", reject)
    .on("message", (data) => {
      const { type, delta } = JSON.parse(String(data));
      if (type === "response.output_text.delta") text += delta;
      if (/^(?:error|response\.(?:completed|incomplete|failed))$/.test(type))
        resolve({ text, isWhole: type === "response.completed" });
    });
  const told = await promise;
  socket.terminate();
  return told;
};

const ui: Begin = async ({ server, user, conversationId }, text) => {
  const message = { id: randomUUID(), role: "user", parts: [{ type: "text", text }] };
  const body = { id: conversationId ?? `chat-${randomUUID()}`, message };
  return toldByUi((await send(server, "POST", "/api/chat", body, headersOf(user))).text);
};

/** What a stream of the ui wire told. */
function toldByUi(text: string): Told {
  const chunks = chunksOf(text);
  return { text: textIn(chunks), isWhole: chunks.at(-1)?.type === "finish" };
}

const realtime: Begin = async ({ server, user, conversationId }, text) => {
  const query = conversationId === null ? "" : `conversation=${named("conv_", conversationId)}`;
  await using talk = await openRealtime(server, { query, headers: headersOf(user) });
  talk.type(text);
  talk.say({ type: "response.create", response: { output_modalities: ["text"] } });
  const { response } = await talk.next("response.done");
  const deltas = talk.events.filter(({ type }) => type === "response.output_text.delta");
  assert.ok(["completed", "cancelled", "incomplete"].includes(response.status), response.status);
  return {
    text: deltas.map(({ delta }) => delta).join(""),
    isWhole: response.status === "completed",
  };
};

/** By the wire's folder, and the way on it. */
export const BEGINNINGS: Readonly<Record<string, Begin>> = {
  chat,
  "chat, the socket": chatSocket,
  dialogix,
  mcp,
  voice,
  "chat-v1": chatV1,
  completions,
  responses,
  "responses, in the background": responsesInBackground,
  "responses, the socket": responsesSocket,
  ui,
  realtime,
};
