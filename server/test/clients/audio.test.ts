// The audio wire through the unmodified `openai` clients of three major versions.
// Runs: waiting
import assert from "node:assert/strict";
import { after, test } from "node:test";
import OpenAi7, { toFile } from "openai";
import OpenAi4 from "openai-4";
import OpenAi6 from "openai-6";
import { wordErrors } from "../speech/words.ts";
import { startServer } from "../start-server.ts";
import { skipWithoutPocketsphinx } from "../voice-debian.ts";

const SENTENCE = "What is the weather like tomorrow?";
const server = await startServer({ builtIn: true });
after(() => server[Symbol.asyncDispose]());

const options = { baseURL: `${server.url}/v1`, apiKey: "anything" };
const speech = { model: "tts-1", voice: "alloy", input: SENTENCE, response_format: "wav" } as const;

for (const [version, client] of [
  ["4", new OpenAi4(options) as unknown as OpenAi7],
  ["6", new OpenAi6(options) as unknown as OpenAi7],
  ["7", new OpenAi7(options)],
] as const)
  test(`[AU1] [AU2] openai ${version}: what it has had read aloud, it has written down`, {
    skip: skipWithoutPocketsphinx(),
  }, async () => {
    const sound = Buffer.from(await (await client.audio.speech.create(speech)).arrayBuffer());
    assert.equal(sound.toString("latin1", 0, 4), "RIFF");
    const file = await toFile(sound, "speech.wav");
    const { text } = await client.audio.transcriptions.create({ file, model: "whisper-1" });
    assert.ok(wordErrors(SENTENCE, text) <= 2, text);
  });

test("[AU2] openai 7: a transcription comes as events", {
  skip: skipWithoutPocketsphinx(),
}, async () => {
  const client = new OpenAi7(options);
  const sound = Buffer.from(await (await client.audio.speech.create(speech)).arrayBuffer());
  const file = await toFile(sound, "speech.wav");
  const model = "gpt-4o-transcribe";
  const events = [];
  for await (const event of await client.audio.transcriptions.create({ file, model, stream: true }))
    events.push(event);
  assert.deepEqual(
    [...new Set(events.map(({ type }) => type))],
    ["transcript.text.delta", "transcript.text.done"],
  );
});

test("[AU1] openai 7: a refusal is an error that names the field", async () => {
  const client = new OpenAi7(options);
  const asked = client.audio.speech.create({ ...speech, response_format: "mp3" });
  await assert.rejects(asked, { status: 400, param: "response_format", code: "unsupported_value" });
});
