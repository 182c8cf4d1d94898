// The OpenAI-compatible engines against a real server that does wrong in every way.
// Runs: waiting
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createOpenAiSynthesizer } from "../src/adapters/speech/openai-audio/synthesizer.ts";
import { createOpenAiTranscriber } from "../src/adapters/speech/openai-audio/transcriber.ts";
import { withFallback } from "../src/adapters/speech/openai-audio/with-fallback.ts";
import { AppError, type ErrorCode } from "../src/domain/errors.ts";
import type { Synthesizer } from "../src/ports/speech.ts";
import { collect } from "./speech/sound.ts";
import { transcribe } from "./speech.contract.ts";
import { type Fault, type SpeechServer, startSpeechServer } from "./speech-server.ts";

const never = new AbortController().signal;
const QUICK = { answerTimeoutMs: 300, idleTimeoutMs: 300, connectTimeoutMs: 300 };
const speech = new Int16Array(8_000).fill(1_000);

const transcriberOf = (server: SpeechServer, apiKey: string | null = "key") =>
  createOpenAiTranscriber({
    server: { baseUrl: server.baseUrl, model: "whisper-1", apiKey },
    timeouts: QUICK,
  });

const synthesizerOf = (server: SpeechServer, format: "wav" | "pcm" = "wav") =>
  createOpenAiSynthesizer({
    server: { baseUrl: `${server.baseUrl}/`, model: "tts-1", apiKey: "key" },
    voice: "alloy",
    format,
    timeouts: QUICK,
  });

const speak = (
  engine: Synthesizer,
  text = "Hello there, my friend.",
  voice: string | null = null,
) => collect(engine.speak(text, { voice }, never));

const rejects = (action: Promise<unknown>, code: ErrorCode, ...words: RegExp[]) =>
  assert.rejects(action, (error) => {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, code, error.message);
    for (const pattern of words) assert.match(error.forOperator ?? error.message, pattern);
    assert.doesNotMatch(`${error.forOperator}`, /secret|127\.0\.0\.1/);
    assert.doesNotMatch(error.message, /[ST]T[TS]_|secret|127\.0\.0\.1/);
    return true;
  });

describe("recognition", () => {
  test("sends what the settings say", async () => {
    await using server = await startSpeechServer();
    const engine = transcriberOf(server);
    await transcribe(engine, speech);
    assert.deepEqual(server.requests, [
      {
        path: "/v1/audio/transcriptions",
        authorization: "Bearer key",
        fields: { model: "whisper-1", response_format: "json", stream: "true" },
        sampleCount: 8_000,
      },
    ]);
    await engine.close();
  });
  for (const streaming of ["openai", "vllm"] as const)
    test(`gives the deltas of a server that streams (${streaming})`, async () => {
      await using server = await startSpeechServer();
      server.behaviour.streaming = streaming;
      server.transcripts.set(8_000, "how are you");
      const transcripts = await transcribe(transcriberOf(server), speech);
      assert.deepEqual(transcripts.at(-1), { text: "how are you", isFinal: true });
      assert.deepEqual(
        transcripts.slice(0, 3).map(({ text }) => text),
        ["how", "how are", "how are you"],
      );
    });
  test("a server that refuses to stream is asked without, from then on", async () => {
    await using server = await startSpeechServer();
    server.behaviour.streaming = "refuse";
    const engine = transcriberOf(server);
    for (const requests of [2, 3]) {
      assert.equal((await transcribe(engine, speech)).at(-1)?.text, "8000 samples");
      assert.equal(server.requests.length, requests);
    }
  });
  test("tries again what may pass", async () => {
    await using server = await startSpeechServer();
    server.faults.push(500, "reset");
    assert.equal((await transcribe(transcriberOf(server), speech)).length, 1);
    assert.equal(server.requests.length, 3);
  });

  const cases: readonly (readonly [Fault, number, ErrorCode, RegExp])[] = [
    [401, 1, "unavailable", /STT_API_KEY/],
    [404, 1, "unavailable", /STT_BASE_URL and STT_MODEL/],
    [422, 2, "model_failed", /STT_MODEL/],
    [429, 3, "unavailable", /too often/],
    [500, 3, "unavailable", /failed \(HTTP 500\)/],
    ["stall", 1, "unavailable", /in time.*STT_BASE_URL/],
    ["reset", 3, "unavailable", /cannot be reached.*STT_BASE_URL/],
    ["cut", 1, "unavailable", /STT_BASE_URL/],
    ["garbage", 1, "model_failed", /no transcript/],
    ["wrong type", 1, "model_failed", /no transcript/],
    ["empty", 1, "model_failed", /no transcript/],
  ];
  for (const [fault, requests, code, words] of cases)
    test(`${fault}: an error in words, after ${requests} requests`, async () => {
      await using server = await startSpeechServer();
      server.faults.push(fault, fault, fault);
      await rejects(transcribe(transcriberOf(server), speech), code, words, /speech recogniser/);
      assert.equal(server.requests.length, requests);
    });
  test("a long Retry-After is not waited for, but told", async () => {
    await using server = await startSpeechServer();
    server.behaviour.retryAfter = "60";
    server.faults.push(429);
    const failure = await transcribe(transcriberOf(server), speech).catch((error) => error);
    assert.equal(failure.retryAfterMs, 60_000);
  });
  test("ready says whether it is there, and takes the key", async () => {
    await using server = await startSpeechServer();
    await transcriberOf(server).ready();
    await rejects(transcriberOf(server, "wrong").ready(), "unavailable", /STT_API_KEY/);
    const nobody = { ...server, baseUrl: "http://127.0.0.1:1/v1" };
    await rejects(transcriberOf(nobody).ready(), "unavailable", /STT_BASE_URL/);
  });
});

describe("speech", () => {
  test("sends what the settings say, and the voice that is asked for", async () => {
    await using server = await startSpeechServer();
    await speak(synthesizerOf(server));
    await speak(synthesizerOf(server), "Hi.", "nova");
    const fields = { model: "tts-1", voice: "alloy", response_format: "wav" };
    assert.deepEqual(
      server.requests.map((request) => request.fields),
      [
        { ...fields, input: "Hello there, my friend." },
        { ...fields, input: "Hi.", voice: "nova" },
      ],
    );
  });
  for (const format of ["wav", "pcm"] as const)
    for (const sent of ["as asked", "pcm"] as const)
      test(`asked for ${format}, sent ${sent}: 24 kHz becomes 16 kHz`, async () => {
        await using server = await startSpeechServer();
        server.behaviour.speech = sent;
        const samples = await speak(synthesizerOf(server, format), "0123456789");
        assert.ok(Math.abs(samples.length - 12_800) < 200, `${samples.length}`);
      });
  test("a long text goes in parts that the wire takes", async () => {
    await using server = await startSpeechServer();
    const words = "word ".repeat(1_000);
    assert.ok((await speak(synthesizerOf(server), words)).length > 0);
    assert.deepEqual(
      server.requests.map(({ fields }) => String(fields.input).length <= 4_000),
      [true, true],
    );
  });
  test("tries again before the first sound", async () => {
    await using server = await startSpeechServer();
    server.faults.push(503);
    assert.ok((await speak(synthesizerOf(server))).length > 0);
  });

  const cases: readonly (readonly [Fault | "mp3", ErrorCode, RegExp])[] = [
    [401, "unavailable", /TTS_API_KEY/],
    [400, "model_failed", /TTS_MODEL and TTS_VOICE/],
    ["stall", "unavailable", /in time.*TTS_BASE_URL/],
    ["garbage", "model_failed", /WAV/],
    ["wrong type", "model_failed", /text\/html, not with WAV/],
    ["empty", "model_failed", /without any sound/],
    ["mp3", "model_failed", /MP3, not with WAV/],
  ];
  for (const [fault, code, words] of cases)
    test(`${fault}: an error in words, or the embedded engine`, async () => {
      await using server = await startSpeechServer();
      if (fault === "mp3") server.behaviour.speech = "mp3";
      else server.faults.push(fault, fault);
      await rejects(speak(synthesizerOf(server)), code, words, /speech synthesizer/);
      const failures: unknown[] = [];
      const engine = withFallback(synthesizerOf(server), embedded, {
        onFailure: (error) => failures.push(error),
      });
      assert.deepEqual(await speak(engine), EMBEDDED_SOUND);
      assert.equal(failures.length, 1);
    });
  test("broken off after the first sound: what came, then the error, not a second voice", async () => {
    await using server = await startSpeechServer();
    server.faults.push("cut");
    let heard = 0;
    const engine = withFallback(synthesizerOf(server), embedded);
    const listening = async () => {
      for await (const piece of engine.speak("Hello.", { voice: null }, never))
        heard += piece.length;
    };
    await rejects(listening(), "unavailable", /TTS_BASE_URL/);
    assert.ok(heard > 1_000, `${heard} samples`);
  });
});

const EMBEDDED_SOUND = Int16Array.of(1, 2, 3);
const embedded: Synthesizer = {
  name: "embedded",
  voices: ["only"],
  ready: async () => {},
  close: async () => {},
  async *speak() {
    yield EMBEDDED_SOUND;
  },
};

describe("fallback", () => {
  test("a failed engine is left alone for a while, then tried again", async () => {
    await using server = await startSpeechServer();
    let nowMs = 0;
    const engine = withFallback(synthesizerOf(server), embedded, {
      pauseMs: 1_000,
      nowMs: () => nowMs,
    });
    server.faults.push(401);
    assert.deepEqual(await speak(engine), EMBEDDED_SOUND);
    assert.deepEqual(await speak(engine), EMBEDDED_SOUND);
    assert.equal(server.requests.length, 1);
    nowMs = 1_001;
    assert.ok((await speak(engine)).length > 1_000);
  });
  test("no sound in time is a failure", async () => {
    await using server = await startSpeechServer();
    server.faults.push("stall");
    const patient = createOpenAiSynthesizer({
      server: { baseUrl: server.baseUrl, model: "tts-1", apiKey: null },
      voice: "alloy",
    });
    const failures: string[] = [];
    const engine = withFallback(patient, embedded, {
      firstSoundTimeoutMs: 50,
      onFailure: (error) => failures.push(String(error)),
    });
    assert.deepEqual(await speak(engine), EMBEDDED_SOUND);
    assert.deepEqual(failures, ["Error: openai:tts-1 gave no sound within 50 ms"]);
    await engine.close();
  });
  test("aborting is no failure", async () => {
    await using server = await startSpeechServer();
    server.faults.push("stall");
    const abort = new AbortController();
    const engine = withFallback(synthesizerOf(server), embedded, {
      onFailure: () => assert.fail("it was no failure"),
    });
    const speaking = collect(engine.speak("Hello.", { voice: null }, abort.signal));
    setImmediate(() => abort.abort());
    assert.equal((await speaking).length, 0);
  });
  test("is ready when the embedded engine is", async () => {
    const nobody = createOpenAiSynthesizer({
      server: { baseUrl: "http://127.0.0.1:1/v1", model: "tts-1", apiKey: null },
      voice: "alloy",
    });
    const engine = withFallback(nobody, embedded);
    await engine.ready();
    assert.deepEqual(engine.voices, ["alloy", "only"]);
    assert.deepEqual(await speak(engine), EMBEDDED_SOUND);
  });
});
