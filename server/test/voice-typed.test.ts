// Wire 003 over its WebSocket: typed text, errors, conversations; without a recogniser.
// Runs: waiting
// Takes: 30 s
import assert from "node:assert/strict";
import { test } from "node:test";
import { INSTALL_POCKETSPHINX } from "../src/adapters/speech/pocketsphinx/find.ts";
import { eventually } from "./cli-runner.ts";
import { openSocket } from "./socket-client.ts";
import { LOCAL_OWNER, startVoiceServer } from "./voice-server.ts";

const start = (more: object = {}) => ({ type: "start_conversation", ...more });
const typed = (text: string) => ({ type: "text_input", text });
const ALL = ["segments", "vad", "interrupt", "metrics"];

test("[S1] connect, start and end are answered as documented", async () => {
  await using server = await startVoiceServer();
  await using talk = await openSocket(server, "/ws");
  assert.deepEqual(await talk.next(), {
    type: "connection_established",
    connection_id: "conn_0",
    message: "Connected to Conversational AI",
  });
  const before = Math.floor(Date.now() / 1000);
  talk.say(start());
  const started = await talk.next();
  assert.deepEqual(Object.keys(started), ["type", "session_id", "message"]);
  assert.equal(started.type, "conversation_started");
  const [, seconds] = /^session_conn_0_(\d+)$/.exec(started.session_id) ?? [];
  assert.ok(Number(seconds) >= before && Number(seconds) <= before + 5, started.session_id);
  talk.say({ type: "end_conversation" });
  assert.deepEqual(await talk.next(), {
    type: "conversation_ended",
    message: "Conversation ended",
  });
  await using other = await openSocket(server, "/ws");
  assert.equal((await other.next()).connection_id, "conn_1");
});

test("[S11] without a recogniser, starting says so in words, and typed text gets its answer", async () => {
  await using server = await startVoiceServer();
  await using talk = await openSocket(server, "/ws");
  await talk.next();
  talk.say(start());
  const { message } = await talk.next();
  assert.match(message, /No speech recogniser is installed/);
  assert.ok(message.includes(INSTALL_POCKETSPHINX), message);
  talk.say(typed("Good morning"));
  assert.deepEqual(await talk.next(), {
    type: "ai_response",
    text: "Echo: Good morning",
    audio_data: "",
  });
});

test("[S9] a turn is stored like any other, and the next one remembers it", async () => {
  await using server = await startVoiceServer();
  await using talk = await openSocket(server, "/ws");
  await talk.next();
  talk.say(start({ capabilities: [] }));
  const { conversation_id } = await talk.next();
  for (const text of ["My name is Ada", "What is my name?"]) {
    talk.say(typed(text));
    await talk.next();
  }
  const messages = await server.conversations.messages(LOCAL_OWNER, conversation_id);
  assert.deepEqual(
    messages.map(({ role, content, status }) => [role, content, status]),
    [
      ["user", "My name is Ada", "complete"],
      ["assistant", "Echo: My name is Ada", "complete"],
      ["user", "What is my name?", "complete"],
      ["assistant", "Echo: What is my name?", "complete"],
    ],
  );
  assert.equal((await server.conversations.get(LOCAL_OWNER, conversation_id)).origin, "voice");
  assert.equal(server.model.requests[1]?.body?.messages?.length, 3);
});

test("[S5] conversation_id goes on with a stored conversation; an unknown one is an error", async () => {
  await using server = await startVoiceServer();
  const { id } = await server.conversations.create(LOCAL_OWNER, "chat", {}, [
    { role: "user", content: "By text" },
    { role: "assistant", content: "Read by text" },
  ]);
  await using talk = await openSocket(server, "/ws");
  await talk.next();
  talk.say(start({ conversation_id: crypto.randomUUID() }));
  const refused = await talk.next();
  assert.deepEqual(refused, {
    type: "error",
    message: "Conversation not found",
    code: "NOT_FOUND",
  });
  talk.say(start({ conversation_id: id, capabilities: [] }));
  assert.equal((await talk.next()).conversation_id, id);
  talk.say(typed("By voice"));
  await talk.next();
  const sent = server.model.requests[0]?.body?.messages?.map(({ content }) => content);
  assert.deepEqual(sent, ["By text", "Read by text", "By voice"]);
});

test("[S4] to a plain client, exactly one ai_response a turn, in order, however fast it types", async () => {
  await using server = await startVoiceServer();
  await using talk = await openSocket(server, "/ws");
  await talk.next();
  talk.say(start());
  await talk.next();
  for (const text of ["One. Two. Three.", "Second", "Third"]) talk.say(typed(text));
  const answers = [await talk.next(), await talk.next(), await talk.next()];
  assert.deepEqual(
    answers.map(({ type, text }) => [type, text]),
    [
      ["ai_response", "Echo: One. Two. Three."],
      ["ai_response", "Echo: Second"],
      ["ai_response", "Echo: Third"],
    ],
  );
  talk.say({ type: "end_conversation" });
  assert.equal((await talk.next()).type, "conversation_ended");
});

test("[S5] segments: an ai_response per sentence, numbered, the last marked", async () => {
  await using server = await startVoiceServer();
  await using talk = await openSocket(server, "/ws");
  await talk.next();
  talk.say(start({ capabilities: ["segments"] }));
  await talk.next();
  talk.say(typed('{{reply text="This is the first. And this is the second! Done"}}'));
  const segments = [];
  do segments.push(await talk.next());
  while (!segments.at(-1).final);
  const ids = new Set(segments.map((segment) => segment.response_id));
  assert.equal(ids.size, 1);
  assert.deepEqual(
    segments.map(({ text, seq }) => [seq, text]),
    [
      [0, "This is the first."],
      [1, "And this is the second!"],
      [2, "Done"],
      [3, ""],
    ],
  );
});

test("[S4] a model that fails is an error in words, and one ai_response that says it", async () => {
  await using server = await startVoiceServer();
  await using talk = await openSocket(server, "/ws");
  await talk.next();
  talk.say(start());
  await talk.next();
  talk.say(typed("{{reply failStatus=400}}"));
  const error = await talk.next();
  assert.equal(error.type, "error");
  assert.match(error.code, /^MODEL_/);
  const answer = await talk.next();
  assert.equal(answer.type, "ai_response");
  assert.equal(answer.text, error.message);
  talk.say(typed("Still there?"));
  assert.equal((await talk.next()).text, "Echo: Still there?");
});

test("[S7] errors carry the documented codes and messages, and the socket stays open", async () => {
  await using server = await startVoiceServer();
  await using talk = await openSocket(server, "/ws");
  await talk.next();
  const is = async (said: string | object, code: string, message: string | RegExp) => {
    talk.say(said);
    const error = await talk.next();
    assert.equal(error.type, "error");
    assert.equal(error.code, code);
    if (typeof message === "string") assert.equal(error.message, message);
    else assert.match(error.message, message);
  };
  const audio = { type: "audio_chunk", audio_data: "AAAA" };
  for (const text of ["{", "", "[]", "null", '"text"', "7", "\u0000"])
    await is(text, "INVALID_JSON", "Invalid JSON format");
  await is({ type: "dance" }, "UNKNOWN_TYPE", "Unknown message type: dance");
  await is({}, "UNKNOWN_TYPE", "Unknown message type: none");
  await is({ type: 7 }, "UNKNOWN_TYPE", "Unknown message type: 7");
  await is({ type: "__proto__" }, "UNKNOWN_TYPE", "Unknown message type: __proto__");
  for (const early of [
    audio,
    typed("hello"),
    { type: "end_conversation" },
    { type: "interrupt" },
    { type: "playback", response_id: "x", played_ms: 1 },
  ])
    await is(early, "NO_SESSION", "No active conversation session");
  await is(start({ capabilities: "all" }), "INVALID_REQUEST", /^capabilities /);
  await is(start({ user_id: 7 }), "INVALID_REQUEST", /^user_id /);
  await is(start({ user_id: " " }), "INVALID_REQUEST", /^user_id /);
  await is(start({ conversation_id: "\u0000" }), "INVALID_REQUEST", /^conversation_id /);
  await is(start({ resume_token: "none" }), "NOT_FOUND", /cannot be resumed/);
  talk.say(start());
  assert.equal((await talk.next()).type, "conversation_started");
  await is({ type: "audio_chunk" }, "INVALID_REQUEST", "audio_data field is required");
  await is({ ...audio, audio_data: 7 }, "INVALID_REQUEST", /^audio_data /);
  await is({ ...audio, audio_data: "%%%" }, "PROCESSING_ERROR", /^Audio processing error: /);
  const text = Buffer.from("<html>This is no sound at all</html>").toString("base64");
  await is({ ...audio, audio_data: text }, "PROCESSING_ERROR", /^Audio processing error: /);
  const large = Buffer.alloc(10 * 1024 * 1024).toString("base64");
  await is({ ...audio, audio_data: large }, "PROCESSING_ERROR", /too large/);
  await is(typed(" \n"), "INVALID_REQUEST", "text must not be empty or blank");
  await is(typed("a\u0000b"), "INVALID_REQUEST", /NUL/);
  await is({ type: "playback", response_id: "x" }, "INVALID_REQUEST", /^played_ms /);
  talk.say({ type: "playback", response_id: "x", played_ms: 5 });
  talk.say({ type: "interrupt" });
  talk.say(typed("All well?"));
  assert.equal((await talk.next()).text, "Echo: All well?");
  assert.deepEqual(server.internalErrors, []);
});

test("[S1] two starts: the second conversation replaces the first", async () => {
  await using server = await startVoiceServer();
  await using talk = await openSocket(server, "/ws");
  await talk.next();
  talk.say(start({ capabilities: [] }));
  talk.say(start({ capabilities: [] }));
  const [first, second] = [await talk.next(), await talk.next()];
  assert.equal(second.type, "conversation_started");
  assert.notEqual(first.conversation_id, second.conversation_id);
  talk.say(typed("Hello"));
  assert.equal((await talk.next()).text, "Echo: Hello");
});

test("[S5] metrics: milliseconds per stage of the turn", async () => {
  await using server = await startVoiceServer();
  await using talk = await openSocket(server, "/ws");
  await talk.next();
  talk.say(start({ capabilities: ["metrics"] }));
  await talk.next();
  talk.say(typed("Hello"));
  assert.equal((await talk.next()).type, "ai_response");
  const { type, response_id, ...stages } = await talk.next();
  assert.equal(type, "metrics");
  assert.match(response_id, /^[0-9a-f-]{36}$/);
  assert.equal(stages.endpoint_ms, null);
  assert.ok(stages.first_token_ms >= 0 && stages.total_ms >= stages.first_token_ms);
});

test("[S6] interrupt stops the reply; what was not said is not stored", async () => {
  await using server = await startVoiceServer();
  await using talk = await openSocket(server, "/ws");
  await talk.next();
  talk.say(start({ capabilities: ALL }));
  const { conversation_id } = await talk.next();
  talk.say(typed('{{reply text="A first whole sentence. Then more" hold=5}}'));
  const segment = await talk.next();
  assert.equal(segment.text, "A first whole sentence.");
  talk.say({ type: "interrupt" });
  const interrupted = await talk.next();
  assert.equal(interrupted.type, "interrupted");
  assert.equal(interrupted.response_id, segment.response_id);
  assert.equal(interrupted.spoken_text, "A first whole sentence.");
  talk.say(typed("Go on"));
  while (!(await talk.next()).final);
  const remembered = server.model.requests[1]?.body?.messages?.map(({ content }) => content.trim());
  assert.deepEqual(remembered?.slice(1), ["A first whole sentence.", "Go on"]);
  const messages = await server.conversations.messages(LOCAL_OWNER, conversation_id);
  assert.equal(messages[1]?.status, "interrupted");
  assert.equal(messages[1]?.content.trim(), "A first whole sentence.");
});

test("[S5] a dropped socket takes its session up again; another user cannot", async () => {
  await using server = await startVoiceServer();
  const talk = await openSocket(server, "/ws");
  await talk.next();
  talk.say(start({ capabilities: ["segments"] }));
  const started = await talk.next();
  talk.say(typed('{{reply text="A first whole sentence. Then more." hold=4}}'));
  assert.equal((await talk.next()).seq, 0);
  talk.socket.terminate();
  await talk.closed;
  await using stranger = await openSocket(server, "/ws");
  await stranger.next();
  stranger.say(start({ resume_token: started.resume_token, user_id: "someone-else" }));
  assert.equal((await stranger.next()).code, "NOT_FOUND");
  server.model.release();
  await using again = await openSocket(server, "/ws");
  await again.next();
  again.say(start({ resume_token: started.resume_token }));
  const resumed = await again.next();
  assert.equal(resumed.type, "conversation_started");
  assert.equal(resumed.session_id, started.session_id);
  assert.equal(resumed.conversation_id, started.conversation_id);
  const rest = [];
  do rest.push(await again.next());
  while (!rest.at(-1).final);
  assert.ok(rest.some(({ text }) => text === "Then more."));
  again.say(typed("Go on"));
  assert.equal((await again.next()).text, "Echo: Go on");
});

const LEAVING = ["end_conversation", "closing the socket"];
for (const how of LEAVING)
  test(`[X6] ${how} right after typing: all that was typed is stored and answered, in order`, async () => {
    await using server = await startVoiceServer();
    await using talk = await openSocket(server, "/ws");
    const { id } = await server.conversations.create(LOCAL_OWNER, "chat", {}, []);
    await talk.next();
    talk.say(start({ conversation_id: id }));
    await talk.next();
    for (const text of ["First", "Second", "Third"]) talk.say(typed(text));
    if (how === "end_conversation") talk.say({ type: "end_conversation" });
    else talk.socket.close();
    const stored = () => server.conversations.messages(LOCAL_OWNER, id);
    await eventually(async () => (await stored()).length === 6);
    assert.deepEqual(
      (await stored()).map(({ content, status }) => [content, status]),
      ["First", "Second", "Third"].flatMap((text) => [
        [text, "complete"],
        [`Echo: ${text}`, "complete"],
      ]),
    );
  });

test("[X12] a spoken reply that was cut, filtered or stopped says so; a whole one says nothing", async () => {
  await using server = await startVoiceServer();
  for (const capabilities of [[], ["segments"]]) {
    await using talk = await openSocket(server, "/ws");
    await talk.next();
    talk.say(start({ capabilities }));
    const { conversation_id } = await talk.next();
    type Told = {
      type: string;
      code?: string;
      final?: boolean;
      finish_reason?: string;
      status?: string;
    };
    /** Everything up to the last of the reply. */
    const answered = async (): Promise<Told[]> => {
      const told: Told[] = [];
      for (;;) {
        const next = (await talk.next()) as Told;
        told.push(next);
        if (next.type === "ai_response" && next.final !== false) return told;
      }
    };
    const endings: (readonly [string, string | undefined])[] = [
      ["stop", undefined],
      ["length", "length"],
      ["content_filter", "filter"],
    ];
    for (const [finishReason, told] of endings) {
      talk.say(typed(`{{reply text="Whales are big" finishReason=${finishReason}}}`));
      const last = (await answered()).at(-1);
      assert.deepEqual([last?.finish_reason, last?.status], [told, undefined], finishReason);
    }
    talk.say(typed('{{reply text="Whales are big. Ants are small." stall=3}}'));
    await eventually(() => server.turns.stop(LOCAL_OWNER, conversation_id));
    const told = await answered();
    assert.deepEqual(
      told.filter(({ type }) => type === "error").map(({ code }) => code),
      ["CONFLICT"],
    );
    assert.equal(told.at(-1)?.status, "interrupted");
  }
});
