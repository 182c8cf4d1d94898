import assert from "node:assert/strict";
import {
  type CrashClient,
  messageWith,
  newMarker as newCrashMarker,
  postOnce,
} from "../crash-client.ts";
import { type CrossWire, replyTo, shown } from "../cross-wire-client.ts";
import {
  acknowledge,
  checkAnswer,
  type FaultClient,
  messageOf,
  newMarker,
  post,
} from "../fault-client.ts";
import { send } from "../wire-client.ts";
import type { WireTests } from "../wire-tests.ts";

/** @param name what the client calls its first conversation; undefined: the server names it */
const dialogix = (name?: string): CrossWire => ({
  own: (id) => `session-${id}`,
  client(server, user) {
    const headers = { "x-user-id": user };
    const say = async (message: string, conversation_id?: string) => {
      const body = { message, ...(conversation_id && { conversation_id }) };
      const answer = await send(server, "POST", "/api/v1/chat/completions", body, headers);
      assert.equal(answer.body.message, replyTo(message));
      return answer.body.conversation_id;
    };
    return {
      begin: (text) => say(text, name),
      goOn: async (id, text) => assert.equal(await say(text, id), id),
      async read(id) {
        const path = `/api/v1/chat/history/${encodeURIComponent(id)}`;
        const { status, body } = await send(server, "GET", path, undefined, headers);
        if (status === 200) return shown(body.messages);
        assert.equal(status, 404);
        return null;
      },
      list: null,
      remove: null,
    };
  },
});

const dialogixFault: FaultClient = async (load, userId) => {
  const marker = newMarker();
  const body = {
    message: messageOf(marker),
    conversation_id: `session-${Number(marker.slice(1, -1)) % 5}`,
  };
  const path = "/api/v1/chat/completions";
  const answer = await post(load, "dialogix", path, body, { "x-user-id": userId });
  if (!answer) return;
  acknowledge(load, "dialogix", userId, marker);
  checkAnswer(load, "dialogix", marker, answer.message);
};

const dialogixCrash: CrashClient = async (url, acknowledge, signal) => {
  const marker = newCrashMarker();
  const response = await postOnce(
    url,
    "/api/v1/chat/completions",
    { message: messageWith(marker), conversation_id: `session-${Math.floor(Math.random() * 20)}` },
    signal,
  );
  if (response.ok && (await response.json())) acknowledge(marker, "dialogix");
};

export const tests: WireTests = {
  crossWire: {
    "001": dialogix(),
    "001 by a name of its own": dialogix("session-1704459600000-ab12"),
  },
  faultLoad: { dialogix: dialogixFault },
  crashLoad: { dialogix: dialogixCrash },
};
