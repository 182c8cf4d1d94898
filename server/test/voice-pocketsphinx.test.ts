// Wire 003 with the recogniser of Debian: spoken words in, words and sound out, at the pace of speech.
// Runs: alone
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createPocketsphinxTranscriber } from "../src/adapters/speech/pocketsphinx/index.ts";
import { createSileroDetector } from "../src/adapters/speech/silero/index.ts";
import type { Transcriber } from "../src/ports/speech.ts";
import { pocketsphinxPaths, skipWithoutPocketsphinx } from "./voice-debian.ts";
import { startVoiceServer } from "./voice-server.ts";
import { mix, openVoice, pinkNoise, silence, soundOf, speech, synthesizer } from "./voice-sound.ts";

const ALL = ["segments", "vad", "interrupt", "metrics"];
const detector = createSileroDetector();
const paths = pocketsphinxPaths;
const skip = skipWithoutPocketsphinx();
const transcriber: Transcriber | null = paths ? createPocketsphinxTranscriber({ paths }) : null;

before(() => Promise.all([detector.ready(), synthesizer.ready(), transcriber?.ready()]));
after(async () => {
  await transcriber?.close();
  await synthesizer.close();
});

const start = () =>
  startVoiceServer({ builtIn: true, speech: { detector, transcriber, synthesizer } });
const isFinal = (message: { type: string; is_final?: boolean }) =>
  message.type === "transcript" && message.is_final === true;

test("[S3] partial transcripts while the person speaks, the final one after; the reply can be recognised", {
  skip,
}, async () => {
  await using server = await start();
  await using voice = await openVoice(server, { capabilities: ALL });
  const said = await speech("Please turn on the light in the kitchen.", "slt");
  const endedAt = await voice.speak(mix(said, pinkNoise(said.length / 16, -50)));
  const { message, atMs } = await voice.until(isFinal);
  assert.match(message.text, /the kitchen/i);
  const partials = voice.received.filter((received) => received.atMs < endedAt);
  assert.ok(partials.some((received) => received.message.type === "transcript"));
  const answer = await voice.until(({ type }) => type === "ai_response");
  assert.ok(answer.atMs - endedAt < 5000, `${answer.atMs - endedAt} ms, ${atMs - endedAt}`);
  const utterance = transcriber?.open(new AbortController().signal);
  utterance?.push(silence(300));
  utterance?.push(soundOf(answer.message.audio_data));
  utterance?.push(silence(300));
  utterance?.end();
  let heard = "";
  for await (const { text } of utterance?.transcripts ?? []) heard = text;
  assert.match(heard, /you said/i);
});

test("[S6] our own echo does not stop the reply, other words do", { skip }, async () => {
  await using server = await start();
  await using voice = await openVoice(server, { capabilities: ALL });
  const story = "There was a little house in the forest, and in it lived an old man with his dog.";
  voice.talk.say({ type: "text_input", text: story });
  const { message: first } = await voice.until(({ type }) => type === "ai_response");
  // The loudspeaker's sound comes back, weaker, until the client has become silent.
  const echo = soundOf(first.audio_data).map((sample) => sample / 6);
  await voice.speak(echo.subarray(0, 16_000));
  const from = voice.received.length;
  await voice.speak(silence(2500));
  const finals = voice.transcripts().filter(isFinal);
  assert.deepEqual(finals, []);
  assert.ok(voice.received.slice(from).every(({ message }) => message.type !== "transcript"));
  await voice.speak(await speech("Please tell me about the weather."));
  const { message } = await voice.until(isFinal);
  assert.match(message.text, /weather/i);
  const isOther = (answer: { response_id?: string }) => answer.response_id !== first.response_id;
  await voice.until((answer) => answer.type === "ai_response" && isOther(answer));
});
