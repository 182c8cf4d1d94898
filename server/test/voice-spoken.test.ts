// Wire 003 with speech: real detector, real synthesizer, a recogniser on a real port; at the pace of speech.
// Runs: waiting
// Takes: 30 s
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createSileroDetector } from "../src/adapters/speech/silero/index.ts";
import { watchMachine } from "./machine-speed.ts";
import { startRecogniser } from "./voice-recogniser.ts";
import { LOCAL_OWNER, startVoiceServer } from "./voice-server.ts";
import { openVoice, pinkNoise, silence, soundOf, speech, synthesizer } from "./voice-sound.ts";

const ALL = ["segments", "vad", "interrupt", "metrics"];
const detector = createSileroDetector();

before(() => Promise.all([detector.ready(), synthesizer.ready()]));
after(() => synthesizer.close());

async function start(options: { readonly delayMs?: number; readonly builtIn?: boolean } = {}) {
  await using opened = new AsyncDisposableStack();
  const recogniser = opened.use(await startRecogniser(options));
  const { transcriber } = recogniser;
  const server = opened.use(
    await startVoiceServer({ ...options, speech: { detector, transcriber, synthesizer } }),
  );
  const resources = opened.move();
  return { ...server, recogniser, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

const isFinal = (message: { type: string; is_final?: boolean }) =>
  message.type === "transcript" && message.is_final === true;
const isAnswer = ({ type }: { type: string }) => type === "ai_response";

test("[S3] [S4] speech in, transcript, one whole reply as WAV out; [S9] both are stored", async () => {
  await using server = await start();
  server.recogniser.next("Hello, how are you?");
  await using voice = await openVoice(server);
  assert.equal(voice.started.message, "Ready to listen");
  using machine = watchMachine();
  const saidAt = await voice.speak(await speech("Hello, how are you?"));
  const { message: transcript } = await voice.until(isFinal);
  assert.deepEqual(transcript, {
    type: "transcript",
    text: "Hello, how are you?",
    is_final: true,
    turn_detected: true,
  });
  const { message: answer, atMs } = await voice.until(isAnswer);
  assert.deepEqual(Object.keys(answer), ["type", "text", "audio_data"]);
  assert.equal(answer.text, "Echo: Hello, how are you?");
  const file = Buffer.from(answer.audio_data, "base64");
  assert.equal(file.toString("latin1", 0, 4), "RIFF");
  assert.equal(file.readUInt32LE(24), 16_000);
  assert.equal(file.readUInt16LE(22), 1);
  assert.equal(file.readUInt16LE(34), 16);
  assert.ok(soundOf(answer.audio_data).length > 16_000);
  assert.ok(atMs - saidAt < 1500 * machine.slowness(), `${atMs - saidAt} ms`);
  const [heard] = server.recogniser.heard;
  const spokenMs = (await speech("Hello, how are you?")).length / 16;
  assert.ok(heard && heard.durationMs > spokenMs, "no first word is clipped");
  const [conversation] = (await server.conversations.list(LOCAL_OWNER, { limit: 1, offset: 0 }))
    .items;
  assert.equal(conversation?.origin, "voice");
  const messages = await server.conversations.messages(LOCAL_OWNER, conversation?.id ?? "");
  assert.deepEqual(
    messages.map(({ role, content }) => [role, content]),
    [
      ["user", "Hello, how are you?"],
      ["assistant", "Echo: Hello, how are you?"],
    ],
  );
  const only = voice.received.filter(({ message }) => isAnswer(message));
  assert.equal(only.length, 1);
});

test("[S5] with capabilities: speech_started, speech_stopped, segments and metrics", async () => {
  await using server = await start();
  server.recogniser.next("What time is it now?");
  await using voice = await openVoice(server, { capabilities: ALL });
  await voice.speak(await speech("What time is it now?"));
  await voice.until(({ type }) => type === "metrics");
  const types = voice.received.slice(2).map(({ message }) => message.type);
  assert.deepEqual(types.slice(0, 2), ["speech_started", "speech_stopped"]);
  const first = voice.received.find(({ message }) => isAnswer(message))?.message;
  assert.equal(first.seq, 0);
  const metrics = voice.received.at(-1)?.message;
  for (const stage of ["transcript", "endpoint", "first_token", "first_audio", "total"])
    assert.ok(metrics[`${stage}_ms`] >= 0, JSON.stringify(metrics));
  assert.ok(metrics.endpoint_ms < 700, JSON.stringify(metrics));
});

test("a pause inside a sentence that is not finished does not end the turn; the model is asked once more", async () => {
  await using server = await start();
  server.recogniser.always((durationMs) =>
    durationMs < 2600 ? "I would like to" : "I would like to go home.",
  );
  await using voice = await openVoice(server);
  await voice.speak(await speech("I would like to"));
  await voice.speak(silence(700));
  await voice.speak(await speech("go home with you tomorrow."));
  const { message } = await voice.until(isFinal);
  assert.equal(message.text, "I would like to go home.");
  assert.equal(voice.transcripts().filter(isFinal).length, 1);
  await voice.until(isAnswer);
});

test("[S6] speaking over the reply stops it, and what was not heard is not stored as said", async () => {
  await using server = await start();
  const reply =
    "This is the first sentence of a long reply. And here comes the second one, which takes a while. The third is never heard.";
  server.recogniser.next(`{{reply text="${reply}"}}`);
  await using voice = await openVoice(server, { capabilities: ALL });
  await voice.speak(await speech("Tell me a long story."));
  const { atMs: firstSoundAt } = await voice.until(isAnswer);
  server.recogniser.next("Stop that now please.");
  await voice.speak(silence(1800));
  const over = await speech("Stop that now please.");
  const saidAt = await voice.speak(over);
  const { message: interrupted, atMs: silencedAt } = await voice.until(
    ({ type }) => type === "interrupted",
  );
  const beganAt = saidAt - over.length / 16;
  assert.ok(silencedAt - beganAt < 450, `silence after ${silencedAt - beganAt} ms`);
  assert.ok(
    interrupted.played_ms > 1000 && interrupted.played_ms < silencedAt - firstSoundAt + 100,
  );
  assert.ok(reply.startsWith(interrupted.spoken_text), interrupted.spoken_text);
  const from = voice.received.length;
  await voice.until(({ type, final }) => type === "ai_response" && final, from);
  const messages = await server.conversations.messages(LOCAL_OWNER, voice.started.conversation_id);
  assert.equal(messages[1]?.status, "interrupted");
  assert.ok(reply.startsWith(messages[1]?.content ?? "?"));
  assert.ok((messages[1]?.content.length ?? 999) < reply.length - 20);
  assert.equal(messages[2]?.content, "Stop that now please.");
});

test("[S6] mhm while we speak is no interruption: the reply goes on", async () => {
  await using server = await start();
  server.recogniser.next(
    '{{reply text="This is the first sentence of a long reply. And here comes the second one, which takes a while."}}',
  );
  await using voice = await openVoice(server, { capabilities: ALL });
  await voice.speak(await speech("Tell me a long story."));
  const { message: first } = await voice.until(isAnswer);
  server.recogniser.next("Yes.");
  await voice.speak(silence(1000));
  await voice.speak(await speech("Yes."));
  await voice.until(({ type }) => type === "interrupted");
  const from = voice.received.length;
  const { message: again } = await voice.until(isAnswer, from);
  assert.equal(again.response_id, first.response_id);
  assert.equal(again.text, "This is the first sentence of a long reply.");
  assert.equal(voice.transcripts().filter(isFinal).length, 1);
});

test("pink noise and silence bring nothing at all", async () => {
  await using server = await start();
  await using voice = await openVoice(server, { capabilities: ALL });
  await voice.speak(pinkNoise(3000, -30));
  await voice.speak(silence(1500));
  const messages = voice.received.slice(2).map(({ message }) => message.type);
  assert.deepEqual(
    messages.filter((type) => !type.startsWith("speech_")),
    [],
  );
});
