// Front ends that cannot run here: the requests that their sources say they send, and what becomes of them.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { PNG, readStream, WEATHER } from "./completions-client.ts";
import { pdf } from "./file-samples.ts";
import { startServer } from "./start-server.ts";
import { makeKey, type Server, send } from "./wire-client.ts";

let server: Server;
let key: string;
before(async () => {
  server = await startServer();
  key = await makeKey(server, { userId: "front-end", actAs: true });
});
after(() => server[Symbol.asyncDispose]());

const bearer = () => ({ authorization: `Bearer ${key}` });
const post = (path: string, body: object, headers: Readonly<Record<string, string>> = {}) =>
  send(server, "POST", `/v1${path}`, body, { ...bearer(), ...headers });

/** What is kept of that user's: the messages of each conversation. */
async function keptOf(user: string): Promise<string[][]> {
  const get = async (path: string) =>
    (
      await send(server, "GET", `/v1/chat/conversations${path}`, undefined, {
        ...bearer(),
        "x-user-id": user,
      })
    ).body.data;
  const list: { id: string }[] = await get("");
  return Promise.all(
    list.map(async ({ id }) =>
      (await get(`/${id}/messages`)).map(
        ({ role, content }: Record<string, string>) => `${role}: ${content}`,
      ),
    ),
  );
}
const lastTold = () => server.model.requests.at(-1)?.body?.messages ?? [];

test("[OS2] [OS3] Open WebUI: its chats are kept for each of its users, and its requests for titles and tags are not", async () => {
  const [user, chat] = [randomUUID(), randomUUID()];
  const headers = {
    "x-openwebui-user-name": "Ann",
    "x-openwebui-user-id": user,
    "x-openwebui-user-email": "ann@example.org",
    "x-openwebui-user-role": "user",
    "x-openwebui-chat-id": chat,
    "x-openwebui-message-id": randomUUID(),
  };
  const history = [{ role: "user", content: "Hello" }];
  const ask = (messages: object[], more: object, extra: Record<string, string> = {}) =>
    post("/chat/completions", { model: "scripted", messages, ...more }, { ...headers, ...extra });
  const streamed = { stream: true, stream_options: { include_usage: true } };
  const first = readStream((await ask(history, streamed)).text);
  assert.ok(first.isDone);
  assert.equal(first.chunks.at(-1).usage.total_tokens, 12);
  const next = [
    ...history,
    { role: "assistant", content: "Echo: Hello" },
    { role: "user", content: "More" },
  ];
  await ask(next, streamed);
  const title = [{ role: "user", content: "### Task: Generate a concise title" }];
  const chore = { stream: false, max_completion_tokens: 1000 };
  assert.equal((await ask(title, chore, { "x-openwebui-task": "title_generation" })).status, 200);
  assert.deepEqual(await keptOf(user), [
    ["user: Hello", "assistant: Echo: Hello", "user: More", "assistant: Echo: More"],
  ]);
});

test("[OS1] LibreChat: a placeholder that it fills in names the conversation, and one that it leaves names none", async () => {
  const user = randomUUID();
  const ask = (name: string) =>
    post(
      "/chat/completions",
      {
        model: "scripted",
        user: "librechat-user",
        stream: true,
        messages: [{ role: "user", content: "Hello" }],
        prompt_cache_key: "a-hash-of-many-conversations",
      },
      { "x-user-id": user, "x-conversation-id": name },
    );
  assert.ok(readStream((await ask("{{LIBRECHAT_BODY_CONVERSATIONID}}")).text).isDone);
  assert.deepEqual(await keptOf(user), []);
  assert.ok(readStream((await ask(randomUUID())).text).isDone);
  assert.equal((await keptOf(user)).length, 1);
});

test("[OR3] [OR9] Home Assistant: its history, pictures, papers and tools are told to the model, and nothing is kept by its `user`", async () => {
  const user = randomUUID();
  const body = {
    model: "scripted",
    input: [
      { type: "message", role: "developer", content: "You are a voice assistant." },
      { type: "message", role: "user", content: "Turn on the light" },
      { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "sealed" },
      { type: "function_call", name: "HassTurnOn", arguments: '{"name":"light"}', call_id: "c1" },
      { type: "function_call_output", call_id: "c1", output: '{"success":true}' },
      { type: "message", role: "assistant", content: "It is on." },
      {
        type: "message",
        role: "user",
        content: [
          { type: "input_text", text: "What is this?" },
          { type: "input_image", image_url: `data:image/png;base64,${PNG}`, detail: "auto" },
          {
            type: "input_file",
            filename: "manual.pdf",
            file_data: `data:application/pdf;base64,${pdf.toString("base64")}`,
          },
        ],
      },
    ],
    instructions: "Answer in plain text",
    max_output_tokens: 3000,
    top_p: 1,
    temperature: 1,
    user: "01JHOMEASSISTANTCONVERSATION",
    service_tier: "auto",
    store: false,
    stream: true,
    include: ["reasoning.encrypted_content"],
    reasoning: { effort: "low", summary: "auto" },
    text: { verbosity: "medium" },
    tools: [{ type: "function", ...WEATHER.function, strict: false }],
    parallel_tool_calls: true,
  };
  const answer = await post("/responses", body, { "x-user-id": user });
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.text, /event: response\.completed/);
  const told = JSON.stringify(lastTold());
  for (const part of [PNG, pdf.toString("base64"), "HassTurnOn", "It is on.", "plain text"])
    assert.ok(told.includes(part), part);
  assert.deepEqual(await keptOf(user), []);
});

test("[OM1] [OR6] n8n: models are listed, and its option for the conversation keeps both turns in one", async () => {
  const user = randomUUID();
  const headers = { "x-user-id": user, "user-agent": "OpenAI/JS 6", "x-stainless-lang": "js" };
  const models = await send(server, "GET", "/v1/models", undefined, { ...bearer(), ...headers });
  assert.ok(models.body.data.some(({ id }: { id: string }) => id === "scripted"));
  const created = await post("/conversations", {}, headers);
  for (const content of ["One", "Two"]) {
    const body = {
      model: "scripted",
      input: [{ type: "message", role: "user", content }],
      conversation: created.body.id,
      metadata: { workflow: "w1" },
      prompt_cache_key: "shared",
      safety_identifier: "somebody",
      text: { format: { type: "text" } },
    };
    assert.equal((await post("/responses", body, headers)).status, 200);
  }
  assert.deepEqual(await keptOf(user), [
    ["user: One", "assistant: Echo: One", "user: Two", "assistant: Echo: Two"],
  ]);
});

test("[OC6] [OC5] aider, by LiteLLM: fields of its own are taken, and the stream ends with a usage", async () => {
  const body = {
    model: "scripted",
    messages: [
      { role: "system", content: "Act as an expert software developer." },
      { role: "user", content: "Hello" },
      { role: "assistant", content: "Ok." },
      { role: "user", content: "Change the code" },
    ],
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true },
    extra_body: {},
    num_retries: 0,
  };
  const headers = { "x-stainless-lang": "python", "user-agent": "AsyncOpenAI/Python 2.8.0" };
  const { chunks, isDone } = readStream((await post("/chat/completions", body, headers)).text);
  assert.ok(isDone);
  assert.equal(chunks.at(-1).usage.prompt_tokens, 10);
  assert.equal(lastTold().length, 4);
});

test("[OX2] [OX3] the SDK for Python: its headers and its `null`s are taken, and its refusals are those that it has classes for", async () => {
  const headers = {
    "user-agent": "OpenAI/Python 2.8.0",
    "x-stainless-lang": "python",
    "x-stainless-package-version": "2.8.0",
    "x-stainless-async": "false",
    "x-stainless-retry-count": "0",
    "x-stainless-read-timeout": "600",
    "accept-encoding": "gzip, deflate",
    accept: "application/json",
  };
  const messages = [{ role: "user", content: "Hello" }];
  const ask = (more: object, path = "/chat/completions") =>
    post(path, { model: "scripted", messages, ...more }, headers);
  const answer = await ask({ temperature: null, stop: null, tools: null, user: null });
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers.get("content-type") ?? "", /^application\/json/);
  assert.match(answer.headers.get("x-request-id") ?? "", /^req_/);
  for (const [more, status, param] of [
    [{ model: "gpt-9" }, 404, "model"],
    [{ temperature: 9 }, 400, "temperature"],
    [{ messages: [{ role: "nobody", content: "x" }] }, 400, "messages[0].role"],
  ] as const) {
    const refused = await ask(more);
    assert.deepEqual([refused.status, refused.body.error.param], [status, param]);
    assert.equal(refused.headers.get("x-should-retry"), "false");
  }
});

test("[OR9] Codex: its namespaces of tools are taken, and a tool that only OpenAI runs is refused with what to set", async () => {
  const ask = (tool: object) =>
    post(
      "/responses",
      {
        model: "scripted",
        input: "Hello",
        store: false,
        stream: true,
        tools: [{ type: "function", name: "exec_command", parameters: { type: "object" } }, tool],
      },
      { "session-id": randomUUID() },
    );
  const spawn = { type: "function", name: "spawn_agent", strict: false, parameters: {} };
  const taken = await ask({ type: "namespace", name: "multi_agent_v1", tools: [spawn] });
  assert.equal(taken.status, 200, taken.text);
  const { status, body } = await ask({ type: "web_search", external_web_access: false });
  assert.deepEqual([status, body.error.param], [400, "tools[1].type"]);
  assert.match(body.error.message, /set web_search = "disabled".*Offer tools of type function/);
});
