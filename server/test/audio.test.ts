// The audio wire: read aloud by flite, written down by Debian's pocketsphinx.
// Runs: waiting
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { after, describe, test } from "node:test";
import { ColloquyError, createClient } from "@colloquy/client";
import { audioWire } from "../src/dialects/audio/index.ts";
import { parseWavHeader } from "../src/domain/audio/wav.ts";
import { createHttpServer } from "../src/http/server.ts";
import { sayWithFlite } from "./speech/sound.ts";
import { wordErrors, wordsOf } from "./speech/words.ts";
import { startSpeechServer } from "./speech-server.ts";
import { startServer } from "./start-server.ts";
import { pocketsphinxPaths, skipWithoutPocketsphinx } from "./voice-debian.ts";
import { send } from "./wire-client.ts";

const SENTENCE = "What is the weather like tomorrow?";
const server = await startServer({ builtIn: true });
after(() => server[Symbol.asyncDispose]());

const bearer = { authorization: "Bearer anything" };
const speak = async (body: object, headers: Record<string, string> = {}) => {
  const response = await fetch(`${server.url}/v1/audio/speech`, {
    method: "POST",
    headers: { "content-type": "application/json", ...bearer, ...headers },
    body: JSON.stringify(body),
  });
  return { response, bytes: new Uint8Array(await response.arrayBuffer()) };
};
const formOf = (file: Uint8Array | string | null, fields: Record<string, string> = {}) => {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  if (file !== null) form.set("file", new Blob([file as BlobPart]), "sound.wav");
  return form;
};
const transcribe = async (form: FormData, url = server.url) => {
  const response = await fetch(`${url}/v1/audio/transcriptions`, {
    method: "POST",
    headers: bearer,
    body: form,
  });
  return { response, text: await response.text() };
};
const eventsIn = (text: string) =>
  text
    .split("\n\n")
    .filter((frame) => frame.startsWith("data: "))
    .map((frame) => JSON.parse(frame.slice("data: ".length)));
const secondsIn = (wav: Uint8Array) => (wav.length - 44) / 2 / 24_000;
const spoken = (await speak({ model: "tts-1", voice: "alloy", input: SENTENCE })).bytes;
const isUnderstood = (text: string) =>
  assert.ok(wordErrors(SENTENCE, text) / wordsOf(SENTENCE).length <= 0.34, text);

describe("speech", () => {
  test("[AU1] a text is read aloud as WAV of 24 kHz, mono, 16 bits, whatever voice and model are named", async () => {
    const { response, bytes } = await speak({ model: "tts-1", voice: "nova", input: SENTENCE });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "audio/wav");
    const header = parseWavHeader(bytes);
    assert.ok(header.kind === "complete");
    assert.deepEqual(header.format, { sampleRateHz: 24_000, channels: 1, encoding: "s16" });
    assert.ok(secondsIn(bytes) > 1 && secondsIn(bytes) < 5, `${secondsIn(bytes)} s`);
  });
  test("[AU1] bare PCM is the same sound without a header", async () => {
    const { response, bytes } = await speak({ input: SENTENCE, response_format: "pcm" });
    assert.match(response.headers.get("content-type") ?? "", /^audio\/pcm/);
    assert.deepEqual(bytes, spoken.slice(44));
  });
  test("[AU1] as events, the sound is the same, in base64, and ends with speech.audio.done", async () => {
    const { response, bytes } = await speak({
      input: SENTENCE,
      response_format: "pcm",
      stream_format: "sse",
    });
    assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
    const events = eventsIn(Buffer.from(bytes).toString());
    assert.equal(events.at(-1).type, "speech.audio.done");
    const deltas = events.slice(0, -1);
    assert.ok(deltas.every(({ type }) => type === "speech.audio.delta"));
    const sound = Buffer.concat(deltas.map(({ audio }) => Buffer.from(audio, "base64")));
    assert.deepEqual(new Uint8Array(sound), spoken.slice(44));
  });
  for (const speed of [0.5, 1.5, 4])
    test(`[AU1] at speed ${speed} it takes that much less time`, async () => {
      const { bytes } = await speak({ input: SENTENCE, speed });
      const ratio = secondsIn(spoken) / secondsIn(bytes);
      assert.ok(Math.abs(ratio / speed - 1) < 0.05, `${ratio}`);
    });
  test("[AU1] at another speed the words can still be understood", {
    skip: skipWithoutPocketsphinx(),
  }, async () => {
    const { bytes } = await speak({ input: SENTENCE, speed: 1.3 });
    isUnderstood((await transcribe(formOf(bytes, { response_format: "text" }))).text);
  });
  test("[AU1] a text without anything to say is a WAV without sound", async () => {
    const { response, bytes } = await speak({ input: "…" });
    assert.equal(response.status, 200);
    assert.equal(bytes.length, 44);
  });

  const REFUSED: readonly (readonly [body: object, param: string, says: RegExp])[] = [
    [{}, "input", /Missing required/],
    [{ input: 5 }, "input", /string/],
    [{ input: " " }, "input", /empty/],
    [{ input: "a".repeat(4097) }, "input", /length is 4097, and must be at most 4096/],
    [{ input: "Hi", response_format: "mp3" }, "response_format", /mp3.*wav and pcm/],
    [{ input: "Hi", response_format: "constructor" }, "response_format", /wav and pcm/],
    [{ input: "Hi", speed: 0.1 }, "speed", /at least 0.25/],
    [{ input: "Hi", speed: "2" }, "speed", /decimal/],
    [{ input: "Hi", stream_format: "ws" }, "stream_format", /audio.*sse/],
  ];
  test("[AU1] what cannot be spoken is 400 that names the field and says what there is", async () => {
    for (const [body, param, says] of REFUSED) {
      const { response, bytes } = await speak(body);
      const { error } = JSON.parse(Buffer.from(bytes).toString());
      assert.equal(response.status, 400, JSON.stringify(body));
      assert.deepEqual(Object.keys(error).sort(), ["code", "message", "param", "type"]);
      assert.equal(error.type, "invalid_request_error");
      assert.equal(error.param, param, error.message);
      assert.match(error.message, says);
    }
  });
});

describe("speech by a remote engine", () => {
  test("[AU1] the first sentence is sent while the second is still being made", async () => {
    await using engine = await startSpeechServer();
    const second = Promise.withResolvers<Int16Array>();
    const sound = await sayWithFlite("Yes");
    engine.behaviour.speak = (text) =>
      /second/.test(text) ? second.promise : Promise.resolve(sound);
    await using remote = await startServer({
      builtIn: true,
      environment: { TTS_BASE_URL: engine.baseUrl, TTS_MODEL: "test" },
    });
    const response = await fetch(`${remote.url}/v1/audio/speech`, {
      method: "POST",
      headers: { "content-type": "application/json", ...bearer },
      body: JSON.stringify({ input: "This is the first sentence. This is the second one." }),
    });
    const reader = response.body!.getReader();
    let bytes = 0;
    while (bytes < 1000) bytes += (await reader.read()).value?.length ?? assert.fail("ended");
    second.resolve(sound);
    while (!(await reader.read()).done);
  });
  test("[AU3] users take turns: one who asks for little does not wait for one who asks for much", async () => {
    await using engine = await startSpeechServer();
    const spokenTexts: string[] = [];
    const begun = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    engine.behaviour.speak = async (text) => {
      spokenTexts.push(text.trim());
      if (spokenTexts.length === 2) begun.resolve();
      await goOn.promise;
      return new Int16Array(1600).fill(9000);
    };
    await using remote = await startServer({
      builtIn: true,
      environment: { TTS_BASE_URL: engine.baseUrl, TTS_MODEL: "test" },
    });
    const ask = (user: string, input: string) =>
      fetch(`${remote.url}/v1/audio/speech`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-user-id": user, ...bearer },
        body: JSON.stringify({ input }),
      });
    const much = Array.from({ length: 8 }, (_, index) =>
      ask("11111111-1111-4111-8111-111111111111", `Number ${index} of very many.`),
    );
    await begun.promise;
    const little = ask("22222222-2222-4222-8222-222222222222", "Just one sentence.");
    // It is in before anything else goes on: a request on the same server is answered after it.
    await new Promise((resolve) => setImmediate(resolve));
    await (await fetch(`${remote.url}/health`)).text();
    goOn.resolve();
    for (const answer of await Promise.all([...much, little])) await answer.arrayBuffer();
    const place = spokenTexts.indexOf("Just one sentence.");
    assert.ok(place >= 0 && place <= 5, `${place} of ${spokenTexts.length}`);
  });
});

describe("transcriptions", { skip: skipWithoutPocketsphinx() }, () => {
  test("[AU2] what is said in a WAV file is written down, as JSON, as text, and with times", async () => {
    const json = JSON.parse((await transcribe(formOf(spoken, { model: "whisper-1" }))).text);
    isUnderstood(json.text);
    assert.deepEqual(json.usage, { type: "duration", seconds: Math.ceil(secondsIn(spoken)) });
    const { response, text } = await transcribe(formOf(spoken, { response_format: "text" }));
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain/);
    assert.equal(text, `${json.text}\n`);
    const asked = { response_format: "verbose_json", language: "en" };
    const verbose = JSON.parse((await transcribe(formOf(spoken, asked))).text);
    assert.equal(verbose.text, json.text);
    assert.equal(verbose.language, "en");
    assert.ok(Math.abs(verbose.duration - secondsIn(spoken)) < 0.1);
    assert.equal(verbose.segments[0].text, json.text);
    assert.equal(verbose.segments[0].start, 0);
  });
  test("[AU2] a recording longer than an utterance is written down in parts, each told as it is recognised", async () => {
    const one = Buffer.from(spoken.slice(44));
    const silence = Buffer.alloc(2 * 24_000);
    const long = Buffer.concat([
      Buffer.from(spoken.slice(0, 44)),
      ...Array.from({ length: 10 }, () => [one, silence]).flat(),
    ]);
    const { response, text } = await transcribe(formOf(long, { stream: "true" }));
    assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
    const events = eventsIn(text);
    const done = events.at(-1);
    assert.equal(done.type, "transcript.text.done");
    const deltas = events.slice(0, -1);
    assert.ok(deltas.length >= 2, `${deltas.length} deltas`);
    assert.equal(deltas.map(({ delta }) => delta).join(""), done.text);
    assert.equal(done.usage.seconds, Math.ceil((long.length - 44) / 48_000));
    assert.ok(done.text.match(/weather/gi).length >= 8, done.text);
  });
  test("[AU2] what cannot be written down is 400 that names the field and says what is taken", async () => {
    const cases: readonly (readonly [form: FormData, param: string, says: RegExp])[] = [
      [formOf(null), "file", /Missing required/],
      [formOf(""), "file", /empty/],
      [formOf("ID3\x03\x00\x00\x00\x00\x00\x00 and so on"), "file", /MP3.*send WAV/],
      [formOf(new Uint8Array(1000)), "file", /not a WAV/],
      [formOf(spoken.slice(0, 30)), "file", /ends before its sound/],
      [formOf(spoken, { response_format: "srt" }), "response_format", /json, text, verbose_json/],
      [formOf(spoken, { response_format: "vtt" }), "response_format", /json, text, verbose_json/],
      [formOf(spoken, { "timestamp_granularities[]": "word" }), "timestamp_granularities", /segm/],
      [formOf(spoken, { stream: "yes" }), "stream", /true or false/],
    ];
    for (const [form, param, says] of cases) {
      const { response, text } = await transcribe(form);
      const { error } = JSON.parse(text);
      assert.equal(response.status, 400, text);
      assert.equal(error.param, param, text);
      assert.match(error.message, says);
    }
    const json = await send(server, "POST", "/v1/audio/transcriptions", {}, bearer);
    assert.equal(json.status, 400);
    assert.match(json.body.error.message, /multipart\/form-data/);
  });
  test("[AU2] more than 25 MiB is 413", async () => {
    const { response, text } = await transcribe(formOf(new Uint8Array(26 * 1024 * 1024)));
    assert.equal(response.status, 413);
    assert.match(JSON.parse(text).error.message, /25 MB/);
  });
});

/** The wire alone, with such engines; counts errors that are the server's own fault. */
async function listening(speech: Parameters<typeof audioWire>[0]["speech"]) {
  const owner = { tenantId: "local", userId: "u", models: null };
  const wire = audioWire({
    admit: async () => async () => ({
      principal: { ...owner, proof: { kind: "none" }, isOperator: false },
      limit: null,
      tokensLeft: async () => null,
    }),
    speech,
  });
  const problems: string[] = [];
  const app = await createHttpServer({
    requestTimeoutMs: 60_000,
    wires: [wire],
    otherErrorReply: wire.errorReply,
    origins: { listed: [], publicOrigin: null },
    welcomesLocalPages: async () => false,
    onRefusedOrigin() {},
    version: "0.0.0",
    trustedProxies: [],
    watchCredential: () => () => {},
    enter: () => () => {},
    onInternalError: ({ message }) => problems.push(message),
    onAnswer() {},
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  return { url, problems, [Symbol.asyncDispose]: () => app.close() };
}

test("[AU2] where nothing recognises speech, the answer says what to install", async () => {
  await using wire = await listening({
    detector: null as never,
    transcriber: null,
    synthesizer: null,
  });
  const { response, text } = await transcribe(formOf(spoken), wire.url);
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("x-should-retry"), "false");
  assert.equal(response.headers.get("retry-after"), null);
  assert.match(JSON.parse(text).error.message, /apt-get install libpocketsphinx3/);
});

test("[AU2] clients are told beforehand whether anything recognises speech", async () => {
  const { body } = await send(server, "GET", "/v1/chat/account", undefined, bearer);
  assert.equal(body.data.can_hear, pocketsphinxPaths !== null);
  const environment = { STT_BASE_URL: "http://127.0.0.1:9/v1" };
  await using other = await startServer({ builtIn: true, environment });
  const client = createClient({ baseUrl: other.url, token: "local" });
  assert.equal((await client.account()).can_hear, true);
  // What the wire says of the failure is what the SDK throws.
  await assert.rejects(client.speech.transcribe(new Blob([new Uint8Array(spoken)])), (error) => {
    assert.ok(error instanceof ColloquyError);
    assert.equal(error.status, 503);
    assert.match(error.message, /speech/i);
    return true;
  });
});

test("[AU1] a client that goes away before the first sound ends the work, and is no fault of the server's", async () => {
  const begun = Promise.withResolvers<AbortSignal>();
  await using wire = await listening({
    detector: null as never,
    transcriber: null,
    synthesizer: {
      voices: [],
      ready: async () => {},
      async *speak(_text: string, _options: object, signal: AbortSignal) {
        begun.resolve(signal);
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      },
    } as never,
  });
  const leaving = new AbortController();
  const asked = fetch(`${wire.url}/v1/audio/speech`, {
    method: "POST",
    headers: { "content-type": "application/json", ...bearer },
    body: JSON.stringify({ input: SENTENCE }),
    signal: leaving.signal,
  });
  const signal = await begun.promise;
  leaving.abort();
  await assert.rejects(asked, /abort/);
  if (!signal.aborted) await once(signal, "abort");
  // By the time that another request is answered, that one is over.
  assert.equal((await fetch(`${wire.url}/v1/nothing`)).status, 404);
  assert.deepEqual(wire.problems, []);
});

test("[AU3] nothing is stored", async () => {
  await speak({ input: "A secret that nobody keeps." });
  await transcribe(formOf(spoken));
  const list = await send(server, "GET", "/v1/chat/conversations", undefined, bearer);
  assert.deepEqual(list.body.data, []);
  const files = await Array.fromAsync(server.store.exportRecords());
  assert.deepEqual(files, []);
});

test("[AU3] requests count against the limit of the wire", async () => {
  await using limited = await startServer({
    builtIn: true,
    environment: { RATE_LIMITS: "audio=2/h" },
  });
  const ask = () => send(limited, "POST", "/v1/audio/speech", { input: "…" }, bearer);
  assert.deepEqual([(await ask()).status, (await ask()).status], [200, 200]);
  const third = await ask();
  assert.equal(third.status, 429);
  assert.ok(Number(third.headers.get("retry-after")) > 0);
  assert.equal(third.body.error.type, "rate_limit_exceeded");
});
