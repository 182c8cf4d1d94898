import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import {
  type CrashClient,
  messageWith,
  newMarker as newCrashMarker,
  postOnce,
  USER,
} from "../crash-client.ts";
import {
  type CrossWire,
  newQuestion,
  remembered,
  replyTo,
  same,
  shown,
} from "../cross-wire-client.ts";
import {
  acknowledge,
  checkAnswer,
  converse,
  count,
  type FaultClient,
  messageOf,
  newMarker,
  PAUSE_MS,
  post,
} from "../fault-client.ts";
import { openSocket } from "../socket-client.ts";
import { send } from "../wire-client.ts";
import type { WireTests } from "../wire-tests.ts";

const chat: CrossWire = {
  own: same,
  client(server, user) {
    const ask = (method: string, path: string, body?: unknown) =>
      send(server, method, path, body, { "x-user-id": user });
    const say = async (message: string, conversation_id: string | null) => {
      const { body } = await ask("POST", "/chat", { message, conversation_id });
      assert.equal(body.response, replyTo(message));
      return body.conversation_id;
    };
    return {
      begin: (text) => say(text, null),
      goOn: async (id, text) => assert.equal(await say(text, id), id),
      async read(id) {
        const { status, body } = await ask("GET", `/conversations/${id}`);
        if (status === 200) return shown(body.messages);
        assert.equal(status, 404);
        return null;
      },
      list: async () =>
        (await ask("GET", "/conversations")).body.map((one: { id: string }) => one.id),
      remove: async (id) => (await ask("DELETE", `/conversations/${id}`)).status === 200,
    };
  },
};

const chatSocket: CrossWire = {
  own: same,
  client(server, user) {
    const say = async (content: string, conversation_id: string | null) => {
      await using socket = await openSocket(server, `/ws?user_id=${user}`);
      socket.say({ type: "message", content, conversation_id });
      return await socket.next();
    };
    return {
      async begin(text) {
        const { content, conversation_id } = await say(text, null);
        assert.equal(content, replyTo(text));
        return conversation_id;
      },
      async goOn(id, text) {
        assert.equal((await say(text, id)).conversation_id, id);
      },
      async read(id) {
        const question = newQuestion();
        const { type, content } = await say(question, id);
        if (type === "response") return remembered(server, question);
        assert.equal(content, "Conversation not found");
        return null;
      },
      list: null,
      remove: null,
    };
  },
};

const chatFault: FaultClient = async (load, userId) => {
  const marker = newMarker();
  const body = { message: messageOf(marker), user_id: userId };
  const answer = await post(load, "chat", "/chat", body, {});
  if (!answer) return;
  acknowledge(load, "chat", userId, marker);
  checkAnswer(load, "chat", marker, answer.response);
};

const chatSocketFault: FaultClient = (load, userId) =>
  converse(load, `/ws?user_id=${userId}`, async ({ say }) => {
    const marker = newMarker();
    const answer = await say({ type: "message", content: messageOf(marker) });
    if (answer.type !== "response") return count(load.notes.refusals, `chat socket ${answer.type}`);
    acknowledge(load, "chat socket", userId, marker);
    checkAnswer(load, "chat socket", marker, answer.content);
    await sleep(PAUSE_MS);
  });

const chatCrash: CrashClient = async (url, acknowledge, signal) => {
  const marker = newCrashMarker();
  const response = await postOnce(
    url,
    "/chat",
    { message: messageWith(marker), user_id: USER },
    signal,
  );
  if (response.ok && (await response.json())) acknowledge(marker, "chat");
};

const chatSocketCrash: CrashClient = (url, acknowledge, signal) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws?user_id=${USER}`);
    let marker = newCrashMarker();
    const say = () =>
      socket.send(JSON.stringify({ type: "message", content: messageWith(marker) }));
    socket.on("open", say);
    socket.on("message", (data) => {
      if (JSON.parse(String(data)).type !== "response") return;
      acknowledge(marker, "chat socket");
      marker = newCrashMarker();
      say();
    });
    socket.on("close", () => resolve());
    socket.on("error", reject);
    signal.addEventListener("abort", () => socket.terminate());
  });

export const tests: WireTests = {
  crossWire: { "000": chat, "the socket of 000": chatSocket },
  faultLoad: { chat: chatFault, "chat socket": chatSocketFault },
  crashLoad: { chat: chatCrash, "chat socket": chatSocketCrash },
};
