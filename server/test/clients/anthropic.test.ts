// Anthropic's own SDK, unmodified, against the Messages API.
// Runs: waiting
import assert from "node:assert/strict";
import { after, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { PNG } from "../completions-client.ts";
import { startServer } from "../start-server.ts";

const server = await startServer();
after(() => server[Symbol.asyncDispose]());

const client = new Anthropic({ apiKey: "any", baseURL: server.url });
const model = "scripted";
const ask = (content: Anthropic.MessageParam["content"]) => ({
  model,
  max_tokens: 200,
  messages: [{ role: "user" as const, content }],
});
const WEATHER = {
  name: "weather",
  description: "The weather in a city",
  input_schema: { type: "object" as const, properties: { city: { type: "string" } } },
};
const textIn = ({ content }: Anthropic.Message): string =>
  content.map((block) => (block.type === "text" ? block.text : "")).join("");

/** The model says something, and asks for the tool. */
const ASKS = {
  raw: [
    ...[
      { delta: { content: "Let me look." } },
      {
        delta: {
          tool_calls: [
            { index: 0, id: "call_1", function: { name: "weather", arguments: '{"city":' } },
          ],
        },
      },
      { delta: { tool_calls: [{ index: 0, function: { arguments: '"Ulm"}' } }] } },
      { delta: {}, finish_reason: "tool_calls" },
    ].map((choice) => `data: ${JSON.stringify({ choices: [{ index: 0, ...choice }] })}\n\n`),
    "data: [DONE]\n\n",
  ],
};

test("[AM1] the SDK asks for a text, and gets it whole, with its usage and its request's id", async () => {
  const answer = await client.messages.create({ ...ask("Hello"), system: "Be brief" });
  assert.equal(textIn(answer), "Echo: Hello");
  assert.deepEqual([answer.role, answer.stop_reason], ["assistant", "end_turn"]);
  assert.ok(answer.usage.input_tokens > 0 && answer.usage.output_tokens > 0);
  assert.match(answer._request_id ?? "", /^req_/);
});

test("[AM2] the SDK's stream gives each word as it is said, and the whole message at its end", async () => {
  server.model.next({ pieces: ["Hel", "lo"], gapMs: 1 });
  const stream = client.messages.stream(ask("x"));
  const pieces: string[] = [];
  stream.on("text", (text) => pieces.push(text));
  const message = await stream.finalMessage();
  assert.equal(pieces.join(""), "Hello");
  assert.equal(textIn(message), "Hello");
  assert.equal(message.stop_reason, "end_turn");
  assert.ok(message.usage.output_tokens > 0);
});

test("[AM1] [AM2] the SDK is asked for a tool, whole and streamed, and gives back its result and a picture", async () => {
  for (const isStreamed of [false, true]) {
    server.model.next(ASKS);
    const asked = { ...ask("The weather in Ulm?"), tools: [WEATHER] };
    const answer = isStreamed
      ? await client.messages.stream(asked).finalMessage()
      : await client.messages.create(asked);
    assert.equal(answer.stop_reason, "tool_use");
    const call = answer.content.find((block) => block.type === "tool_use");
    assert.deepEqual([call?.name, call?.input], ["weather", { city: "Ulm" }]);
    server.model.next({ text: "It rains." });
    const told = await client.messages.create({
      ...asked,
      messages: [
        ...asked.messages,
        { role: "assistant", content: answer.content },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: call?.id ?? "", content: "rain" },
            { type: "image", source: { type: "base64", media_type: "image/png", data: PNG } },
          ],
        },
      ],
    });
    assert.equal(textIn(told), "It rains.");
    const messages = JSON.stringify(server.model.requests.at(-1)?.body?.messages);
    for (const part of ["rain", PNG, '"tool_call_id":"call_1"']) assert.ok(messages.includes(part));
  }
});

test("[AM2] thoughts are told to the SDK where it asks for thinking", async () => {
  server.model.next({ reasoning: "Deep in thought.", text: "Done." });
  const stream = client.messages.stream({
    ...ask("x"),
    max_tokens: 2000,
    thinking: { type: "enabled", budget_tokens: 1024 },
  });
  const { content } = await stream.finalMessage();
  assert.deepEqual(
    content.map((block) => (block.type === "thinking" ? block.thinking : block.type)),
    ["Deep in thought.", "text"],
  );
});

test("[OX12] the SDK stops a stream, and the model is stopped", async () => {
  server.model.forget();
  server.model.next({ tokens: 100, hold: 3 });
  const stream = client.messages.stream(ask("x"));
  stream.on("text", () => stream.abort());
  await assert.rejects(stream.finalMessage(), Anthropic.APIUserAbortError);
  await server.model.aborted();
});

test("[AM3] errors are of the SDK's own classes, and are not repeated in vain", async () => {
  const requests = server.model.requests.length;
  await assert.rejects(
    client.messages.create({ ...ask("x"), model: "refused-model" }),
    Anthropic.NotFoundError,
  );
  assert.equal(server.model.requests.length, requests, "the server itself does not know it");
  await assert.rejects(client.messages.create({ ...ask("x"), max_tokens: 0 }), (error) => {
    assert.ok(error instanceof Anthropic.BadRequestError);
    assert.match(error.message, /max_tokens/);
    return true;
  });
  server.model.next({ text: "cut off here", cut: 2 });
  await assert.rejects(client.messages.stream(ask("x")).finalMessage(), Anthropic.APIError);
});

test("[OX3] a request whose answer fails is sent again by the SDK, and answered", async () => {
  server.model.next({ text: "cut off here", cut: 2 }, { text: "whole" });
  assert.equal(textIn(await client.messages.create(ask("x"))), "whole");
});

test("[AM4] [AM5] the SDK counts tokens and lists the models", async () => {
  const { max_tokens: _, ...body } = ask("Hello");
  assert.ok((await client.messages.countTokens(body)).input_tokens > 0);
  const ids: string[] = [];
  for await (const { id, type } of client.models.list({ limit: 1 })) {
    assert.equal(type, "model");
    ids.push(id);
  }
  assert.ok(ids.length > 0);
  assert.equal((await client.models.retrieve(ids[0] ?? "")).id, ids[0]);
});
