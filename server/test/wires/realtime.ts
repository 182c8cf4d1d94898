import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { type CrashClient, messageWith, newMarker as newCrashMarker } from "../crash-client.ts";
import { type CrossWire, newQuestion, remembered, replyTo } from "../cross-wire-client.ts";
import {
  acknowledge,
  checkAnswer,
  converse,
  count,
  type FaultClient,
  messageOf,
  newMarker,
  PAUSE_MS,
} from "../fault-client.ts";
import { openRealtime, refusedRealtime } from "../realtime-client.ts";
import type { WireTests } from "../wire-tests.ts";

const own = (id: string): string => `conv_${id.replaceAll("-", "")}`;
const realtime: CrossWire = {
  own,
  client(server, user) {
    const headers = { authorization: "Bearer any", "x-user-id": user };
    const inSession = async (text: string, id: string | null): Promise<string> => {
      const query = id === null ? "" : `conversation=${id}`;
      await using talk = await openRealtime(server, { query, headers });
      talk.type(text);
      talk.say({ type: "response.create", response: { output_modalities: ["text"] } });
      const { response } = await talk.next("response.done");
      assert.equal(response.output[0].content[0].text, replyTo(text));
      return response.conversation_id;
    };
    return {
      begin: (text) => inSession(text, null),
      async goOn(id, text) {
        assert.equal(await inSession(text, id), id);
      },
      async read(id) {
        const question = newQuestion();
        const { status } = await refusedRealtime(server, { query: `conversation=${id}`, headers });
        if (status === 404) return null;
        assert.equal(status, 101);
        await inSession(question, id);
        return remembered(server, question);
      },
      list: null,
      remove: null,
    };
  },
};

const realtimeFault: FaultClient = async (load, userId) => {
  const headers = { authorization: "Bearer any", "x-user-id": userId };
  await converse(
    load,
    "/v1/realtime",
    async ({ next, say }) => {
      const marker = newMarker();
      const content = [{ type: "input_text", text: messageOf(marker) }];
      await say({
        type: "conversation.item.create",
        item: { type: "message", role: "user", content },
      });
      let event = await say({ type: "response.create", response: { output_modalities: ["text"] } });
      let text = "";
      while (event.type !== "response.done") {
        if (event.type === "error") return count(load.notes.refusals, "realtime error");
        // Its message is stored by then.
        if (event.type === "response.created") acknowledge(load, "realtime", userId, marker);
        if (event.type === "response.output_text.delta") text += event.delta;
        event = await next();
      }
      checkAnswer(load, "realtime", marker, text);
      await sleep(10 * PAUSE_MS);
    },
    headers,
  );
};

const realtimeCrash: CrashClient = (url, acknowledgeMarker, signal) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/v1/realtime`, {
      headers: { authorization: "Bearer any" },
    });
    let marker = newCrashMarker();
    const say = () => {
      marker = newCrashMarker();
      const content = [{ type: "input_text", text: messageWith(marker) }];
      const item = { type: "message", role: "user", content };
      const response = { output_modalities: ["text"] };
      for (const event of [
        { type: "conversation.item.create", item },
        { type: "response.create", response },
      ])
        socket.send(JSON.stringify(event));
    };
    socket.on("message", (data) => {
      const { type } = JSON.parse(String(data));
      // Its message is stored by then.
      if (type === "response.created") acknowledgeMarker(marker, "realtime");
      if (type === "session.created" || type === "response.done") say();
    });
    socket.on("close", () => resolve());
    socket.on("error", reject);
    signal.addEventListener("abort", () => socket.terminate());
  });

export const tests: WireTests = {
  crossWire: { "the socket of realtime": realtime },
  faultLoad: { realtime: realtimeFault },
  crashLoad: { realtime: realtimeCrash },
};
