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
import { send } from "../wire-client.ts";
import type { WireTests } from "../wire-tests.ts";

const PATH = "/mcp";
const JSON_ALONE = { accept: "application/json" };
const callOf = (name: string, given: object, meta: object = {}) => ({
  ...{ jsonrpc: "2.0", id: 1, method: "tools/call" },
  params: { name, arguments: given, _meta: meta },
});

type Shown = { readonly role: string; readonly text: string };

const mcp: CrossWire = {
  own: same,
  client(server, user) {
    const call = async (name: string, given: object) => {
      const headers = { ...JSON_ALONE, "x-user-id": user };
      const { status, text, body } = await send(server, "POST", PATH, callOf(name, given), headers);
      assert.equal(status, 200, text);
      return body.result;
    };
    const say = async (message: string, conversationId?: string): Promise<string> => {
      const { structuredContent: told } = await call("continue_conversation", {
        ...{ message, conversation_id: conversationId },
      });
      assert.equal(told.text, replyTo(message));
      return told.conversation_id;
    };
    return {
      begin: (text) => say(text),
      goOn: async (id, text) => assert.equal(await say(text, id), id),
      async read(id) {
        const found = await call("read_conversation", { conversation_id: id, limit: 50 });
        if (!found.isError)
          return {
            said: found.structuredContent.messages.map(
              ({ role, text }: Shown): Said => [role, text],
            ),
          };
        assert.equal(found.content[0].text, "Conversation not found");
        return null;
      },
      async list() {
        const { structuredContent: told } = await call("list_conversations", { limit: 50 });
        return told.conversations.map((one: Record<string, string>) => one.conversation_id);
      },
      remove: null,
    };
  },
};

const mcpFault: FaultClient = async (load, userId) => {
  const { url, notes, signal } = load;
  const marker = newMarker();
  const headers = {
    ...{ ...JSON_ALONE, "x-user-id": userId, "content-type": "application/json" },
    "idempotency-key": randomUUID(),
  };
  const body = JSON.stringify(callOf("continue_conversation", { message: messageOf(marker) }));
  while (!signal.aborted) {
    const answer = await fetch(url + PATH, { method: "POST", headers, body }).catch(() => null);
    const text = (await answer?.text().catch(() => null)) ?? null;
    const told = answer?.ok && text !== null ? JSON.parse(text).result : null;
    if (told?.structuredContent) {
      acknowledge(load, "mcp", userId, marker);
      checkAnswer(load, "mcp", marker, told.structuredContent.text);
      return;
    }
    if (answer && answer.status !== 200 && answer.status < 502)
      notes.wrong.push(`mcp: ${answer.status} ${text?.slice(0, 200)}`);
    count(notes.refusals, answer ? `mcp ${answer.status}` : "mcp broken off");
    await sleep(100);
  }
};

const mcpCrash: CrashClient = async (url, acknowledgeMarker, signal) => {
  const marker = newCrashMarker();
  const given = { message: messageWith(marker) };
  const body = callOf("continue_conversation", given, { progressToken: 1 });
  const headers = { accept: "application/json, text/event-stream" };
  const response = await postOnce(url, PATH, body, signal, headers);
  const reader = response.ok ? response.body?.getReader() : null;
  if (!reader) return;
  let isAcknowledged = false;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    if (!isAcknowledged && Buffer.from(value).includes("The message is stored")) {
      isAcknowledged = true;
      acknowledgeMarker(marker, "mcp");
    }
  }
};

export const tests: WireTests = {
  crossWire: { mcp },
  faultLoad: { mcp: mcpFault },
  crashLoad: { mcp: mcpCrash },
};
