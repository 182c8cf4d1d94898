// Wire 003: sound in every form, engines that fail, clients that do not read, and who may talk at all.
// Runs: waiting
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createSileroDetector } from "../src/adapters/speech/silero/index.ts";
import { encodeWav } from "../src/domain/audio/wav.ts";
import { AppError } from "../src/domain/errors.ts";
import type { Synthesizer } from "../src/ports/speech.ts";
import { openSocket, refusedSocket } from "./socket-client.ts";
import { startRecogniser } from "./voice-recogniser.ts";
import { LOCAL_OWNER, startVoiceServer } from "./voice-server.ts";
import { join, openVoice, silence, speech, synthesizer } from "./voice-sound.ts";

const detector = createSileroDetector();
before(() => Promise.all([detector.ready(), synthesizer.ready()]));
after(() => synthesizer.close());

async function start(speechParts: object = {}) {
  await using opened = new AsyncDisposableStack();
  const recogniser = opened.use(await startRecogniser());
  const { transcriber } = recogniser;
  const server = opened.use(
    await startVoiceServer({ speech: { detector, transcriber, synthesizer, ...speechParts } }),
  );
  const resources = opened.move();
  return { ...server, recogniser, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** The sound as it would come from a microphone of 48 kHz with two channels. */
function stereo48k(samples: Int16Array): Buffer {
  const frames = new Int16Array(samples.length * 3 * 2);
  for (let at = 0; at < samples.length * 3; at++) {
    const from = samples[Math.floor(at / 3)] ?? 0;
    const to = samples[Math.floor(at / 3) + 1] ?? from;
    frames[2 * at] = frames[2 * at + 1] = from + ((to - from) * (at % 3)) / 3;
  }
  return wavOf(Buffer.from(frames.buffer), 48_000, 2);
}

function wavOf(data: Buffer, sampleRateHz: number, channels: number): Buffer {
  const file = Buffer.from(encodeWav(new Int16Array(data.length / 2), sampleRateHz));
  file.writeUInt16LE(channels, 22);
  file.writeUInt32LE(sampleRateHz * channels * 2, 28);
  file.writeUInt16LE(channels * 2, 32);
  data.copy(file, 44);
  return file;
}

const SAID = "What time is it now?";
const cut = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
const pcm = (samples: Int16Array): Buffer =>
  Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
const wav = (samples: Int16Array): Buffer => Buffer.from(encodeWav(samples, 16_000));

const FORMS: Record<string, (sound: Int16Array) => { chunks: Buffer[]; everyMs: number }> = {
  "bare PCM in chunks of 10 ms": (sound) => ({ chunks: cut(pcm(sound), 320), everyMs: 10 }),
  "one WAV header at the start only": (sound) => ({ chunks: cut(wav(sound), 2048), everyMs: 64 }),
  "chunks of an odd number of bytes": (sound) => ({ chunks: cut(wav(sound), 2047), everyMs: 64 }),
  "a WAV of 48 kHz stereo per chunk": (sound) => ({
    chunks: cut(pcm(sound), 3200).map((part) =>
      stereo48k(new Int16Array(new Uint8Array(part).buffer)),
    ),
    everyMs: 100,
  }),
  "the whole sentence at once": (sound) => ({ chunks: [wav(sound)], everyMs: 0 }),
};

for (const [name, form] of Object.entries(FORMS))
  test(`[S2] ${name} is understood`, async () => {
    await using server = await start();
    server.recogniser.next(SAID);
    await using talk = await openSocket(server, "/ws");
    await talk.next();
    talk.say({ type: "start_conversation" });
    await talk.next();
    const { chunks, everyMs } = form(join(silence(300), await speech(SAID), silence(1200)));
    for (const chunk of chunks) {
      talk.say({ type: "audio_chunk", audio_data: chunk.toString("base64") });
      await sleep(everyMs);
    }
    assert.equal((await talk.next()).text, SAID);
    assert.equal((await talk.next()).text, SAID);
    assert.equal((await talk.next()).text, `Echo: ${SAID}`);
    const heardMs = server.recogniser.heard[0]?.durationMs ?? 0;
    const spokenMs = (await speech(SAID)).length / 16;
    assert.ok(heardMs > spokenMs && heardMs < spokenMs + 1200, `${heardMs} ms of ${spokenMs}`);
    assert.deepEqual(server.internalErrors, []);
  });

test("[S2] sound that stops coming in the middle of a turn ends the turn", async () => {
  await using server = await start();
  server.recogniser.next(SAID);
  await using talk = await openSocket(server, "/ws");
  await talk.next();
  talk.say({ type: "start_conversation" });
  await talk.next();
  for (const chunk of cut(pcm(await speech(SAID)), 2048)) {
    talk.say({ type: "audio_chunk", audio_data: chunk.toString("base64") });
    await sleep(64);
  }
  assert.equal((await talk.next()).text, SAID);
  assert.equal((await talk.next()).turn_detected, true);
});

test("[S7] a recogniser that is down while it is needed: PROCESSING_ERROR, and typed text is answered", async () => {
  await using server = await start();
  await using voice = await openVoice(server);
  await server.recogniser[Symbol.asyncDispose]();
  await voice.speak(await speech(SAID));
  const { message } = await voice.until(({ type }) => type === "error");
  assert.equal(message.code, "PROCESSING_ERROR");
  assert.match(message.message, /^Audio processing error: ./);
  voice.talk.say({ type: "text_input", text: "Typed" });
  assert.equal(
    (await voice.until(({ type }) => type === "ai_response")).message.text,
    "Echo: Typed",
  );
});

test("[S11] a recogniser that is down at the start is said so; typed text is answered", async () => {
  await using server = await start();
  await server.recogniser[Symbol.asyncDispose]();
  await using voice = await openVoice(server);
  assert.match(voice.started.message, /does not work now/);
  voice.talk.say({ type: "text_input", text: "Typed" });
  await voice.until(({ type }) => type === "ai_response");
});

test("[S4] a synthesizer that fails: an error in words, and the text without sound", async () => {
  const broken: Synthesizer = {
    name: "broken",
    voices: [],
    ready: async () => {},
    close: async () => {},
    // biome-ignore lint/correctness/useYield: it fails before there is anything
    async *speak() {
      throw new AppError("model_failed", "The reply could not be spoken");
    },
  };
  await using server = await start({ synthesizer: broken });
  await using voice = await openVoice(server);
  voice.talk.say({ type: "text_input", text: "One sentence. And another one." });
  const { message } = await voice.until(({ type }) => type === "ai_response");
  assert.equal(message.text, "Echo: One sentence. And another one.");
  assert.equal(message.audio_data, "");
  const errors = voice.received.filter((received) => received.message.type === "error");
  assert.deepEqual(
    errors.map((received) => received.message.code),
    ["PROCESSING_ERROR"],
  );
});

test("a client that reads nothing while we speak costs little, and is cut off at most", async () => {
  await using server = await start({ transcriber: null });
  await using talk = await openSocket(server, "/ws");
  await talk.next();
  talk.say({ type: "start_conversation", capabilities: ["segments"] });
  await talk.next();
  talk.socket.pause();
  const long = Array.from({ length: 40 }, (_, at) => `Sentence number ${at} of many.`).join(" ");
  const before = process.memoryUsage().rss;
  talk.say({ type: "text_input", text: long });
  for (let count = 0; count < 50; count++) talk.say({ type: "text_input", text: "More" });
  const turn = async () =>
    (await server.conversations.list(LOCAL_OWNER, { limit: 1, offset: 0 })).total > 0;
  while (!(await turn())) await sleep(20);
  await sleep(1500);
  assert.ok(process.memoryUsage().rss - before < 150 * 1024 * 1024);
  talk.socket.resume();
  assert.deepEqual(server.internalErrors, []);
});

test("sound that is sent faster than it can be heard is refused at two minutes, not kept", async () => {
  await using server = await start();
  await using talk = await openSocket(server, "/ws");
  await talk.next();
  talk.say({ type: "start_conversation" });
  await talk.next();
  const chunk = wav(silence(25_000)).toString("base64");
  for (let count = 0; count < 12; count++) talk.say({ type: "audio_chunk", audio_data: chunk });
  const { code, message } = await talk.next();
  assert.equal(code, "PROCESSING_ERROR");
  assert.match(message, /no faster than it is spoken/);
});

test("who may talk is decided at the handshake, and again for the user that a start names", async () => {
  await using server = await startVoiceServer();
  const foreign = await refusedSocket(server, "/ws", { origin: "https://elsewhere.example" });
  assert.equal(foreign.status, 403);
  const proxied = await refusedSocket(server, "/ws", {
    headers: { "x-forwarded-for": "203.0.113.7" },
  });
  assert.equal(proxied.status, 403);
  const stale = await refusedSocket(server, "/ws", {
    headers: { authorization: "Bearer ck_unknown" },
  });
  assert.equal(stale.status, 401);
  await using talk = await openSocket(server, "/ws", { headers: { "x-user-id": "ada" } });
  await talk.next();
  talk.say({ type: "start_conversation", user_id: "bob" });
  assert.equal((await talk.next()).code, "INVALID_REQUEST");
  talk.say({ type: "start_conversation", user_id: "ada" });
  assert.equal((await talk.next()).type, "conversation_started");
});

test("[X9] a conversation of another user is as absent as none", async () => {
  await using server = await startVoiceServer();
  const ada = { ...LOCAL_OWNER, userId: "ada" };
  const { id } = await server.conversations.create(ada, "chat", {}, []);
  await using talk = await openSocket(server, "/ws");
  await talk.next();
  const open = async (more: object) => {
    talk.say({ type: "start_conversation", conversation_id: id, ...more });
    return talk.next();
  };
  assert.equal((await open({ user_id: "ada" })).type, "conversation_started");
  const theirs = await open({ user_id: "bob" });
  const none = await open({ user_id: "bob", conversation_id: crypto.randomUUID() });
  assert.deepEqual(theirs, none);
});
