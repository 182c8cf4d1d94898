// What only whoever runs the server can mend is told to them, and to users in other words.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { after, test } from "node:test";
import { caller, eventsOf } from "./chat-v1-client.ts";
import { workFolder } from "./cli-runner.ts";
import { freePort } from "./free-port.ts";
import { openSocket } from "./socket-client.ts";
import { startServer } from "./start-server.ts";
import { ALICE, makeKey, send } from "./wire-client.ts";

const SAID_BY_PROVIDER = "Account acme-42 is suspended";
const body = JSON.stringify(JSON.stringify({ error: { message: SAID_BY_PROVIDER } }));
/** As a user may not see it: the provider's words, its name, the setting. */
const FOR_OPERATORS = /acme-42|suspended|openai|OPENAI|API_KEY|base URL|MODEL\b|credit/;
const TOLD = /^The server's model is not available now\. Try again later/;

const server = await startServer();
after(() => server[Symbol.asyncDispose]());
const asOperator = { authorization: `Bearer ${await makeKey(server, { isOperator: true })}` };
const key = await makeKey(server, { userId: ALICE });
const asAlice = { authorization: `Bearer ${key}` };
const { call, open, newConversation } = caller(server.url, key);

const problems = async (): Promise<string[]> =>
  (await send(server, "GET", "/metrics", undefined, asOperator)).text
    .split("\n")
    .filter((line) => line.startsWith("colloquy_model_problem{"));

const FAULTS = {
  "a key that is refused": 401,
  "a key that may not do this": 403,
  "no credit": 402,
  "an address without the API": 404,
  "an address that moved": 308,
};

for (const [fault, status] of Object.entries(FAULTS))
  test(`[H5] ${fault}: every wire says that the model is not available, in no words of the provider; operators read why`, async () => {
    const content = `Hi {{reply failStatus=${status} failBody=${body}}}`;
    const id = await newConversation();
    const answers: Record<string, readonly [number, string, unknown]> = {};
    const one = await call(`/conversations/${id}/messages`, { body: { content } });
    answers["004"] = [one.status, one.body.message ?? "", one.body];
    assert.equal(one.body.error?.code, "MODEL_UNAVAILABLE");
    const stream = await open(`/conversations/${id}/messages/stream`, { body: { content } });
    const events = await Array.fromAsync(eventsOf(stream));
    const error = events.find(({ type }) => type === "error");
    assert.equal(error?.data.code, "MODEL_UNAVAILABLE");
    answers["004 streamed"] = [502, error?.data.message, error];
    const list = (await call(`/conversations/${id}/messages`)).body.data;
    assert.equal(list.at(-1).error.code, "MODEL_UNAVAILABLE");
    answers["004 later"] = [502, list.at(-1).error.message, list.at(-1)];
    const chat = await send(server, "POST", "/chat", { message: content }, asAlice);
    answers["000"] = [chat.status, chat.body.detail, chat.body];
    const path = "/api/v1/chat/completions";
    const dialogix = await send(server, "POST", path, { message: content }, asAlice);
    answers["001"] = [dialogix.status, dialogix.body.details, dialogix.body];
    {
      await using socket = await openSocket(server, `/ws?user_id=${ALICE}`, { headers: asAlice });
      socket.say({ type: "message", content });
      const told = (await socket.next()) as { type: string; content: string };
      assert.equal(told.type, "error");
      answers["000 by socket"] = [502, told.content, told];
    }
    {
      await using socket = await openSocket(server, "/ws", { headers: asAlice });
      await socket.next();
      socket.say({ type: "start_conversation" });
      await socket.next();
      socket.say({ type: "text_input", text: content });
      let told: { type?: string; message?: string; code?: string } = {};
      while (told.type !== "error") told = (await socket.next()) as typeof told;
      assert.equal(told.code, "MODEL_UNAVAILABLE");
      answers["003"] = [502, told.message ?? "", told];
    }
    for (const [wire, [answered, words, whole]] of Object.entries(answers)) {
      assert.equal(answered, 502, wire);
      assert.match(words, TOLD, wire);
      assert.doesNotMatch(JSON.stringify(whole), FOR_OPERATORS, wire);
    }
    const [problem = "", ...others] = await problems();
    assert.deepEqual(others, []);
    assert.match(
      problem,
      /problem="The model provider openai .*It says: Account acme-42 is suspended"/,
    );

    await call(`/conversations/${id}/messages`, { body: { content: "Now it works" } });
    assert.deepEqual(await problems(), [], "it is solved when the model answers");
  });

test("[H5] a default model that its provider does not know is the operator's to mend, who reads why in the log, too", async () => {
  await using folder = await workFolder();
  const port = String(await freePort());
  const child = folder.start(["serve"], {
    environment: { PORT: port, OPENAI_BASE_URL: server.model.url, MODEL: "refused-model" },
  });
  const closed = once(child, "close");
  let [log, said] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  while (!said.includes("Colloquy is running"))
    await Promise.race([once(child.stderr as Readable, "data"), closed]);
  const client = caller(`http://127.0.0.1:${port}`);
  const unnamed = await client.call(`/conversations/${await client.newConversation()}/messages`, {
    body: { content: "Hi" },
  });
  assert.equal(unnamed.body.error?.code, "MODEL_UNAVAILABLE");
  assert.match(unnamed.body.message ?? "", TOLD);
  child.kill("SIGTERM");
  await closed;
  assert.match(
    log,
    /"problem":"The provider does not know the model refused-model: check MODEL\. It says: refused-model is not a valid model ID"/,
  );
});

test("[X2] /health says that the model is not available, and in no words for operators", async () => {
  await using other = await startServer({
    environment: { OPENAI_BASE_URL: `${server.url}/v1/chat`, OPENAI_API_KEY: "sk-wrong-000000" },
  });
  const { status, body: health } = await send(other, "GET", "/health");
  assert.equal(status, 503);
  assert.equal(health.problems.length, 1);
  assert.match(health.problems[0], TOLD);
  const operator = { authorization: `Bearer ${await makeKey(other, { isOperator: true })}` };
  const figures = await send(other, "GET", "/metrics", undefined, operator);
  assert.match(
    figures.text,
    /model="",problem="The model provider openai refused the server's key: check OPENAI_API_KEY/,
  );
});
