// The Realtime wire with typed items and text out, by bare events.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { type Event, openRealtime, type Realtime, refusedRealtime } from "./realtime-client.ts";
import { sharedServer } from "./shared-server.ts";

const TEXT = { type: "session.update", session: { type: "realtime", output_modalities: ["text"] } };

/** A session that answers in text, of a user of its own. */
async function openText(
  server: { readonly port: number },
  query?: string,
  user: string = randomUUID(),
) {
  const talk = await openRealtime(server, {
    ...(query !== undefined && { query }),
    headers: { authorization: "Bearer any" },
  });
  talk.say(TEXT);
  await talk.next("session.updated");
  return { ...talk, user };
}

/** Types that, and gives the response to it. */
async function ask(talk: Realtime, text: string, more: object = {}): Promise<Event> {
  talk.type(text);
  talk.say({ type: "response.create", ...more });
  return (await talk.next("response.done")).response;
}

async function errorOf(talk: Realtime, event: object): Promise<Event> {
  talk.say({ event_id: "mine", ...event });
  const { error } = await talk.next("error");
  assert.equal(error.event_id, "mine");
  return error;
}

const textsIn = (events: readonly Event[]): string =>
  events
    .flatMap(({ type, delta }) => (type === "response.output_text.delta" ? [delta] : []))
    .join("");

test("[RT1] what cannot be served is refused before the socket opens, with a sentence that says what to do", async () => {
  const server = await sharedServer();
  const unknown = `conv_${randomUUID().replaceAll("-", "")}`;
  for (const [query, headers, status, code, words] of [
    ["model=scripted", {}, 401, null, /Bearer/],
    ["model=scripted", { authorization: "Bearer ck_unknown" }, 401, null, /unknown or revoked/],
    ["model=scripted&call_id=x", undefined, 400, "unsupported_value", /\?model=/],
    ["intent=transcription", undefined, 400, "unsupported_value", /create_response/],
    [
      "model=scripted",
      { authorization: "Bearer any", "openai-beta": "realtime=v1" },
      400,
      "unsupported_value",
      /Leave the header OpenAI-Beta out/,
    ],
    [`model=scripted&conversation=${unknown}`, undefined, 404, null, /conversation/i],
    ["model=scripted&conversation=other", undefined, 400, "invalid_value", /conv_/],
    ["model=agent/nobody", undefined, 404, "model_not_found", /does not exist/],
  ] as const) {
    const refusal = await refusedRealtime(server, { query, ...(headers && { headers }) });
    assert.equal(refusal.status, status, query);
    assert.equal(refusal.body.error.code, code);
    assert.match(refusal.body.error.message, words);
    assert.deepEqual(Object.keys(refusal.body.error), ["message", "type", "param", "code"]);
  }
});

test("[RT1] a browser's subprotocols open a session, and the server answers realtime", async () => {
  const server = await sharedServer();
  await using talk = await openRealtime(server, {
    protocols: ["realtime", "openai-insecure-api-key.any"],
  });
  assert.equal(talk.socket.protocol, "realtime");
  await talk.next("session.created");
});

test("[RT2] the first event is the whole session, and every event has an id of its own", async () => {
  const server = await sharedServer();
  await using talk = await openRealtime(server, { query: "model=scripted" });
  const { session } = await talk.next("session.created");
  const { id, expires_at: expiresAt, ...others } = session;
  assert.match(id, /^sess_[0-9a-f]{32}$/);
  assert.ok(Math.abs(expiresAt - Date.now() / 1000 - 3600) < 60);
  assert.deepEqual(others, {
    type: "realtime",
    object: "realtime.session",
    model: "scripted",
    output_modalities: ["audio"],
    instructions: "",
    tools: [],
    tool_choice: "auto",
    max_output_tokens: "inf",
    tracing: null,
    truncation: "auto",
    prompt: null,
    audio: {
      input: {
        format: { type: "audio/pcm", rate: 24_000 },
        transcription: null,
        noise_reduction: null,
        turn_detection: {
          type: "server_vad",
          threshold: 0.5,
          prefix_padding_ms: 300,
          silence_duration_ms: 500,
          idle_timeout_ms: null,
          create_response: true,
          interrupt_response: true,
        },
      },
      output: { format: { type: "audio/pcm", rate: 24_000 }, voice: "alloy", speed: 1 },
    },
    include: null,
  });
  talk.say(TEXT);
  await ask(talk, "Hello");
  await talk.next("rate_limits.updated");
  const ids = new Set(talk.events.map(({ event_id }) => event_id));
  assert.equal(ids.size, talk.events.length);
  for (const eventId of ids) assert.match(eventId, /^event_[0-9a-f]{32}$/);
});

test("[RT3] session.update changes what it names, field by field, and answers with the whole session", async () => {
  const server = await sharedServer();
  await using talk = await openRealtime(server);
  const update = async (session: object) => {
    talk.say({ type: "session.update", session });
    return (await talk.next("session.updated")).session;
  };
  const tool = {
    type: "function",
    name: "look",
    description: "Looks",
    parameters: { type: "object" },
  };
  const first = await update({
    type: "realtime",
    model: "another",
    instructions: "Be brief.",
    output_modalities: ["text"],
    tools: [tool],
    tool_choice: { type: "function", name: "look" },
    max_output_tokens: 7,
    tracing: "auto",
    reasoning: { effort: "low" },
    audio: { input: { turn_detection: { threshold: 0.7 } }, output: { voice: "slt", speed: 1.2 } },
  });
  assert.equal(first.instructions, "Be brief.");
  assert.deepEqual(first.output_modalities, ["text"]);
  assert.deepEqual(first.tools, [tool]);
  assert.deepEqual(first.tool_choice, { type: "function", name: "look" });
  assert.equal(first.max_output_tokens, 7);
  assert.equal(first.audio.input.turn_detection.threshold, 0.7);
  assert.equal(first.audio.input.turn_detection.silence_duration_ms, 500);
  assert.deepEqual([first.audio.output.voice, first.audio.output.speed], ["slt", 1.2]);
  const second = await update({
    max_output_tokens: "inf",
    audio: {
      input: {
        format: { type: "audio/pcmu" },
        transcription: { model: "whisper-1" },
        turn_detection: { type: "semantic_vad", eagerness: "high" },
      },
    },
  });
  assert.equal(second.instructions, "Be brief.");
  assert.equal(second.max_output_tokens, "inf");
  assert.deepEqual(second.audio.input, {
    format: { type: "audio/pcmu" },
    transcription: { model: "whisper-1" },
    noise_reduction: null,
    turn_detection: {
      type: "semantic_vad",
      eagerness: "high",
      create_response: true,
      interrupt_response: true,
    },
  });
  const third = await update({ audio: { input: { transcription: null, turn_detection: null } } });
  assert.equal(third.audio.input.transcription, null);
  assert.equal(third.audio.input.turn_detection, null);
  assert.deepEqual(third.audio.input.format, { type: "audio/pcmu" });
});

test("[RT3] a setting of a wrong type is an error that names it, and nothing changes", async () => {
  const server = await sharedServer();
  await using talk = await openRealtime(server);
  for (const [session, param, code] of [
    [{ instructions: 5 }, "session.instructions", "invalid_type"],
    [{ output_modalities: ["text", "audio"] }, "session.output_modalities", "invalid_value"],
    [{ tools: [{ type: "mcp", server_label: "x" }] }, "session.tools[0].type", "unsupported_value"],
    [{ tools: [{ type: "function" }] }, "session.tools[0].name", "missing_required_parameter"],
    [{ tool_choice: "sometimes" }, "session.tool_choice", "invalid_value"],
    [{ max_output_tokens: "many" }, "session.max_output_tokens", "invalid_type"],
    [{ max_output_tokens: 0 }, "session.max_output_tokens", "integer_below_min_value"],
    [{ type: "transcription" }, "session.type", "unsupported_value"],
    [
      { audio: { input: { format: { type: "audio/pcm", rate: 16_000 } } } },
      "session.audio.input.format.rate",
      "invalid_value",
    ],
    [
      { audio: { input: { turn_detection: { type: "server_vad", threshold: 2 } } } },
      "session.audio.input.turn_detection.threshold",
      "decimal_above_max_value",
    ],
    [
      { audio: { input: { turn_detection: { idle_timeout_ms: 5 } } } },
      "session.audio.input.turn_detection.idle_timeout_ms",
      "integer_below_min_value",
    ],
    [{ audio: { output: { speed: 9 } } }, "session.audio.output.speed", "decimal_above_max_value"],
  ] as const) {
    const error = await errorOf(talk, {
      type: "session.update",
      session: { instructions: "Changed", ...session },
    });
    assert.deepEqual([error.param, error.code, error.type], [param, code, "invalid_request_error"]);
  }
  talk.say({ type: "session.update", session: {} });
  assert.equal((await talk.next("session.updated")).session.instructions, "");
});

test("[RT5] items are put in anywhere, read back and deleted, and the model is told what is there", async () => {
  const server = await sharedServer();
  await using talk = await openText(server, "model=scripted");
  const put = async (id: string, text: string, more: object = {}) => {
    const message = { id, type: "message", role: "user", content: [{ type: "input_text", text }] };
    talk.say({ type: "conversation.item.create", item: message, ...more });
    await talk.next("conversation.item.added");
    return talk.next("conversation.item.done");
  };
  assert.equal((await put("one", "first")).previous_item_id, null);
  assert.equal((await put("two", "second")).previous_item_id, "one");
  assert.equal(
    (await put("zero", "at the start", { previous_item_id: "root" })).previous_item_id,
    null,
  );
  const between = await put("between", "between", { previous_item_id: "one" });
  assert.equal(between.previous_item_id, "one");
  assert.deepEqual(between.item, {
    id: "between",
    object: "realtime.item",
    type: "message",
    status: "completed",
    role: "user",
    content: [{ type: "input_text", text: "between" }],
  });
  talk.say({ type: "conversation.item.retrieve", item_id: "between" });
  assert.deepEqual((await talk.next("conversation.item.retrieved")).item, between.item);
  talk.say({ type: "conversation.item.delete", item_id: "one" });
  assert.equal((await talk.next("conversation.item.deleted")).item_id, "one");
  talk.say({
    type: "conversation.item.create",
    item: { type: "message", role: "system", content: [{ type: "input_text", text: "Be kind" }] },
    previous_item_id: "root",
  });
  talk.say({ type: "response.create", response: { instructions: "Be brief" } });
  await talk.next("response.done");
  assert.deepEqual(
    server.model.requests.at(-1)?.body?.messages?.map(({ role, content }) => [role, content]),
    [
      ["system", "Be brief"],
      ["system", "Be kind"],
      ["user", "at the start"],
      ["user", "between"],
      ["user", "second"],
    ],
  );
});

test("[RT5] what is unknown, or for no call, is an error", async () => {
  const server = await sharedServer();
  await using talk = await openText(server);
  const message = { type: "message", role: "user", content: [{ type: "input_text", text: "Hi" }] };
  const create = (item: object, more: object = {}) =>
    errorOf(talk, { type: "conversation.item.create", item, ...more });
  for (const type of ["retrieve", "delete"]) {
    const error = await errorOf(talk, { type: `conversation.item.${type}`, item_id: "none" });
    assert.equal(error.param, "item_id");
    assert.match(error.message, /'none'|none/);
  }
  assert.equal((await create(message, { previous_item_id: "none" })).param, "previous_item_id");
  assert.match(
    (await create({ type: "function_call_output", call_id: "c", output: "5" })).message,
    /No tool call found/,
  );
  assert.equal((await create({ ...message, role: "tool" })).param, "item.role");
  assert.equal((await create({ ...message, content: [] })).code, "empty_array");
  assert.equal(
    (await create({ ...message, content: [{ type: "input_text" }] })).param,
    "item.content[0].text",
  );
  assert.equal(
    (await create({ ...message, content: [{ type: "input_image", image_url: "file:///x" }] }))
      .param,
    "item.content[0].image_url",
  );
});

test("[RT6] a typed item is answered in text, with every event of a response in its order", async () => {
  const server = await sharedServer();
  await using talk = await openText(server, "model=scripted");
  talk.type("Hello there");
  await talk.next("conversation.item.done");
  const from = talk.events.length;
  talk.say({ type: "response.create", response: { metadata: { topic: "greeting" } } });
  const { response } = await talk.next("response.done");
  await talk.next("rate_limits.updated");
  assert.deepEqual(talk.types(from), [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
    "rate_limits.updated",
  ]);
  const { id, conversation_id: conversationId, output, ...others } = response;
  assert.match(id, /^resp_[0-9a-f]{32}$/);
  assert.match(conversationId, /^conv_[0-9a-f]{32}$/);
  assert.deepEqual(others, {
    object: "realtime.response",
    status: "completed",
    status_details: null,
    output_modalities: ["text"],
    max_output_tokens: "inf",
    audio: { output: { format: { type: "audio/pcm", rate: 24_000 }, voice: "alloy" } },
    usage: {
      total_tokens: 13,
      input_tokens: 10,
      output_tokens: 3,
      input_token_details: {
        text_tokens: 10,
        audio_tokens: 0,
        image_tokens: 0,
        cached_tokens: 0,
        cached_tokens_details: { text_tokens: 0, audio_tokens: 0, image_tokens: 0 },
      },
      output_token_details: { text_tokens: 3, audio_tokens: 0 },
    },
    metadata: { topic: "greeting" },
  });
  assert.deepEqual(output[0].content, [{ type: "output_text", text: "Echo: Hello there" }]);
  assert.equal(textsIn(talk.events), "Echo: Hello there");
  const added = talk.events.find(({ type }) => type === "response.output_item.added");
  assert.deepEqual([added.item.status, added.item.content], ["in_progress", []]);
});

test("[RT6] one response at a time; an error of the model is its ending, and the next one is made", async () => {
  const server = await sharedServer();
  await using talk = await openText(server, "model=scripted");
  talk.type("{{reply hold=1}} slowly");
  talk.say({ type: "response.create" });
  await talk.next("response.output_text.delta");
  const busy = await errorOf(talk, { type: "response.create" });
  assert.equal(busy.code, "conversation_already_has_active_response");
  server.model.release();
  assert.equal((await talk.next("response.done")).response.status, "completed");
  const failed = await ask(talk, '{{reply cut=1 text="one two three"}}');
  assert.equal(failed.status, "failed");
  assert.equal(failed.status_details.type, "failed");
  assert.equal(failed.status_details.error.type, "server_error");
  assert.equal(failed.output[0].status, "incomplete");
  const cut = await ask(talk, "{{reply finishReason=length}} one two", {
    response: { max_output_tokens: 2 },
  });
  assert.deepEqual(cut.status_details, { type: "incomplete", reason: "max_output_tokens" });
  assert.equal((await ask(talk, "again")).status, "completed");
});

test("[RT6] a response outside the conversation adds nothing to it, and nothing of it is stored", async () => {
  const server = await sharedServer();
  await using talk = await openText(server, "model=scripted");
  talk.type("My name is Ada");
  await talk.next("conversation.item.done");
  const from = talk.events.length;
  talk.say({
    type: "response.create",
    response: {
      conversation: "none",
      metadata: { purpose: "label" },
      input: [
        { type: "message", role: "user", content: [{ type: "input_text", text: "Label it" }] },
      ],
    },
  });
  const { response } = await talk.next("response.done");
  assert.equal(response.conversation_id, null);
  assert.deepEqual(response.metadata, { purpose: "label" });
  assert.equal(response.output[0].content[0].text, "Echo: Label it");
  assert.ok(!talk.types(from).some((type) => type.startsWith("conversation.")));
  assert.deepEqual(
    server.model.requests.at(-1)?.body?.messages?.map(({ content }) => content),
    ["Label it"],
  );
  const stored = [];
  for await (const record of server.store.exportRecords())
    if (record.type === "conversation") stored.push(record);
  assert.deepEqual(stored, []);
});

test("[RT7] response.cancel ends the response, and what was said of it is kept", async () => {
  const server = await sharedServer();
  await using talk = await openText(server, "model=scripted");
  assert.equal(
    (await errorOf(talk, { type: "response.cancel" })).code,
    "response_cancel_not_active",
  );
  talk.type('{{reply stall=2 text="one two three"}}');
  talk.say({ type: "response.create" });
  await talk.next("response.output_text.delta");
  talk.say({ type: "response.cancel" });
  const { response } = await talk.next("response.done");
  assert.equal(response.status, "cancelled");
  assert.deepEqual(response.status_details, { type: "cancelled", reason: "client_cancelled" });
  assert.equal(response.output[0].status, "incomplete");
  const said = response.output[0].content[0].text;
  assert.ok(said.length > 0);
  assert.equal((await ask(talk, "Go on")).status, "completed");
  const told = server.model.requests.at(-1)?.body?.messages?.map(({ content }) => content);
  assert.deepEqual(told?.slice(1), [said, "Go on"]);
});

test("[RT8] errors leave the session open, and name the client's event", async () => {
  const server = await sharedServer();
  await using talk = await openText(server);
  talk.socket.send("no json");
  const broken = await talk.next("error");
  assert.deepEqual(Object.keys(broken.error), ["message", "type", "param", "code", "event_id"]);
  assert.equal(broken.error.event_id, null);
  talk.socket.send("[1]");
  assert.equal((await talk.next("error")).error.code, "invalid_type");
  assert.equal((await errorOf(talk, {})).param, "type");
  assert.match((await errorOf(talk, { type: "no.such.event" })).message, /'no.such.event'/);
  assert.equal((await ask(talk, "still here")).status, "completed");
});

test("[RT9] what is said is stored, and another session or wire goes on with it", async () => {
  const server = await sharedServer();
  const first = await openText(server, "model=scripted");
  const { conversation_id: id } = await ask(first, "My name is Ada");
  await first[Symbol.asyncDispose]();
  const uuid = id.slice(5).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  const read = async () => {
    const answer = await fetch(`${server.url}/v1/chat/conversations/${uuid}/messages`, {
      headers: { authorization: "Bearer any" },
    });
    const { data } = (await answer.json()) as { data: { role: string; content: string }[] };
    return data.map(({ role, content }) => [role, content]);
  };
  assert.deepEqual(await read(), [
    ["user", "My name is Ada"],
    ["assistant", "Echo: My name is Ada"],
  ]);
  await using second = await openText(server, `model=scripted&conversation=${id}`);
  const response = await ask(second, "Who am I?");
  assert.equal(response.conversation_id, id);
  assert.deepEqual(
    server.model.requests.at(-1)?.body?.messages?.map(({ content }) => content),
    ["My name is Ada", "Echo: My name is Ada", "Who am I?"],
  );
  assert.equal((await read()).length, 4);
});

const LOOK = {
  type: "function",
  name: "look",
  description: "Looks something up",
  parameters: { type: "object", properties: { what: { type: "string" } } },
};

test("[RT6] [RT5] a call is told in pieces; its output goes to the model, and all of it is stored", async () => {
  const server = await sharedServer();
  await using talk = await openText(server, "model=builtin/echo");
  talk.say({ type: "session.update", session: { tools: [LOOK], tool_choice: "required" } });
  talk.type("Look it up");
  talk.say({ type: "response.create" });
  const { response } = await talk.next("response.done");
  const call = response.output.find(({ type }: Event) => type === "function_call");
  assert.deepEqual([call.name, call.status], ["look", "completed"]);
  JSON.parse(call.arguments);
  const pieces = talk.events.filter(
    ({ type }) => type === "response.function_call_arguments.delta",
  );
  assert.equal(pieces.map(({ delta }) => delta).join(""), call.arguments);
  const whole = talk.events.find(({ type }) => type === "response.function_call_arguments.done");
  assert.deepEqual(
    [whole.call_id, whole.name, whole.arguments, whole.item_id],
    [call.call_id, "look", call.arguments, call.id],
  );
  talk.say({
    type: "conversation.item.create",
    item: { type: "function_call_output", call_id: call.call_id, output: "It is blue" },
  });
  talk.say({ type: "response.create", response: { tool_choice: "auto" } });
  const answered = (await talk.next("response.done")).response;
  assert.equal(answered.status, "completed");
  assert.match(answered.output[0].content[0].text, /It is blue/);
  const roles: string[] = [];
  for await (const record of server.store.exportRecords())
    if (record.type === "message") roles.push(record.message.role);
  assert.deepEqual(roles, ["user", "assistant", "tool", "assistant"]);
});

test("[RT9] what is said without a question is stored as well: a greeting, and a second answer", async () => {
  const server = await sharedServer();
  await using talk = await openText(server, "model=scripted");
  const say = async (instructions: string) => {
    talk.say({ type: "response.create", response: { instructions } });
    const { response } = await talk.next("response.done");
    assert.equal(response.status, "completed", JSON.stringify(response.status_details));
    return response;
  };
  const greeting = await say("Greet the guest");
  const again = await say("Greet the guest once more");
  assert.equal(again.conversation_id, greeting.conversation_id);
  assert.equal((await ask(talk, "Hello")).conversation_id, greeting.conversation_id);
  const roles: string[] = [];
  for await (const record of server.store.exportRecords())
    if (record.type === "message") roles.push(record.message.role);
  assert.deepEqual(roles, ["developer", "assistant", "assistant", "user", "assistant"]);
});
