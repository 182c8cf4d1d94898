// What Open Responses (2026-04-24) demands of a server, each as its compliance tests ask it, against a model that calls tools.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { all, checkEvents, type Event, responsesClient } from "./responses-client.ts";
import { openSocket } from "./socket-client.ts";
import { startServer } from "./start-server.ts";

const server = await startServer({ builtIn: true });
after(() => server[Symbol.asyncDispose]());
const { call, create, stream, headers } = responsesClient(server);
const model = "any-model";

type Check = (value: unknown) => boolean;
const isString: Check = (value) => typeof value === "string";
const isNumber: Check = (value) => typeof value === "number";
const isWhole: Check = (value) => Number.isSafeInteger(value);
const isFlag: Check = (value) => typeof value === "boolean";
const isList: Check = Array.isArray;
const isObject: Check = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const oneOf =
  (...values: unknown[]): Check =>
  (value) =>
    values.includes(value);

/** Every field of a response, and what it may be. */
const RESPONSE: Readonly<Record<string, Check>> = {
  id: isString,
  object: oneOf("response"),
  created_at: isWhole,
  completed_at: orNull(isWhole),
  status: oneOf("queued", "in_progress", "completed", "incomplete", "failed"),
  incomplete_details: orNull(isObject),
  model: isString,
  previous_response_id: orNull(isString),
  instructions: orNull(isString),
  output: isList,
  error: orNull(isObject),
  tools: isList,
  tool_choice: (value) => isString(value) || isObject(value),
  truncation: oneOf("auto", "disabled"),
  parallel_tool_calls: isFlag,
  text: isObject,
  top_p: isNumber,
  presence_penalty: isNumber,
  frequency_penalty: isNumber,
  top_logprobs: isNumber,
  temperature: isNumber,
  reasoning: orNull(isObject),
  usage: orNull(isObject),
  max_output_tokens: orNull(isWhole),
  max_tool_calls: orNull(isWhole),
  store: isFlag,
  background: isFlag,
  service_tier: isString,
  metadata: isObject,
  safety_identifier: orNull(isString),
  prompt_cache_key: orNull(isString),
};

const ITEMS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  message: {
    id: isString,
    status: oneOf("in_progress", "completed", "incomplete"),
    role: oneOf("user", "assistant", "system", "developer"),
    content: isList,
    phase: (value) => value === undefined || oneOf("commentary", "final_answer")(value),
  },
  function_call: {
    id: isString,
    status: oneOf("in_progress", "completed", "incomplete"),
    call_id: isString,
    name: isString,
    arguments: isString,
  },
  reasoning: { id: isString, summary: isList },
  compaction: { id: isString, encrypted_content: isString },
};

// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
function checkFields(value: any, fields: Readonly<Record<string, Check>>, what: string): void {
  for (const [name, check] of Object.entries(fields))
    assert.ok(check(value[name]), `${what}.${name} is ${JSON.stringify(value[name])}`);
}

// biome-ignore lint/suspicious/noExplicitAny: as above
function checkItem(item: any): void {
  const fields = ITEMS[item.type];
  assert.ok(fields, `an item of type ${item.type}`);
  checkFields(item, fields, item.type);
  if (item.type !== "message") return;
  for (const part of item.content)
    if (part.type === "output_text")
      checkFields(part, { text: isString, annotations: isList, logprobs: isList }, "output_text");
    else assert.ok(["refusal", "input_text", "input_image", "input_file"].includes(part.type));
}

// biome-ignore lint/suspicious/noExplicitAny: as above
function checkResponse(response: any): void {
  checkFields(response, RESPONSE, "response");
  for (const item of response.output) checkItem(item);
  const { usage, text } = response;
  if (usage) {
    const counts = { input_tokens: isWhole, output_tokens: isWhole, total_tokens: isWhole };
    checkFields(usage, counts, "usage");
    checkFields(usage.input_tokens_details, { cached_tokens: isWhole }, "input_tokens_details");
    checkFields(
      usage.output_tokens_details,
      { reasoning_tokens: isWhole },
      "output_tokens_details",
    );
  }
  assert.ok(isObject(text.format));
  assert.ok(oneOf("low", "medium", "high")(text.verbosity));
}

// biome-ignore lint/suspicious/noExplicitAny: as above
async function completed(body: object): Promise<any> {
  const { status, body: response, text } = await create({ model, ...body });
  assert.equal(status, 200, text);
  checkResponse(response);
  assert.equal(response.status, "completed");
  assert.ok(response.output.length > 0);
  return response;
}

const user = (content: unknown) => ({ type: "message", role: "user", content });
const says = (content: string, more: object = {}) => ({
  type: "message",
  role: "assistant",
  content,
  ...more,
});

const PIXEL =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

const WEATHER = {
  type: "function",
  name: "get_weather",
  description: "The weather at a place",
  parameters: {
    type: "object",
    properties: { location: { type: "string" } },
    required: ["location"],
  },
};

test("[OR20] basic-response: a text is answered by a whole response", async () => {
  await completed({ input: [user("Say hello in exactly 3 words.")] });
});

test("[OR20] streaming-response: the events are whole and in order", async () => {
  const events = await all(stream({ model, input: [user("Count from 1 to 5.")] }));
  checkEvents(events);
  const response = events.at(-2)?.response;
  checkResponse(response);
  assert.equal(response.status, "completed");
});

test("[OR20] system-prompt: a message of role system is taken", async () => {
  const system = { type: "message", role: "system", content: "You are a pirate." };
  await completed({ input: [system, user("Say hello.")] });
});

test("[OR20] tool-calling: an offered tool is called", async () => {
  const { output } = await completed({
    input: [user('Weather?\n#call get_weather {"location":"San Francisco"}')],
    tools: [WEATHER],
  });
  const [asked] = output.filter(({ type }: Event) => type === "function_call");
  assert.equal(asked.name, "get_weather");
  assert.deepEqual(JSON.parse(asked.arguments), { location: "San Francisco" });
});

test("[OR20] tool-calling, streamed: the call is added, grows and is done", async () => {
  const input = [user('Weather?\n#call get_weather {"location":"Rome"}')];
  const events = await all(stream({ model, input, tools: [WEATHER] }));
  checkEvents(events);
  const of = (type: string) => events.filter((event) => event.type === type);
  const isCall = ({ item }: Event) => item.type === "function_call";
  assert.equal(of("response.output_item.added").filter(isCall).length, 1);
  assert.ok(of("response.function_call_arguments.delta").length > 0);
  assert.equal(of("response.function_call_arguments.done").length, 1);
  assert.equal(of("response.output_item.done").filter(isCall).length, 1);
});

test("[OR20] image-input: a picture is taken", async () => {
  const image = { type: "input_image", image_url: PIXEL };
  await completed({ input: [user([{ type: "input_text", text: "What is it?" }, image])] });
});

test("[OR20] multi-turn: a history of both sides is taken", async () => {
  await completed({
    input: [user("My name is Alice."), says("Hello Alice!"), user("What is my name?")],
  });
});

test("[OR20] assistant-phase: messages of the assistant may say their phase", async () => {
  await completed({
    input: [
      user("Look it up."),
      says("I will look.", { phase: "commentary" }),
      says("Here it is.", { phase: "final_answer" }),
      user("Thanks."),
    ],
  });
});

test("[OR20] response-output-phase-schema: a phase may stand in an output, or be absent", () => {
  const item = { type: "message", id: "msg_1", status: "completed", content: [] };
  checkItem({ ...item, role: "assistant", phase: "commentary" });
  checkItem({ ...item, role: "assistant" });
  assert.throws(() => checkItem({ ...item, role: "assistant", phase: "other" }));
});

test("[OR18] [OR20] compact-response: an input becomes the user's messages and a summary", async () => {
  const { status, body } = await call("POST", "/responses/compact", {
    model,
    input: [user("Remember 42."), says("I will."), user("And 43.")],
  });
  assert.equal(status, 200);
  checkFields(
    body,
    { id: isString, object: oneOf("response.compaction"), created_at: isWhole, output: isList },
    "compaction",
  );
  for (const item of body.output) checkItem(item);
  assert.deepEqual(
    body.output.map(({ type }: Event) => type),
    ["message", "message", "compaction"],
  );
  assert.ok(body.usage.total_tokens > 0);
  const next = await completed({ input: [...body.output, user("Go on")], store: false });
  assert.ok(next.output.length > 0);
});

test("[OR18] [OR20] compact-missing-model: without a model nothing is compacted", async () => {
  const { status, body } = await call("POST", "/responses/compact", { input: [user("x")] });
  assert.equal(status, 400);
  assert.equal(body.error.param, "model");
});

const open = () => openSocket(server, "/v1/responses", { headers });

async function ask(
  socket: Awaited<ReturnType<typeof open>>,
  body: object,
  // biome-ignore lint/suspicious/noExplicitAny: as above
): Promise<any> {
  socket.say({ type: "response.create", model, store: false, ...body });
  for (;;) {
    const event = await socket.next();
    if (event.type === "error") return event;
    if (!/^response\.(?:completed|incomplete|failed)$/.test(event.type)) continue;
    checkResponse(event.response);
    assert.equal(event.type, "response.completed");
    return event.response;
  }
}

test("[OR20] websocket-response and -sequential-responses: two responses on one socket", async () => {
  await using socket = await open();
  const first = await ask(socket, { input: [user("One")] });
  const second = await ask(socket, { input: [user("Two")] });
  assert.notEqual(first.id, second.id);
});

test("[OR20] websocket-continuation: what is not stored is gone on from on its socket", async () => {
  await using socket = await open();
  const { id } = await ask(socket, { input: [user("One")] });
  const next = await ask(socket, { input: [user("Two")], previous_response_id: id });
  assert.equal(next.previous_response_id, id);
});

test("[OR20] websocket-reconnect-store-false-recovery: a new socket does not know it, and begins anew", async () => {
  let id = "";
  {
    await using socket = await open();
    id = (await ask(socket, { input: [user("One")] })).id;
  }
  await using socket = await open();
  const refused = await ask(socket, { input: [user("Two")], previous_response_id: id });
  assert.equal(refused.error.code, "previous_response_not_found");
  await ask(socket, { input: [user("One"), says("You said: One"), user("Two")] });
});

test("[OR20] websocket-previous-response-not-found: an unknown id is told by its code", async () => {
  await using socket = await open();
  const previous = "resp_00000000000000000000000000000000";
  const refused = await ask(socket, { input: "x", previous_response_id: previous });
  assert.equal(refused.error.code, "previous_response_not_found");
});

test("[OR20] websocket-failed-continuation-evicts-cache: after a failure the one before is not known", async () => {
  await using socket = await open();
  const { id } = await ask(socket, { input: [user("One")] });
  const output = { type: "function_call_output", call_id: "call_none", output: "x" };
  const failed = await ask(socket, { input: [output], previous_response_id: id });
  assert.equal(failed.type, "error");
  const again = await ask(socket, { input: [user("Two")], previous_response_id: id });
  assert.equal(again.error.code, "previous_response_not_found");
});

test("[OR20] websocket-compact-new-chain: a compacted input begins a new chain", async () => {
  await using socket = await open();
  await ask(socket, { input: [user("One")] });
  const { body } = await call("POST", "/responses/compact", { model, input: [user("One")] });
  const next = await ask(socket, { input: [...body.output, user("Two")] });
  const last = await ask(socket, { input: [user("Three")], previous_response_id: next.id });
  assert.equal(last.previous_response_id, next.id);
});
