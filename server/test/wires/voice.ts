import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { type CrossWire, newQuestion, remembered, replyTo, same } from "../cross-wire-client.ts";
import {
  acknowledge,
  checkAnswer,
  converse,
  count,
  type FaultClient,
  messageOf,
  newMarker,
  PAUSE_MS,
  replyTo as replyToMarker,
} from "../fault-client.ts";
import { openSocket } from "../socket-client.ts";
import type { WireTests } from "../wire-tests.ts";

const voice: CrossWire = {
  own: same,
  client(server, user) {
    const say = async (text: string, conversationId: string | null) => {
      await using socket = await openSocket(server, "/ws");
      await socket.next();
      const more = conversationId === null ? {} : { conversation_id: conversationId };
      socket.say({ type: "start_conversation", user_id: user, capabilities: [], ...more });
      const started = await socket.next();
      if (started.type === "error") return started;
      socket.say({ type: "text_input", text });
      const answer = await socket.next();
      assert.equal(answer.text, replyTo(text));
      return started;
    };
    return {
      begin: async (text) => (await say(text, null)).conversation_id,
      async goOn(id, text) {
        assert.equal((await say(text, id)).conversation_id, id);
      },
      async read(id) {
        const question = newQuestion();
        const { type, code } = await say(question, id);
        if (type !== "error") return remembered(server, question);
        assert.equal(code, "NOT_FOUND");
        return null;
      },
      list: null,
      remove: null,
    };
  },
};

const voiceFault: FaultClient = async (load, userId) => {
  let isStarted = false;
  await converse(load, "/ws", async ({ next, say }) => {
    if (!isStarted) {
      await next();
      const started = await say({ type: "start_conversation", user_id: userId });
      if (started.type !== "conversation_started") throw new Error("not started");
      isStarted = true;
    }
    let marker = newMarker();
    // Speaking them takes its time.
    while (replyToMarker(marker).length > 200) marker = newMarker();
    const answer = await say({ type: "text_input", text: messageOf(marker) });
    if (answer.type !== "ai_response")
      return count(load.notes.refusals, `voice ${answer.type} ${answer.code ?? ""}`);
    acknowledge(load, "voice", userId, marker);
    checkAnswer(load, "voice", marker, answer.text);
    await sleep(10 * PAUSE_MS);
  });
};

export const tests: WireTests = {
  crossWire: { "the socket of 003": voice },
  faultLoad: { voice: voiceFault },
  crashLoad: {},
};
