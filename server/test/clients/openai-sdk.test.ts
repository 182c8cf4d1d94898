// OpenAI's own SDK, unmodified, in the versions that are in use, against Chat Completions and the list of models.
// Runs: waiting
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import OpenAi7 from "openai";
import OpenAi4 from "openai-4";
import OpenAi6 from "openai-6";
import { PNG, twoCalls, WEATHER } from "../completions-client.ts";
import { startServer } from "../start-server.ts";

const server = await startServer();
after(() => server[Symbol.asyncDispose]());

const model = "scripted";
const user = (content: string) => [{ role: "user" as const, content }];
const baseURL = `${server.url}/v1`;
const SCHEMA = {
  type: "json_schema" as const,
  json_schema: {
    name: "weather",
    strict: true,
    schema: { type: "object", properties: { sky: { type: "string" } }, required: ["sky"] },
  },
};

/** Versions 6 and 4 are asked as 7 is: what they share is what their users write. */
const VERSIONS: readonly (readonly [name: string, client: OpenAi7, sdk: typeof OpenAi7])[] = [
  ["openai 7", new OpenAi7({ apiKey: "any", baseURL }), OpenAi7],
  [
    "openai 6",
    new OpenAi6({ apiKey: "any", baseURL }) as unknown as OpenAi7,
    OpenAi6 as unknown as typeof OpenAi7,
  ],
  [
    "openai 4",
    new OpenAi4({ apiKey: "any", baseURL }) as unknown as OpenAi7,
    OpenAi4 as unknown as typeof OpenAi7,
  ],
];

for (const [name, client, sdk] of VERSIONS)
  describe(name, () => {
    test(`[OC1] ${name}: a text is asked for and comes whole, with its request's id`, async () => {
      const answer = await client.chat.completions.create({ model, messages: user("Hello") });
      assert.equal(answer.choices[0]?.message.content, "Echo: Hello");
      assert.equal(answer.usage?.total_tokens, 12);
      assert.match(answer._request_id ?? "", /^req_/);
    });

    test(`[OC6] ${name}: a text comes as it is said, and then its usage`, async () => {
      server.model.next({ pieces: ["Hel", "lo"], gapMs: 1 });
      const stream = await client.chat.completions.create({
        ...{ model, messages: user("x"), stream: true },
        stream_options: { include_usage: true },
      });
      let text = "";
      let tokens = 0;
      const roles: unknown[] = [];
      const endings: unknown[] = [];
      for await (const { choices, usage } of stream) {
        const [choice] = choices;
        text += choice?.delta.content ?? "";
        if (choice?.delta.role) roles.push(choice.delta.role);
        if (choice?.finish_reason) endings.push(choice.finish_reason);
        tokens = usage?.completion_tokens ?? tokens;
      }
      assert.deepEqual([text, tokens], ["Hello", 2]);
      assert.deepEqual([roles, endings], [["assistant"], ["stop"]]);
    });

    test(`[OC6] ${name}: tools are called, and their results sent back`, async () => {
      server.model.next({ raw: twoCalls });
      const ask = { model, tools: [WEATHER] as never[] };
      const asking = user("What is the weather in Ulm and Bonn?");
      const stream = await client.chat.completions.create({
        ...{ ...ask, messages: asking, stream: true },
      });
      const calls: { id: string; given: string }[] = [];
      for await (const { choices } of stream)
        for (const { index, id, function: called } of choices[0]?.delta.tool_calls ?? []) {
          calls[index] ??= { id: id ?? "", given: "" };
          calls[index].given += called?.arguments ?? "";
        }
      assert.deepEqual(calls, [
        { id: "call_a", given: '{"city":"Ulm"}' },
        { id: "call_b", given: '{"city":"Bonn"}' },
      ]);
      server.model.next({ text: "It rains in both." });
      const answer = await client.chat.completions.create({
        ...ask,
        messages: [
          ...asking,
          {
            role: "assistant",
            content: null,
            tool_calls: calls.map(({ id, given }) => ({
              id,
              type: "function" as const,
              function: { name: "weather", arguments: given },
            })),
          },
          ...calls.map(({ id }) => ({
            role: "tool" as const,
            tool_call_id: id,
            content: "rain",
          })),
        ],
      });
      assert.equal(answer.choices[0]?.message.content, "It rains in both.");
      const told = server.model.requests.at(-1)?.body?.messages ?? [];
      assert.deepEqual(
        told.map(({ role }) => role),
        ["user", "assistant", "tool", "tool"],
      );
    });

    test(`[OC4] ${name}: a picture is seen by the model as it was sent`, async () => {
      const url = `data:image/png;base64,${PNG}`;
      await client.chat.completions.create({
        model,
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: "What is it?" },
              { type: "image_url", image_url: { url } },
            ],
          },
        ],
      });
      const [told] = server.model.requests.at(-1)?.body?.messages ?? [];
      assert.ok(JSON.stringify(told?.content).includes(`"image_url":{"url":"${url}"}`));
    });

    test(`[OC5] ${name}: structured output is asked for by its schema and read back`, async () => {
      server.model.next({ text: '{"sky":"grey"}' });
      const answer = await client.chat.completions.create({
        ...{ model, messages: user("x"), response_format: SCHEMA },
      });
      assert.deepEqual(JSON.parse(answer.choices[0]?.message.content ?? ""), { sky: "grey" });
      assert.deepEqual(server.model.requests.at(-1)?.body?.response_format, SCHEMA);
    });

    test(`[OC7] ${name}: a reply that breaks off is an error, and no whole answer`, async () => {
      server.model.next({ pieces: ["So ", "far"], gapMs: 1, cut: 1 });
      const stream = await client.chat.completions.create({
        ...{ model, messages: user("x"), stream: true },
      });
      let text = "";
      await assert.rejects(async () => {
        for await (const { choices } of stream) text += choices[0]?.delta.content ?? "";
      }, sdk.APIError);
      assert.equal(text, "So ");
    });

    test(`[OX12] ${name}: what its user stops is stopped at the provider`, async () => {
      server.model.forget();
      server.model.next({ tokens: 1000, hold: 2, gapMs: 1 });
      const stream = await client.chat.completions.create({
        ...{ model, messages: user("x"), stream: true },
      });
      for await (const { choices } of stream)
        if (choices[0]?.delta.content) stream.controller.abort();
      await server.model.aborted();
    });

    test(`[OX2] ${name}: errors are those that its users catch`, async () => {
      const asking = client.chat.completions.create({ model: "gpt-9", messages: user("x") });
      await assert.rejects(asking, (error: unknown) => {
        assert.ok(error instanceof sdk.NotFoundError);
        assert.deepEqual([error.code, error.param], ["model_not_found", "model"]);
        const { requestID, request_id = requestID } = error as {
          requestID?: string;
          request_id?: string;
        };
        assert.match(request_id ?? "", /^req_/);
        return true;
      });
      const bad = client.chat.completions.create({ model, messages: [], temperature: 9 });
      await assert.rejects(bad, sdk.BadRequestError);
      const wrong = new sdk({ apiKey: "ck_wrong", baseURL }).models.list();
      await assert.rejects(async () => void (await wrong), sdk.AuthenticationError);
    });

    test(`[OM1] ${name}: the models are listed and got`, async () => {
      const ids: string[] = [];
      for await (const { id } of client.models.list()) ids.push(id);
      assert.ok(ids.includes("scripted"));
      assert.equal((await client.models.retrieve("builtin/echo")).id, "builtin/echo");
    });
  });

test("[OX3] the SDK waits as long as it is told, and asks again by itself", async () => {
  await using limited = await startServer({ environment: { RATE_LIMITS: "completions=1/s" } });
  const client = new OpenAi7({ apiKey: "any", baseURL: `${limited.url}/v1` });
  const asked = await Promise.all(
    ["one", "two"].map((text) => client.chat.completions.create({ model, messages: user(text) })),
  );
  assert.deepEqual(
    asked.map(({ choices }) => choices[0]?.message.content),
    ["Echo: one", "Echo: two"],
  );
  const impatient = client.withOptions({ maxRetries: 0 });
  const many = await Promise.allSettled(
    ["three", "four"].map((text) =>
      impatient.chat.completions.create({ model, messages: user(text) }),
    ),
  );
  const refused = many.filter((it) => it.status === "rejected").map(({ reason }) => reason);
  assert.ok(refused.length >= 1);
  for (const error of refused) assert.ok(error instanceof OpenAi7.RateLimitError);
});
