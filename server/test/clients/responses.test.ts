// The field's own clients of the Responses API, unmodified, against a real server.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { createOpenAI } from "@ai-sdk/openai";
import { ChatOpenAI } from "@langchain/openai";
import { Agent, OpenAIConversationsSession, OpenAIProvider, Runner, tool } from "@openai/agents";
import { tool as aiTool, generateText, stepCountIs, streamText } from "ai-7";
import OpenAI from "openai";
import OpenAI6 from "openai-6";
import { z } from "zod";
import { startServer } from "../start-server.ts";

const server = await startServer({ builtIn: true });
after(() => server[Symbol.asyncDispose]());
const settings = () => ({
  baseURL: `${server.url}/v1`,
  apiKey: "local",
  defaultHeaders: { "X-User-ID": randomUUID() },
});
const model = "gpt-5";

/** A question to the built-in model, which calls the tool and then says what it was told. */
const ASKS = 'The weather?\n#call get_weather {"city":"Rome"}';
const WEATHER = {
  description: "The weather in a city",
  parameters: z.object({ city: z.string() }),
};

for (const [version, Client] of [
  [7, OpenAI],
  [6, OpenAI6 as unknown as typeof OpenAI],
] as const) {
  test(`[OR1] [OR5] [OR15] openai ${version}: create, go on, retrieve, list the input, delete`, async () => {
    const { responses } = new Client(settings());
    const first = await responses.create({ model, input: "Hello" });
    assert.equal(first.output_text, "You said: Hello");
    const next = await responses.create({ model, input: "More", previous_response_id: first.id });
    assert.equal(next.output_text, "You said: More");
    assert.deepEqual((await responses.retrieve(next.id)).output, next.output);
    const items = await responses.inputItems.list(next.id);
    assert.equal(items.data.length, 1);
    await responses.delete(next.id);
    await assert.rejects(responses.retrieve(next.id), { status: 404 });
  });

  test(`[OR12] [OR13] openai ${version}: stream, and take it up after any event`, async () => {
    const { responses } = new Client(settings());
    const seen: { sequence_number: number; type: string }[] = [];
    const stream = responses.stream({ model, input: "#think first\none two three four" });
    stream.on("event", (event) => seen.push(event));
    const whole = await stream.finalResponse();
    assert.equal(whole.output_text, "You said: one two three four");
    assert.ok((whole.usage?.output_tokens ?? 0) > 0);
    const after = seen[4]?.sequence_number ?? 0;
    const rest: typeof seen = [];
    const again = responses.stream({ response_id: whole.id, starting_after: after });
    again.on("event", (event) => rest.push(event));
    const replayed = await again.finalResponse();
    assert.equal(replayed.output_text, whole.output_text);
    assert.deepEqual(
      rest.map(({ type, sequence_number: number }) => `${number} ${type}`),
      seen.slice(5).map(({ type, sequence_number: number }) => `${number} ${type}`),
    );
  });

  test(`[OR3] [OR11] openai ${version}: a tool is called, and its output answered`, async () => {
    const { responses } = new Client(settings());
    const parameters = { type: "object", properties: { city: { type: "string" } } };
    const tools = [{ type: "function" as const, name: "get_weather", parameters, strict: false }];
    const asked = await responses.create({ model, input: ASKS, tools });
    const call = asked.output.find(({ type }) => type === "function_call");
    assert.ok(call?.type === "function_call");
    assert.deepEqual(JSON.parse(call.arguments), { city: "Rome" });
    const answered = await responses.create({
      model,
      tools,
      previous_response_id: asked.id,
      input: [{ type: "function_call_output", call_id: call.call_id, output: "Sunny" }],
    });
    assert.match(answered.output_text, /Sunny/);
  });

  test(`[OR16] openai ${version}: a response in the background, polled and cancelled`, async () => {
    const { responses } = new Client(settings());
    const begun = await responses.create({ model, input: "Hello", background: true });
    let now = begun;
    while (now.status === "queued" || now.status === "in_progress")
      now = await responses.retrieve(begun.id);
    assert.equal(now.output_text, "You said: Hello");
    assert.equal((await responses.cancel(begun.id)).status, "completed");
  });

  test(`[ON1] [ON2] [OR6] openai ${version}: conversations and their items`, async () => {
    const client = new Client(settings());
    const { id } = await client.conversations.create({
      metadata: { topic: "demo" },
      items: [{ type: "message", role: "user", content: "I am Ada." }],
    });
    const { output_text: said } = await client.responses.create({
      model,
      input: "Hello",
      conversation: id,
    });
    assert.equal(said, "You said: Hello");
    const roles: string[] = [];
    for await (const item of client.conversations.items.list(id, { order: "asc", limit: 2 }))
      roles.push(item.type === "message" ? item.role : item.type);
    assert.deepEqual(roles, ["user", "user", "assistant"]);
    assert.deepEqual((await client.conversations.retrieve(id)).metadata, { topic: "demo" });
    assert.equal((await client.conversations.delete(id)).deleted, true);
  });

  test(`[OX2] [OX3] openai ${version}: errors are of the client's own classes, and are not repeated in vain`, async () => {
    const { responses } = new Client(settings());
    await assert.rejects(responses.create({ model, input: [] }), {
      status: 400,
      code: "empty_array",
      param: "input",
    });
    await assert.rejects(responses.create({ model, input: "x", previous_response_id: "resp_1" }), {
      status: 404,
      code: "previous_response_not_found",
    });
  });
}

test("[OR9] openai 7: a structured answer is asked for and parsed", async () => {
  const { responses } = new OpenAI(settings());
  const schema = { type: "object", properties: { a: { type: "string" } } };
  const answer = await responses.create({
    model,
    input: "x",
    text: { format: { type: "json_schema", name: "thing", schema, strict: true } },
  });
  assert.equal(answer.text?.format?.type, "json_schema");
});

test("[OR17] [OR18] openai 7: input tokens and compaction", async () => {
  const { responses } = new OpenAI(settings());
  const { input_tokens: tokens } = await responses.inputTokens.count({ model, input: "Hello" });
  assert.ok(tokens > 0);
  const compacted = await responses.compact({ model, input: "Remember 42." });
  assert.ok(compacted.output.some(({ type }) => type === "compaction"));
});

const agentOf = (provider: OpenAIProvider) => {
  const getWeather = tool({ name: "get_weather", ...WEATHER, execute: () => "Sunny" });
  const agent = new Agent({ name: "Helper", instructions: "Help.", model, tools: [getWeather] });
  return { agent, runner: new Runner({ modelProvider: provider, tracingDisabled: true }) };
};

test("[OR3] [OR11] @openai/agents: a run calls a tool and answers with what it gave, whole and streamed", async () => {
  const openAIClient = new OpenAI(settings());
  const { agent, runner } = agentOf(new OpenAIProvider({ openAIClient, useResponses: true }));
  const { finalOutput } = await runner.run(agent, ASKS);
  assert.match(finalOutput ?? "", /Sunny/);
  const streamed = await runner.run(agent, ASKS, { stream: true });
  let text = "";
  for await (const piece of streamed.toTextStream()) text += piece;
  assert.match(text, /Sunny/);
});

test("[OR5] [OR6] @openai/agents: a conversation goes on from a response, and in a session of conversations", async () => {
  const client = new OpenAI(settings());
  const provider = new OpenAIProvider({ openAIClient: client, useResponses: true });
  const { agent, runner } = agentOf(provider);
  const first = await runner.run(agent, "Hello");
  const { lastResponseId: previousResponseId } = first;
  assert.ok(previousResponseId);
  const next = await runner.run(agent, "More", { previousResponseId });
  assert.match(next.finalOutput ?? "", /More/);
  const session = new OpenAIConversationsSession({ client });
  await runner.run(agent, "One", { session });
  await runner.run(agent, "Two", { session });
  assert.equal((await session.getItems()).length, 4);
});

test("[OR12] @ai-sdk/openai through ai 7: a text, streamed and whole, and a tool", async () => {
  const { baseURL, apiKey, defaultHeaders: headers } = settings();
  const languageModel = createOpenAI({ baseURL, apiKey, headers }).responses(model);
  const streamed = streamText({ model: languageModel, prompt: "Hello there" });
  let text = "";
  for await (const piece of streamed.textStream) text += piece;
  assert.equal(text, "You said: Hello there");
  const { description, parameters: inputSchema } = WEATHER;
  const answer = await generateText({
    model: languageModel,
    prompt: ASKS,
    tools: { get_weather: aiTool({ description, inputSchema, execute: async () => "Sunny" }) },
    stopWhen: stepCountIs(3),
  });
  assert.match(answer.text, /Sunny/);
});

test("[OR12] @langchain/openai with useResponsesApi: a text, streamed and whole", async () => {
  const { baseURL, defaultHeaders } = settings();
  const configuration = { baseURL, defaultHeaders };
  const chat = new ChatOpenAI({ model, apiKey: "local", configuration, useResponsesApi: true });
  assert.equal((await chat.invoke("Hello")).text, "You said: Hello");
  let text = "";
  for await (const piece of await chat.stream("Hello there")) text += piece.text;
  assert.equal(text, "You said: Hello there");
});
