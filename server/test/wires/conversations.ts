import assert from "node:assert/strict";
import { type CrashClient, newMarker as newCrashMarker, postOnce, USER } from "../crash-client.ts";
import { type CrossWire, replyTo, type Shown, same, shown } from "../cross-wire-client.ts";
import { acknowledge, type FaultClient, newMarker, post } from "../fault-client.ts";
import { send } from "../wire-client.ts";
import type { WireTests } from "../wire-tests.ts";

const conversations: CrossWire = {
  own: same,
  client(server, userId) {
    const path = "/api/conversations";
    const ask = async (method: string, fields: object) =>
      send(server, method, path, { userId, ...fields });
    const all = async (): Promise<{ id: string; messages: Shown[] }[]> =>
      (await send(server, "GET", `${path}?userId=${userId}`)).body.conversations;
    const find = async (id: string) => (await all()).find((one) => one.id === id);
    const exchange = (text: string) => [
      { role: "user", content: text },
      { role: "assistant", content: replyTo(text) },
    ];
    return {
      async begin(text) {
        const answer = await ask("POST", { messages: exchange(text) });
        assert.equal(answer.status, 201);
        return answer.body.conversation.id;
      },
      async goOn(conversationId, text) {
        const before = (await find(conversationId))?.messages ?? [];
        const messages = [...before, ...exchange(text)];
        assert.equal((await ask("PUT", { conversationId, messages })).status, 200);
      },
      async read(id) {
        const found = await find(id);
        return found ? shown(found.messages) : null;
      },
      list: async () => (await all()).map(({ id }) => id),
      remove: async (conversationId) => (await ask("DELETE", { conversationId })).status === 200,
    };
  },
};

const conversationsFault: FaultClient = async (load, userId) => {
  const marker = newMarker();
  const messages = [{ role: "user", content: marker, timestamp: 1_700_000_000_000 }];
  const body = { userId, title: "Moved in", messages };
  const answer = await post(load, "conversations", "/api/conversations", body, {}, false);
  if (answer) acknowledge(load, "conversations", userId, marker);
};

const conversationsCrash: CrashClient = async (url, acknowledge, signal) => {
  const marker = newCrashMarker();
  const response = await postOnce(
    url,
    "/api/conversations",
    {
      userId: USER,
      title: "Moved in",
      messages: [{ role: "user", content: marker, timestamp: 1_700_000_000_000 }],
    },
    signal,
  );
  if (response.status === 201 && (await response.json())) acknowledge(marker, "conversations");
};

export const tests: WireTests = {
  crossWire: { "002": conversations },
  faultLoad: { conversations: conversationsFault },
  crashLoad: { conversations: conversationsCrash },
};
