// Unmodified clients whose connection breaks off: what they send again by themselves is answered once and stored once, and
// what was being said is there. Runs: waiting
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import OpenAi7 from "openai";
import OpenAi4 from "openai-4";
import OpenAi6 from "openai-6";
import type { TurnObserver } from "../../src/ports/observer.ts";
import { startServer } from "../start-server.ts";
import { startTcpProxy } from "../tcp-proxy.ts";
import { send } from "../wire-client.ts";
import { AI_SDKS } from "./ai-sdks.ts";

/** By what the model is asked. */
const cutWhenAsked = new Map<string, () => void>();
/** Told when a turn asks the model. */
const observer: TurnObserver = {
  begin: () => ({
    asked() {},
    firstToken() {
      for (const [text, cut] of cutWhenAsked)
        if (askedFor(text) > 0 && cutWhenAsked.delete(text)) cut();
    },
    ended() {},
  }),
};
let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer({ observers: [observer] });
});
/** How often the model was asked that. */
const askedFor = (text: string): number =>
  server.model.requests.filter(({ body }) =>
    body?.messages?.some(({ content }) => content.includes(text)),
  ).length;
after(() => server[Symbol.asyncDispose]());

const model = "scripted";
const OPENAI: Readonly<Record<string, typeof OpenAi7>> = {
  "openai 7": OpenAi7,
  "openai 6": OpenAi6 as unknown as typeof OpenAi7,
  "openai 4": OpenAi4 as unknown as typeof OpenAi7,
};

/** A user with one conversation, behind a network of its own that breaks. */
async function newUser() {
  const network = await startTcpProxy(server.port);
  const headers = { "X-User-ID": randomUUID(), "X-Conversation-Id": "one" };
  const baseURL = `${network.through(server.url)}v1`;
  const text = `Question ${randomUUID()}`;
  return {
    network,
    headers,
    baseURL,
    text,
    [Symbol.asyncDispose]: () => network[Symbol.asyncDispose](),
    /** Loses the request on its way, or its answer, when the model has been asked. Gives whether that has happened. */
    loses(lost: "request" | "answer"): () => boolean {
      if (lost === "request") return network.breakAt(text, lost);
      let hasBroken = false;
      cutWhenAsked.set(text, () => {
        hasBroken = true;
        network.cut();
      });
      return () => hasBroken;
    },
    clientOf: (Client: typeof OpenAi7) =>
      new Client({ baseURL, apiKey: "any", defaultHeaders: headers }),
    asked: () => askedFor(text),
    /** What is stored: role, words, and how it ended. */
    async stored(): Promise<string[]> {
      const get = async (path: string) =>
        (
          await send(server, "GET", `/v1/chat/conversations${path}`, undefined, {
            ...headers,
            authorization: "Bearer any",
          })
        ).body.data;
      const [conversation, ...others] = await get("");
      assert.deepEqual(others, []);
      return (await get(`/${conversation.id}/messages`)).map(
        ({ role, content, status }: Record<string, string>) => `${role} ${status}: ${content}`,
      );
    },
  };
}
type User = Awaited<ReturnType<typeof newUser>>;
const whole = (text: string) => [`user complete: ${text}`, `assistant complete: Echo: ${text}`];

/** The SDKs wait for half a second before they send anything again. */
describe("what is lost on the way", { concurrency: true }, () => {
  for (const [name, Client] of Object.entries(OPENAI))
    for (const lost of ["request", "answer"] as const)
      test(`[OX3] ${name}: a completion whose ${lost} is lost is sent again by the SDK, answered once and stored once`, async () => {
        await using user = await newUser();
        const hasBroken = user.loses(lost);
        const answer = await user.clientOf(Client).chat.completions.create({
          model,
          messages: [{ role: "user", content: user.text }],
        });
        assert.ok(hasBroken());
        assert.equal(answer.choices[0]?.message.content, `Echo: ${user.text}`);
        assert.equal(user.asked(), 1);
        assert.deepEqual(await user.stored(), whole(user.text));
      });

  for (const name of ["openai 7", "openai 6"]) {
    const Client = OPENAI[name] ?? assert.fail();
    for (const lost of ["request", "answer"] as const)
      test(`[OX3] ${name}: a response whose ${lost} is lost is sent again by the SDK, answered once and stored once`, async () => {
        await using user = await newUser();
        const { responses } = user.clientOf(Client);
        const hasBroken = user.loses(lost);
        const { id, output_text: said } = await responses.create({ model, input: user.text });
        assert.ok(hasBroken());
        assert.equal(said, `Echo: ${user.text}`);
        assert.equal(user.asked(), 1);
        assert.deepEqual(await user.stored(), whole(user.text));
        assert.equal((await responses.retrieve(id)).output_text, said);
      });
  }
});

for (const name of ["openai 7", "openai 6"]) {
  const Client = OPENAI[name] ?? assert.fail();
  test(`[OR13] [OR15] ${name}: a stream that is cut in the middle is taken up after its last event, and nothing is doubled or missing`, async () => {
    await using user = await newUser();
    const { responses } = user.clientOf(Client);
    const input = `${user.text} {{reply text="alpha bravo charlie delta" hold=2}}`;
    const numbers: number[] = [];
    let id = "";
    let text = "";
    await assert.rejects(async () => {
      for await (const event of await responses.create({ model, input, stream: true })) {
        numbers.push(event.sequence_number);
        if (event.type === "response.created") id = event.response.id;
        if (event.type === "response.output_text.delta") text += event.delta;
        if (text === "alpha bravo ") user.network.cut();
      }
    });
    assert.equal(text, "alpha bravo ");
    server.model.release();
    const last = numbers.at(-1) ?? assert.fail();
    const rest = await responses.retrieve(id, { stream: true, starting_after: last });
    for await (const event of rest) {
      numbers.push(event.sequence_number);
      if (event.type === "response.output_text.delta") text += event.delta;
    }
    assert.equal(text, "alpha bravo charlie delta");
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index),
    );
    assert.equal(user.asked(), 1);
    assert.equal((await user.stored()).length, 2);
  });
}

for (const [name, Client] of Object.entries(OPENAI))
  test(`[X6] [OC7] ${name}: a completion that is cut in the middle is an error to its client, and is stored whole`, async () => {
    await using user = await newUser();
    const content = `${user.text} {{reply text="alpha bravo charlie" hold=1}}`;
    const stream = await user.clientOf(Client).chat.completions.create({
      ...{ model, messages: [{ role: "user" as const, content }], stream: true },
    });
    let text = "";
    await assert.rejects(async () => {
      for await (const { choices } of stream) {
        text += choices[0]?.delta.content ?? "";
        if (text === "alpha ") user.network.cut();
      }
    });
    assert.equal(text, "alpha ");
    server.model.release();
    // Whoever goes on is answered after what is still being said.
    const { id } = await user.clientOf(OpenAi7).responses.create({
      ...{ model, input: "And now?", conversation: "one" },
    });
    assert.ok(id);
    assert.deepEqual(await user.stored(), [
      `user complete: ${content}`,
      "assistant complete: alpha bravo charlie",
      "user complete: And now?",
      "assistant complete: Echo: And now?",
    ]);
  });

type CreateProvider = (typeof AI_SDKS)[number]["createProvider"];
const modelOf = (create: CreateProvider, { baseURL, headers }: User, more: object = {}) =>
  create({ name: "colloquy", baseURL, apiKey: "any", headers: { ...headers, ...more } })(model);

/** The AI SDK waits for two seconds before it sends anything again. */
describe("the AI SDK", { concurrency: true }, () => {
  for (const { name, sdk, createProvider } of AI_SDKS) {
    test(`[X8] [OC9] ${name} with @ai-sdk/openai-compatible: what it sends again by itself is answered and stored once under a key`, async () => {
      await using user = await newUser();
      const languageModel = modelOf(createProvider, user, { "Idempotency-Key": randomUUID() });
      const hasBroken = user.loses("answer");
      const { text } = await sdk.generateText({ model: languageModel, prompt: user.text });
      assert.ok(hasBroken());
      assert.equal(text, `Echo: ${user.text}`);
      assert.equal(user.asked(), 1);
      assert.deepEqual(await user.stored(), whole(user.text));
    });

    test(`[OS4] ${name} with @ai-sdk/openai-compatible: without a key the repeat is another answer to the same question`, async () => {
      await using user = await newUser();
      const hasBroken = user.loses("answer");
      const asking = { model: modelOf(createProvider, user), prompt: user.text };
      assert.equal((await sdk.generateText(asking)).text, `Echo: ${user.text}`);
      assert.ok(hasBroken());
      assert.deepEqual(await user.stored(), whole(user.text));
    });
  }
});

for (const { name, sdk, createProvider } of AI_SDKS)
  test(`[X6] ${name} with @ai-sdk/openai-compatible: a stream that is cut in the middle is an error to its client, and is stored whole`, async () => {
    await using user = await newUser();
    const prompt = `${user.text} {{reply text="alpha bravo charlie" hold=1}}`;
    const { textStream } = sdk.streamText({
      model: modelOf(createProvider, user),
      prompt,
      onError: () => {},
    });
    let text = "";
    await assert.rejects(async () => {
      for await (const piece of textStream) {
        text += piece;
        if (text === "alpha ") user.network.cut();
      }
    });
    assert.equal(text, "alpha ");
    server.model.release();
    const messages = [
      { role: "user" as const, content: prompt },
      { role: "assistant" as const, content: "alpha bravo charlie" },
      { role: "user" as const, content: "And now?" },
    ];
    const { text: next } = await sdk.generateText({
      model: modelOf(createProvider, user),
      messages,
    });
    assert.equal(next, "Echo: And now?");
    assert.deepEqual(await user.stored(), [
      `user complete: ${prompt}`,
      "assistant complete: alpha bravo charlie",
      "user complete: And now?",
      "assistant complete: Echo: And now?",
    ]);
  });
