// Every speech engine that can run here, held to its port's contract.
// Runs: waiting
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { createFliteSynthesizer } from "../src/adapters/speech/flite/index.ts";
import { createOpenAiSynthesizer } from "../src/adapters/speech/openai-audio/synthesizer.ts";
import { createOpenAiTranscriber } from "../src/adapters/speech/openai-audio/transcriber.ts";
import { withFallback } from "../src/adapters/speech/openai-audio/with-fallback.ts";
import { createSileroDetector } from "../src/adapters/speech/silero/index.ts";
import { samplesIn } from "../src/domain/audio.ts";
import type { SpeechEngine } from "../src/ports/speech.ts";
import { referenceSound } from "./speech/silero-reference.ts";
import { chunksOf, collect, loudnessDbfs, sayWithFlite } from "./speech/sound.ts";
import { detectorContract, synthesizerContract, transcriberContract } from "./speech.contract.ts";
import { startSpeechServer } from "./speech-server.ts";

const never = new AbortController().signal;

/** The engine, with the server behind it closed when it is closed. */
const serving = <T extends SpeechEngine>(engine: T, server: AsyncDisposable): T => ({
  ...engine,
  async close() {
    await engine.close();
    await server[Symbol.asyncDispose]();
  },
});

const remoteSynthesizer = async () => {
  const server = await startSpeechServer();
  server.behaviour.speak = async (text) => {
    const samples = await sayWithFlite(text);
    return samples.length > 0 ? samples : sayWithFlite("something else");
  };
  const settings = { baseUrl: server.baseUrl, model: "tts-1", apiKey: null };
  return serving(createOpenAiSynthesizer({ server: settings, voice: "alloy" }), server);
};

detectorContract("silero", () => createSileroDetector());
synthesizerContract("flite", () => createFliteSynthesizer());
synthesizerContract("openai-audio", remoteSynthesizer);
synthesizerContract("openai-audio, with flite behind it", async () =>
  withFallback(await remoteSynthesizer(), createFliteSynthesizer()),
);

const SENTENCES = ["What time is it in London?", "I have lost my keys again."];

const spoken = () =>
  Promise.all(
    SENTENCES.map(async (text): Promise<[string, Int16Array]> => [text, await sayWithFlite(text)]),
  );

transcriberContract(
  "openai-audio",
  async () => {
    const server = await startSpeechServer();
    for (const [text, sound] of await spoken()) server.transcripts.set(sound.length, text);
    const settings = { baseUrl: server.baseUrl, model: "whisper-1", apiKey: null };
    return serving(createOpenAiTranscriber({ server: settings }), server);
  },
  spoken,
);

describe("silero", () => {
  test("gives what ONNX Runtime gives for the same model and sound", async () => {
    const file = new URL("./speech/silero-reference.json", import.meta.url);
    const expected = JSON.parse(await readFile(file, "utf8")) as number[];
    const engine = createSileroDetector();
    await engine.ready();
    const stream = engine.open();
    const frames = chunksOf(await referenceSound(), engine.frameSamples);
    for (const [i, probability] of expected.entries()) {
      const difference = Math.abs(stream.push(frames[i]!) - probability);
      assert.ok(difference < 1e-4, `frame ${i}: off by ${difference}`);
    }
  });
  test("a model file that is missing, cut off or something else is an error in words", async () => {
    for (const modelFile of ["/nowhere/silero.onnx", import.meta.filename, "/dev/null"])
      await assert.rejects(createSileroDetector({ modelFile }).ready(), {
        code: "unavailable",
        forOperator: /^The voice activity detector cannot use .*: ./,
      });
  });
});

describe("flite", () => {
  const engine = createFliteSynthesizer({ threads: 1 });
  const speak = (text: string, voice: string | null = null) =>
    collect(engine.speak(text, { voice }, never));

  test("an unknown voice is the default one", async () => {
    assert.deepEqual(await speak("Hello.", "alloy"), await speak("Hello.", "slt"));
    assert.notDeepEqual(await speak("Hello.", "rms"), await speak("Hello.", "slt"));
  });
  test("all voices are equally loud", async () => {
    for (const voice of engine.voices) {
      const loudness = loudnessDbfs(await speak("I would like to order a large pizza.", voice));
      assert.ok(Math.abs(loudness + 21) < 3, `${voice}: ${loudness} dBFS`);
    }
  });
  test("the first piece of a long sentence comes before the others are made", async () => {
    const text = "When the sun had set behind the hills, we walked home along the river, ".repeat(
      3,
    );
    const lengths = (await Array.fromAsync(engine.speak(text, { voice: null }, never))).map(
      (piece) => piece.length,
    );
    assert.ok(lengths.length >= 3, `${lengths.length} pieces`);
    assert.ok(lengths[0]! < samplesIn(4_000), `${lengths[0]} samples`);
  });
  test("who asks for little is not kept waiting by who asks for much", async () => {
    const order: string[] = [];
    const long = speak("One thing, another thing, and yet another thing. ".repeat(12));
    const short = speak("Yes.");
    await Promise.all([
      long.then(() => order.push("much")),
      short.then(() => order.push("little")),
    ]);
    assert.deepEqual(order, ["little", "much"]);
  });
  test("what hangs is given up, and the next sentence is spoken by a new thread", async () => {
    const hasty = createFliteSynthesizer({ threads: 1, jobTimeoutMs: 1 });
    await hasty.ready();
    const attempt = () => collect(hasty.speak("word ".repeat(30), { voice: "awb" }, never));
    for (let i = 0; i < 2; i++)
      await assert.rejects(attempt(), { code: "model_failed", message: /could not be spoken/ });
    await hasty.close();
  });
  test("closing ends what waits", async () => {
    const closed = createFliteSynthesizer({ threads: 1 });
    await closed.ready();
    const speaking = collect(closed.speak("Hello. ".repeat(30), { voice: null }, never));
    await Promise.all([assert.rejects(speaking, { code: "model_failed" }), closed.close()]);
  });
});
