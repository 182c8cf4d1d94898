// Wire 003 on the whole server with its real engines: what no client should send, and what follows from it.
// Runs: waiting
// Takes: 40 s
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { SAMPLE_RATE_HZ, samplesIn } from "../src/domain/audio.ts";
import { openSocket } from "./socket-client.ts";
import { startServer } from "./start-server.ts";
import { skipWithoutPocketsphinx } from "./voice-debian.ts";
import { openVoice, pinkNoise, silence, speech, synthesizer, wavBase64 } from "./voice-sound.ts";
import { send } from "./wire-client.ts";

const skip = skipWithoutPocketsphinx();
const MIB = 1024 * 1024;
const SAID = "What time is it in London?";
const ALL = ["segments", "vad", "interrupt", "metrics"];

const start = (environment: Record<string, string> = {}) =>
  startServer({ builtIn: true, environment });
const chunkOf = (sound: Int16Array) => ({ type: "audio_chunk", audio_data: wavBase64(sound) });
const base64 = (bytes: string | Uint8Array) => Buffer.from(bytes).toString("base64");
const isFinal = (message: { type: string; is_final?: boolean }) =>
  message.type === "transcript" && message.is_final === true;
const isAnswer = ({ type }: { type: string }) => type === "ai_response";
type Message = { readonly type: string };

/** What anybody would hear or read of a turn. */
const turnsOf = (received: readonly { readonly message: Message }[]): Message[] =>
  received
    .map(({ message }) => message)
    .filter(({ type }) => type === "transcript" || type === "ai_response" || type === "error");

before(() => synthesizer.ready());
after(() => synthesizer.close());

test("[S7] everything that is wrong gets its code, and the same socket then hears a sentence", {
  skip,
}, async () => {
  await using server = await start();
  await using talk = await openSocket(server, "/ws");
  assert.equal((await talk.next()).type, "connection_established");
  const refused = async (said: object, code: string, message: RegExp) => {
    talk.say(said);
    const error = await talk.next();
    assert.deepEqual([error.type, error.code], ["error", code]);
    assert.match(error.message, message);
  };
  const audio = (audio_data: unknown) => ({ type: "audio_chunk", audio_data });
  await refused(chunkOf(silence(100)), "NO_SESSION", /^No active conversation session$/);
  await refused({ type: "end_conversation" }, "NO_SESSION", /^No active conversation session$/);
  talk.say({ type: "start_conversation" });
  talk.say({ type: "start_conversation" });
  const [first, second] = [await talk.next(), await talk.next()];
  assert.deepEqual(
    [first.type, second.type, second.message],
    ["conversation_started", "conversation_started", "Ready to listen"],
  );
  for (const nonsense of ["not base64!", "ÄÖÜ", "AAA%", "AAAAA=AA"])
    await refused(audio(nonsense), "PROCESSING_ERROR", /^Audio processing error: .*base64/);
  const page = base64("<html><body>This is no sound at all</body></html>");
  const mp3 = base64(Buffer.concat([Buffer.from("ID3\u0004\0\0\0\0\0\0"), Buffer.alloc(400, 85)]));
  const png = base64(Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"));
  for (const foreign of [page, mp3, png, base64(`RIFF\u0010\0\0\0WAVEfmt ${"\0".repeat(40)}`)])
    await refused(audio(foreign), "PROCESSING_ERROR", /^Audio processing error: This /);
  await refused(audio(base64(Buffer.alloc(10 * MIB))), "PROCESSING_ERROR", /too large/);
  await refused(audio("A".repeat(10 * MIB)), "PROCESSING_ERROR", /too large|at a time/);
  for (const sound of [await speech(SAID), silence(1200)])
    for (let at = 0; at < sound.length; at += 1024) {
      talk.say(chunkOf(sound.slice(at, at + 1024)));
      await sleep(64);
    }
  let answer = await talk.next();
  while (answer.type !== "ai_response") answer = await talk.next();
  assert.match(answer.text, /london/i);
});

test("a message beyond every limit closes that socket with 1009, and no other", {
  skip,
}, async () => {
  await using server = await start();
  await using other = await openVoice(server);
  await using talk = await openSocket(server, "/ws");
  await talk.next();
  talk.say({ type: "audio_chunk", audio_data: "A".repeat(17 * MIB) });
  assert.equal((await talk.closed).code, 1009);
  other.talk.say({ type: "text_input", text: "Still there?" });
  assert.match((await other.until(isAnswer)).message.text, /Still there/);
});

/** Chords that change, each struck and dying away, over a beat of noise. */
function music(milliseconds: number): Int16Array {
  const chords = [
    [220, 277.2, 329.6],
    [196, 246.9, 293.7],
    [174.6, 220, 261.6],
    [164.8, 207.7, 246.9],
  ];
  const beat = samplesIn(500);
  const noise = pinkNoise(milliseconds, -20);
  return Int16Array.from({ length: samplesIn(milliseconds) }, (_, at) => {
    const chord = chords[Math.floor(at / beat) % chords.length] ?? [];
    const struck = Math.exp((-3 * (at % beat)) / beat);
    const drum = (noise[at] ?? 0) * Math.exp((-20 * (at % beat)) / beat);
    const tones = chord.map((hertz) =>
      [1, 2, 3].reduce(
        (sum, harmonic) =>
          sum + Math.sin((2 * Math.PI * hertz * harmonic * at) / SAMPLE_RATE_HZ) / harmonic,
        0,
      ),
    );
    return 1800 * struck * tones.reduce((sum, tone) => sum + tone, 0) + drum;
  });
}

const tone = (hertz: number, milliseconds: number): Int16Array =>
  Int16Array.from(
    { length: samplesIn(milliseconds) },
    (_, at) => 8000 * Math.sin((2 * Math.PI * hertz * at) / SAMPLE_RATE_HZ),
  );

test("pink noise, tones and music: nobody spoke, so nothing is said", { skip }, async () => {
  await using server = await start();
  const sounds = { noise: pinkNoise(5000, -25), tone: tone(440, 5000), music: music(5000) };
  const heard = await Promise.all(
    Object.entries(sounds).map(async ([name, sound]) => {
      await using voice = await openVoice(server, { capabilities: ALL });
      await voice.speak(sound);
      await voice.speak(silence(2500));
      return [name, turnsOf(voice.received)];
    }),
  );
  assert.deepEqual(heard, [
    ["noise", []],
    ["tone", []],
    ["music", []],
  ]);
});

/** What lives after all garbage is gone. */
function keptBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test("an hour of silence, sent as fast as it goes: little memory, nothing said, and then a sentence is heard", {
  skip,
}, async () => {
  await using server = await start();
  await using voice = await openVoice(server, { capabilities: ALL });
  const half = JSON.stringify(chunkOf(silence(30_000)));
  const before = process.memoryUsage().rss;
  const keptBefore = keptBytes();
  let most = 0;
  for (let sent = 0; sent < 120; sent++) {
    voice.talk.say(half);
    while (voice.talk.socket.bufferedAmount > 0) await sleep(5);
    most = Math.max(most, process.memoryUsage().rss);
  }
  const kept = keptBytes() - keptBefore;
  assert.ok(kept < 30 * MIB, `${Math.round(kept / MIB)} MiB are kept of 110`);
  assert.ok(most - before < 300 * MIB, `${Math.round((most - before) / MIB)} MiB at most`);
  const sendsWords = ({ message }: { message: Message & { code?: string } }) =>
    message.code !== "PROCESSING_ERROR";
  assert.deepEqual(turnsOf(voice.received.filter(sendsWords)), []);
  await sleep(4000);
  const from = voice.received.length;
  await voice.speak(await speech(SAID));
  assert.match((await voice.until(isFinal, from)).message.text, /london/i);
  await voice.until(isAnswer, from);
});

test("a client that stops reading while we speak: little memory, others are served, the turn is stored", {
  skip,
}, async () => {
  await using server = await start();
  await using other = await openVoice(server);
  await using deaf = await openSocket(server, "/ws");
  await deaf.next();
  deaf.say({ type: "start_conversation", capabilities: ["segments"], user_id: "deaf" });
  const { conversation_id } = await deaf.next();
  deaf.socket.pause();
  const before = process.memoryUsage().rss;
  const long = Array.from({ length: 60 }, (_, at) => `Sentence number ${at} of very many.`);
  deaf.say({ type: "text_input", text: long.join(" ") });
  for (let count = 0; count < 100; count++) deaf.say({ type: "text_input", text: "And more." });
  other.talk.say({ type: "text_input", text: "And I?" });
  assert.match((await other.until(isAnswer)).message.text, /And I/);
  await sleep(2000);
  const grown = process.memoryUsage().rss - before;
  assert.ok(grown < 150 * MIB, `${Math.round(grown / MIB)} MiB`);
  const headers = { "x-user-id": "deaf" };
  const { body } = await send(
    server,
    "GET",
    `/conversations/${conversation_id}`,
    undefined,
    headers,
  );
  assert.deepEqual(
    body.messages.slice(0, 2).map(({ role }: { role: string }) => role),
    ["user", "assistant"],
  );
});
