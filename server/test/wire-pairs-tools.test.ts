// A picture and a call of a tool that came through one wire are gone on with through every other one that has tools.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { callScript } from "./clients/use-chat-scripts.ts";
import { PNG, WEATHER } from "./completions-client.ts";
import { openRealtime } from "./realtime-client.ts";
import { responsesClient, wordsOf } from "./responses-client.ts";
import { startServer } from "./start-server.ts";
import { chunksOf, textIn } from "./ui-client.ts";
import { type Server, send } from "./wire-client.ts";
import { headersOf, named } from "./wire-pairs-begin.ts";

const TEXT = "What is this, and how is the weather?";
const PICTURE = `data:image/png;base64,${PNG}`;
const ASKING = "Let me look. ";
const ANSWER = "It is nice.";
const GIVEN = '{"city":"Ulm"}';
const OUTPUT = "sunny";
const FLAT_TOOL = { type: "function", ...WEATHER.function };

let server: Server;
before(async () => {
  server = await startServer();
});
after(() => server[Symbol.asyncDispose]());

type Called = { readonly conversationId: string; readonly callId: string };
type ToolWire = {
  /** Sends the text with the picture, and offers the tool. */
  ask(user: string): Promise<void>;
  /** Sends what the tool gave. @returns the reply's words */
  answer(user: string, called: Called): Promise<string>;
};

const complete = async (user: string, name: string, messages: readonly object[]) => {
  const body = { model: "scripted", tools: [WEATHER], messages };
  const headers = { ...headersOf(user), "x-conversation-id": name };
  const answer = await send(server, "POST", "/v1/chat/completions", body, headers);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.choices[0].message;
};
const QUESTION = {
  role: "user",
  content: [
    { type: "text", text: TEXT },
    { type: "image_url", image_url: { url: PICTURE } },
  ],
};

const sayOnPage = async (user: string, body: object): Promise<string> => {
  const tools = { weather: { parameters: { type: "object" } } };
  const answer = await send(server, "POST", "/api/chat", { ...body, tools }, headersOf(user));
  assert.equal(answer.status, 200, answer.text);
  return textIn(chunksOf(answer.text));
};

async function inSession(user: string, query: string, item: object): Promise<string> {
  await using talk = await openRealtime(server, { query, headers: headersOf(user) });
  const session = { type: "realtime", output_modalities: ["text"], tools: [FLAT_TOOL] };
  talk.say({ type: "session.update", session });
  talk.say({ type: "conversation.item.create", item });
  talk.say({ type: "response.create" });
  const { response } = await talk.next("response.done");
  assert.equal(response.status, "completed", JSON.stringify(response.status_details));
  const deltas = talk.events.filter(({ type }) => type === "response.output_text.delta");
  return deltas.map(({ delta }) => delta).join("");
}

const WIRES: Readonly<Record<string, ToolWire>> = {
  completions: {
    ask: (user) => complete(user, randomUUID(), [QUESTION]),
    async answer(user, { conversationId, callId }) {
      const called = { name: "weather", arguments: GIVEN };
      const { content } = await complete(user, named("conv_", conversationId), [
        QUESTION,
        {
          role: "assistant",
          content: ASKING,
          tool_calls: [{ id: callId, type: "function", function: called }],
        },
        { role: "tool", tool_call_id: callId, content: OUTPUT },
      ]);
      return content;
    },
  },
  responses: {
    async ask(user) {
      const content = [
        { type: "input_text", text: TEXT },
        { type: "input_image", image_url: PICTURE },
      ];
      const body = { input: [{ role: "user", content }], tools: [FLAT_TOOL] };
      await responsesClient(server, user).create({ ...body, conversation: randomUUID() });
    },
    async answer(user, { conversationId, callId }) {
      const { status, body, text } = await responsesClient(server, user).create({
        input: [{ type: "function_call_output", call_id: callId, output: OUTPUT }],
        tools: [FLAT_TOOL],
        conversation: named("conv_", conversationId),
      });
      assert.equal(status, 200, text);
      return wordsOf(body);
    },
  },
  ui: {
    async ask(user) {
      const parts = [
        { type: "text", text: TEXT },
        { type: "file", mediaType: "image/png", url: PICTURE },
      ];
      await sayOnPage(user, { id: randomUUID(), message: { id: "m", role: "user", parts } });
    },
    async answer(user, { conversationId, callId }) {
      const shown = await send(
        server,
        "GET",
        `/api/chat/${conversationId}`,
        undefined,
        headersOf(user),
      );
      const [question, asking] = shown.body.messages;
      const parts = asking.parts.map((part: Record<string, unknown>) =>
        part.toolCallId === callId ? { ...part, state: "output-available", output: OUTPUT } : part,
      );
      return sayOnPage(user, { id: conversationId, messages: [question, { ...asking, parts }] });
    },
  },
  realtime: {
    async ask(user) {
      const content = [
        { type: "input_text", text: TEXT },
        { type: "input_image", image_url: PICTURE },
      ];
      await inSession(user, "", { type: "message", role: "user", content });
    },
    answer: (user, { conversationId, callId }) =>
      inSession(user, `conversation=${named("conv_", conversationId)}`, {
        type: "function_call_output",
        call_id: callId,
        output: OUTPUT,
      }),
  },
};

for (const [asker, { ask }] of Object.entries(WIRES))
  for (const [answerer, { answer }] of Object.entries(WIRES))
    test(`[OC6] [OR3] [UI7] [RT5] a picture and a call that came through ${asker} are gone on with through ${answerer}`, async () => {
      const user = randomUUID();
      const get = async (path: string) =>
        (await send(server, "GET", path, undefined, headersOf(user))).body;
      server.model.next(callScript("weather", GIVEN), { text: ANSWER });
      await ask(user);
      const [{ id: conversationId }, ...others] = (await get("/v1/chat/conversations")).data;
      assert.deepEqual(others, []);
      const path = `/v1/chat/conversations/${conversationId}/messages?parts=1`;
      const parts: { type: string; call_id: string }[] = (await get(path)).data[1].parts;
      const callId = parts.find(({ type }) => type === "tool_call")?.call_id ?? assert.fail();
      assert.equal(await answer(user, { conversationId, callId }), ANSWER);

      const told = server.model.requests.at(-1)?.body?.messages ?? [];
      const roles = told.map(({ role }) => role).filter((role) => role !== "system");
      assert.deepEqual(roles, ["user", "assistant", "tool"]);
      for (const part of [TEXT, PNG, ASKING, callId, OUTPUT])
        assert.ok(JSON.stringify(told).includes(part), part.slice(0, 40));

      const stored = (await get(path)).data.map(
        ({ role, content }: Record<string, string>) => `${role}: ${content}`,
      );
      assert.deepEqual(stored, [`user: ${TEXT}`, `assistant: ${ASKING}`, `assistant: ${ANSWER}`]);
      const items = (
        await get(`/v1/conversations/${named("conv_", conversationId)}/items?order=asc`)
      ).data.map(({ type }: { type: string }) => type);
      const message = "message";
      assert.deepEqual(items, [message, message, "function_call", "function_call_output", message]);
      const [question, reply, ...more] = (await get(`/api/chat/${conversationId}`)).messages;
      assert.deepEqual(more, []);
      assert.deepEqual(
        question.parts.map(({ type }: { type: string }) => type),
        ["text", "file"],
      );
      const said = reply.parts.map(({ text = "" }) => text).join("");
      assert.equal(said, ASKING + ANSWER);
      const tool = reply.parts.find(({ type }: { type: string }) => type === "tool-weather");
      assert.deepEqual([tool.state, tool.output], ["output-available", OUTPUT]);
    });
