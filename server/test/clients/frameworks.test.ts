// Frameworks that many programs are written with, unmodified, against Chat Completions. Runs: waiting
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { HumanMessage, ToolMessage } from "@langchain/core/messages";
import { tool as langchainTool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { OpenAI as LlamaOpenAi } from "@llamaindex/openai";
import {
  Agent,
  tool as agentTool,
  OpenAIProvider,
  Runner,
  setTracingDisabled,
} from "@openai/agents";
import { z } from "zod";
import { PNG, twoCalls } from "../completions-client.ts";
import { startServer } from "../start-server.ts";
import { AI_SDKS } from "./ai-sdks.ts";

const server = await startServer();
after(() => server[Symbol.asyncDispose]());

const model = "scripted";
const baseURL = `${server.url}/v1`;
const rolesAsked = () =>
  (server.model.requests.at(-1)?.body?.messages ?? []).map(({ role }) => role);

for (const { name, sdk, createProvider } of AI_SDKS)
  describe(`${name} with @ai-sdk/openai-compatible`, () => {
    const provider = createProvider({
      ...{ name: "colloquy", baseURL, apiKey: "any" },
      includeUsage: true,
      supportsStructuredOutputs: true,
    });

    test(`[OC1] ${name}: a text comes whole, with what was thought and counted`, async () => {
      server.model.next({ text: "Hello", reasoning: "Hmm" });
      const { text, reasoningText, usage } = await sdk.generateText({
        model: provider(model),
        prompt: "x",
      });
      assert.deepEqual([text, reasoningText, usage.outputTokens], ["Hello", "Hmm", 1]);
    });

    test(`[OC6] ${name}: a text comes as it is said`, async () => {
      server.model.next({ pieces: ["Hel", "lo"], gapMs: 1 });
      const result = sdk.streamText({ model: provider(model), prompt: "x" });
      let text = "";
      for await (const piece of result.textStream) text += piece;
      assert.equal(text, "Hello");
      assert.equal(await result.finishReason, "stop");
      assert.equal((await result.usage).inputTokens, 10);
    });

    test(`[OC6] ${name}: tools are run, and the model goes on with what they say`, async () => {
      server.model.next({ raw: twoCalls }, { text: "It rains." });
      const asked: string[] = [];
      const result = sdk.streamText({
        model: provider(model),
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: "Look" },
              { type: "file", data: Buffer.from(PNG, "base64"), mediaType: "image/png" },
            ],
          },
        ],
        stopWhen: sdk.stepCountIs(3),
        tools: {
          weather: sdk.tool({
            description: "The weather",
            inputSchema: z.object({ city: z.string() }),
            execute: async ({ city }: { city: string }) => {
              asked.push(city);
              return "rain";
            },
          }),
        },
      });
      assert.equal(await result.text, "It rains.");
      assert.deepEqual(asked.sort(), ["Bonn", "Ulm"]);
      assert.deepEqual(rolesAsked(), ["user", "assistant", "tool", "tool"]);
      const [question] = server.model.requests.at(-1)?.body?.messages ?? [];
      assert.ok(JSON.stringify(question).includes(`data:image/png;base64,${PNG}`));
    });

    test(`[OC5] ${name}: an object of a schema is asked for and read back`, async () => {
      server.model.next({ text: '{"sky":"grey"}' });
      const output = sdk.Output.object({ schema: z.object({ sky: z.string() }) });
      const answer = await sdk.generateText({
        ...{ model: provider(model), prompt: "x", output },
        // Version 5 calls it so.
        ...(name === "ai 5" && { experimental_output: output }),
      });
      assert.deepEqual(name === "ai 5" ? answer.experimental_output : answer.output, {
        sky: "grey",
      });
      const format = server.model.requests.at(-1)?.body?.response_format as { type: string };
      assert.equal(format.type, "json_schema");
    });

    test(`[OC7] ${name}: a failure is told, not taken for an answer`, async () => {
      server.model.next({ pieces: ["So ", "far"], gapMs: 1, error: 1 });
      const errors: unknown[] = [];
      const result = sdk.streamText({
        model: provider(model),
        prompt: "x",
        onError: ({ error }) => void errors.push(error),
      });
      await result.consumeStream();
      assert.equal(errors.length, 1);
    });
  });

describe("LangChain", () => {
  const chat = new ChatOpenAI({
    ...{ model, apiKey: "any", maxRetries: 0 },
    configuration: { baseURL },
  });
  const weather = langchainTool(async () => "rain", {
    name: "weather",
    description: "The weather",
    schema: z.object({ city: z.string() }),
  });

  test("[OC1] LangChain: a text comes whole and in pieces", async () => {
    const whole = await chat.invoke("Hello");
    assert.equal(whole.content, "Echo: Hello");
    const { usage_metadata: usage } = whole as unknown as {
      readonly usage_metadata: { readonly total_tokens: number };
    };
    assert.equal(usage.total_tokens, 12);
    let text = "";
    for await (const { content } of await chat.stream("Hello")) text += content;
    assert.equal(text, "Echo: Hello");
  });

  test("[OC6] LangChain: tools are called, and their results sent back", async () => {
    server.model.next({ raw: twoCalls });
    const bound = chat.bindTools([weather]);
    const question = new HumanMessage("What is the weather?");
    const asking = await bound.invoke([question]);
    assert.deepEqual(
      asking.tool_calls?.map(({ name, args }) => [name, args]),
      [
        ["weather", { city: "Ulm" }],
        ["weather", { city: "Bonn" }],
      ],
    );
    const results = (asking.tool_calls ?? []).map(
      ({ id = "" }) => new ToolMessage({ content: "rain", tool_call_id: id }),
    );
    server.model.next({ text: "It rains." });
    assert.equal((await bound.invoke([question, asking, ...results])).content, "It rains.");
    assert.deepEqual(rolesAsked(), ["user", "assistant", "tool", "tool"]);
  });

  test("[OC5] LangChain: structured output is asked for by its schema", async () => {
    server.model.next({ text: '{"sky":"grey"}' });
    const shaped = chat.withStructuredOutput(z.object({ sky: z.string() }), {
      name: "weather",
      method: "jsonSchema",
    });
    assert.deepEqual(await shaped.invoke("x"), { sky: "grey" });
  });
});

test("[OC6] LlamaIndex: a text comes whole and in pieces", async () => {
  const llama = new LlamaOpenAi({
    model: model as "gpt-4o",
    apiKey: "any",
    baseURL,
    maxRetries: 0,
  });
  const messages = [{ role: "user" as const, content: "Hello" }];
  assert.equal((await llama.chat({ messages })).message.content, "Echo: Hello");
  let text = "";
  for await (const { delta } of await llama.chat({ messages, stream: true })) text += delta;
  assert.equal(text, "Echo: Hello");
});

describe("OpenAI's Agents SDK over Chat Completions", () => {
  setTracingDisabled(true);
  const modelProvider = new OpenAIProvider({ apiKey: "any", baseURL, useResponses: false });
  const runner = new Runner({ modelProvider, tracingDisabled: true });

  test("[OC6] Agents SDK: an agent runs its tools and ends with an answer, whole and streamed", async () => {
    const asked: string[] = [];
    const weather = agentTool({
      name: "weather",
      description: "The weather",
      parameters: z.object({ city: z.string() }),
      execute: async ({ city }) => {
        asked.push(city);
        return "rain";
      },
    });
    const agent = new Agent({
      name: "Reporter",
      instructions: "Be brief",
      model,
      tools: [weather],
    });
    server.model.next({ raw: twoCalls }, { text: "It rains." });
    assert.equal((await runner.run(agent, "Weather?")).finalOutput, "It rains.");
    assert.deepEqual(asked.sort(), ["Bonn", "Ulm"]);
    assert.deepEqual(rolesAsked(), ["system", "user", "assistant", "tool", "tool"]);
    server.model.next({ raw: twoCalls }, { text: "It still rains." });
    const stream = await runner.run(agent, "Weather?", { stream: true });
    let text = "";
    for await (const piece of stream.toTextStream()) text += piece;
    await stream.completed;
    assert.equal(text, "It still rains.");
  });
});
