import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type CrashClient,
  messageWith,
  newMarker as newCrashMarker,
  postOnce,
} from "../crash-client.ts";
import { type CrossWire, replyTo, type Said, same } from "../cross-wire-client.ts";
import {
  acknowledge,
  checkAnswer,
  count,
  type FaultClient,
  messageOf,
  newMarker,
} from "../fault-client.ts";
import { chunksOf, textIn } from "../ui-client.ts";
import { send } from "../wire-client.ts";
import type { WireTests } from "../wire-tests.ts";

const userMessage = (text: string) => ({
  id: randomUUID(),
  role: "user",
  parts: [{ type: "text", text }],
});

type Shown = { readonly role: string; readonly parts: readonly { readonly text?: string }[] };

/** @param sendsList whether the whole list is sent, as useChat does; otherwise the newest message alone */
const ui = (sendsList: boolean): CrossWire => ({
  own: same,
  client(server, user) {
    const headers = { authorization: "Bearer local", "x-user-id": user };
    const shownIn = (id: string) =>
      send(server, "GET", `/api/chat/${encodeURIComponent(id)}`, undefined, headers);
    const say = async (id: string, text: string): Promise<string> => {
      const before = sendsList ? ((await shownIn(id)).body?.messages ?? []) : [];
      const message = userMessage(text);
      const body = sendsList ? { id, messages: [...before, message] } : { id, message };
      const answer = await send(server, "POST", "/api/chat", body, headers);
      const chunks = chunksOf(answer.text);
      assert.equal(textIn(chunks), replyTo(text), answer.text);
      return chunks.at(-1)?.messageMetadata.conversationId;
    };
    return {
      begin: (text) => say(`chat-${randomUUID()}`, text),
      async goOn(id, text) {
        await say(id, text);
      },
      async read(id) {
        const { status, body } = await shownIn(id);
        if (status === 200)
          return {
            said: body.messages.map(({ role, parts }: Shown): Said => {
              return [role, parts.map(({ text = "" }) => text).join("")];
            }),
          };
        assert.equal(status, 404);
        return null;
      },
      list: null,
      remove: null,
    };
  },
});

const uiFault: FaultClient = async (load, userId) => {
  const { url, notes, signal } = load;
  const marker = newMarker();
  const headers = {
    authorization: "Bearer local",
    "x-user-id": userId,
    "idempotency-key": randomUUID(),
    "content-type": "application/json",
  };
  const body = JSON.stringify({
    id: `chat-${Number(marker.slice(1, -1)) % 5}`,
    message: userMessage(messageOf(marker)),
  });
  while (!signal.aborted) {
    const answer = await fetch(`${url}/api/chat`, { method: "POST", headers, body }).catch(
      () => null,
    );
    const text = (await answer?.text().catch(() => null)) ?? null;
    const chunks = answer?.ok && text !== null ? chunksOf(text) : [];
    if (chunks.length > 0) {
      // The first chunk says that the message is on disk.
      acknowledge(load, "ui", userId, marker);
      checkAnswer(load, "ui", marker, textIn(chunks));
      return;
    }
    if (answer && answer.status !== 200 && answer.status < 502)
      notes.wrong.push(`ui: ${answer.status} ${text?.slice(0, 200)}`);
    count(notes.refusals, answer ? `ui ${answer.status}` : "ui broken off");
    await sleep(100);
  }
};

const uiCrash: CrashClient = async (url, acknowledgeMarker, signal) => {
  const marker = newCrashMarker();
  const id = `chat-${Math.floor(Math.random() * 20)}`;
  const message = userMessage(messageWith(marker));
  const bearer = { authorization: "Bearer anything" };
  const response = await postOnce(url, "/api/chat", { id, message }, signal, bearer);
  const reader = response.ok ? response.body?.getReader() : null;
  if (!reader) return;
  let isAcknowledged = false;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    if (!isAcknowledged && Buffer.from(value).includes('"type":"start"')) {
      isAcknowledged = true;
      acknowledgeMarker(marker, "ui");
    }
  }
};

export const tests: WireTests = {
  crossWire: { ui: ui(true), "ui, the newest message alone": ui(false) },
  faultLoad: { ui: uiFault },
  crashLoad: { ui: uiCrash },
};
