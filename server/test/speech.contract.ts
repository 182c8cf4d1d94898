// What the loop relies on, of every engine. Each suite takes a function that makes a new engine.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { samplesIn } from "../src/domain/audio.ts";
import { AppError } from "../src/domain/errors.ts";
import type {
  Synthesizer,
  Transcriber,
  Transcript,
  VoiceActivityDetector,
} from "../src/ports/speech.ts";
import {
  chunksOf,
  collect,
  inRoom,
  loudnessDbfs,
  sayWithFlite,
  whiteNoise,
} from "./speech/sound.ts";
import { wordErrors, wordsOf } from "./speech/words.ts";

const never = new AbortController().signal;
const CHUNK = samplesIn(100);

const withEngine = <T extends { ready(): Promise<void>; close(): Promise<void> }>(
  create: () => T | Promise<T>,
) => {
  const held: { engine?: T } = {};
  before(async () => {
    held.engine = await create();
    await held.engine.ready();
  });
  after(() => held.engine?.close());
  return () => held.engine!;
};

export const detectorContract = (name: string, create: () => VoiceActivityDetector) =>
  describe(`detector: ${name}`, () => {
    const engine = withEngine(create);
    const run = (sound: Int16Array) => {
      const stream = engine().open();
      const frames = chunksOf(sound, engine().frameSamples).slice(0, -1);
      return frames.map((frame) => stream.push(frame));
    };
    const share = (probabilities: readonly number[]) =>
      probabilities.filter((probability) => probability > 0.5).length / probabilities.length;

    test("has a name and a frame length", () => {
      assert.ok(engine().name.length > 0);
      assert.ok(engine().frameSamples > 0);
    });
    test("hears speech, loud and soft, in a quiet and in a noisy room", async () => {
      const speech = await sayWithFlite(
        "The meeting starts at ten in the morning, please be on time.",
      );
      for (const room of [{}, { gain: 0.2 }, { noise: 600 }]) {
        const heard = run(inRoom(speech, { beforeMs: 0, afterMs: 0, ...room }));
        assert.ok(share(heard) > 0.8, `${share(heard)} of the frames with ${JSON.stringify(room)}`);
      }
    });
    test("hears none in silence, hiss or noise", () => {
      assert.equal(share(run(new Int16Array(48_000))), 0);
      assert.ok(share(run(whiteNoise(3_000, 20))) < 0.05);
      assert.ok(share(run(whiteNoise(3_000, 3_000))) < 0.1);
    });
    test("streams know nothing of each other", async () => {
      const sounds = [await sayWithFlite("What time is it in London?"), whiteNoise(1_500, 1_000)];
      const alone = sounds.map(run);
      const streams = sounds.map(() => engine().open());
      for (let i = 0; i < alone[1]!.length; i++)
        for (const [which, stream] of streams.entries()) {
          const size = engine().frameSamples;
          const frame = sounds[which]!.slice(i * size, (i + 1) * size);
          if (frame.length === size) assert.equal(stream.push(frame), alone[which]![i]);
        }
    });
    test("a stream that is reset begins anew", async () => {
      const frames = chunksOf(
        await sayWithFlite("I have lost my keys again."),
        engine().frameSamples,
      );
      const stream = engine().open();
      const first = frames.slice(0, 20).map((frame) => stream.push(frame));
      stream.reset();
      const again = frames.slice(0, 20).map((frame) => stream.push(frame));
      assert.deepEqual(again, first);
    });
    test("a frame of another length, or after closing, is an error", () => {
      const stream = engine().open();
      assert.throws(() => stream.push(new Int16Array(engine().frameSamples - 1)));
      stream.close();
      assert.throws(() => stream.push(new Int16Array(engine().frameSamples)));
    });
  });

export const synthesizerContract = (
  name: string,
  create: () => Synthesizer | Promise<Synthesizer>,
) =>
  describe(`synthesizer: ${name}`, () => {
    const engine = withEngine(create);
    const speak = (text: string, signal = never) =>
      collect(engine().speak(text, { voice: null }, signal));

    test("has a name and voices", () => {
      assert.ok(engine().name.length > 0);
      assert.ok(engine().voices.length > 0);
    });
    test("speaks a sentence, without silence at its edges", async () => {
      const samples = await speak("I would like to order a large pizza.");
      assert.ok(samples.length > samplesIn(800), `${samples.length} samples`);
      for (const edge of [samples.slice(0, samplesIn(60)), samples.slice(-samplesIn(60))])
        assert.ok(
          edge.some((sample) => Math.abs(sample) > 150),
          "an edge is silent",
        );
      const loudness = loudnessDbfs(samples);
      assert.ok(loudness > -32 && loudness < -6, `${loudness} dBFS`);
    });
    test("speaks with every voice it names", async () => {
      for (const voice of engine().voices)
        assert.ok(
          (await collect(engine().speak("Hello.", { voice }, never))).length > 2_000,
          voice,
        );
    });
    test("a text with nothing to say gives no sound", async () => {
      for (const text of ["", "  ", "…", "?!", "\n", "🙂", "**"])
        assert.equal((await speak(text)).length, 0, JSON.stringify(text));
    });
    test("speaks whatever text there is", async () => {
      const odd = "<b>&amp; Größe 3½</b> — “naïve”; 10% of $5.50 at 7:30 -voice x \u0007 日本";
      assert.ok((await speak(odd)).length > samplesIn(500));
      await speak("a".repeat(400));
    });
    test("aborted before, it gives nothing; aborted amid, it ends", async () => {
      assert.equal((await speak("Hello there.", AbortSignal.abort())).length, 0);
      const abort = new AbortController();
      const text = "One, two, three, four, and so on, up to a hundred, and more. ".repeat(20);
      let pieces = 0;
      for await (const _ of engine().speak(text, { voice: null }, abort.signal))
        if (++pieces === 1) abort.abort();
      assert.ok(pieces < 20, `${pieces} more pieces after the abort`);
      assert.ok((await speak("Hello again.")).length > 2_000);
    });
    test("speaks several sentences at once, each whole", async () => {
      const texts = ["Good morning.", "What time is it in London?", "The train was late again."];
      const alone: number[] = [];
      for (const text of texts) alone.push((await speak(text)).length);
      const together = await Promise.all(texts.map((text) => speak(text)));
      assert.deepEqual(
        together.map((samples) => samples.length),
        alone,
      );
    });
  });

/** Sends the sound in pieces, ends the utterance, and gives all that came back. */
export const transcribe = async (
  engine: Transcriber,
  sound: Int16Array,
  signal: AbortSignal = never,
): Promise<Transcript[]> => {
  const utterance = engine.open(signal);
  const reading = Array.fromAsync(utterance.transcripts);
  for (const chunk of chunksOf(sound, CHUNK)) utterance.push(chunk);
  utterance.end();
  return reading;
};

export const transcriberContract = (
  name: string,
  create: () => Transcriber | Promise<Transcriber>,
  /** Two sounds, and what the engine is to make of them. */
  samples: () => Promise<readonly [string, Int16Array][]>,
) =>
  describe(`transcriber: ${name}`, () => {
    const engine = withEngine(create);
    const finalOf = (transcripts: readonly Transcript[]) => {
      assert.deepEqual(
        transcripts.map((transcript) => transcript.isFinal),
        transcripts.map((_, i) => i === transcripts.length - 1),
        "one final transcript, at the end",
      );
      return transcripts.at(-1)!.text;
    };
    const assertHeard = (said: string, heard: string) =>
      assert.ok(wordErrors(said, heard) <= wordsOf(said).length * 0.3, `${said} → ${heard}`);

    test("understands what is said", async () => {
      for (const [said, sound] of await samples())
        assertHeard(said, finalOf(await transcribe(engine(), sound)));
    });
    test("utterances at the same time are not mixed up", async () => {
      const both = await samples();
      const heard = await Promise.all(both.map(([, sound]) => transcribe(engine(), sound)));
      for (const [i, [said]] of both.entries()) assertHeard(said, finalOf(heard[i]!));
    });
    test("partials come before the end, where there are any", async (context) => {
      if (!engine().hasPartials) return context.skip("this engine has none");
      const [[said, sound]] = (await samples()) as [[string, Int16Array]];
      const utterance = engine().open(never);
      for (const chunk of chunksOf(sound, CHUNK)) utterance.push(chunk);
      for await (const { text, isFinal } of utterance.transcripts) {
        if (isFinal) return assertHeard(said, text);
        assert.ok(text.length > 0);
        utterance.end();
      }
    });
    test("nothing said, nothing heard", async () => {
      assert.equal(finalOf(await transcribe(engine(), new Int16Array(0))), "");
    });
    test("aborting ends it without a result, before, amid and after the end", async () => {
      const [[, sound]] = (await samples()) as [[string, Int16Array]];
      assert.deepEqual(await transcribe(engine(), sound, AbortSignal.abort()), []);
      for (const isEnded of [false, true]) {
        const abort = new AbortController();
        const utterance = engine().open(abort.signal);
        utterance.push(sound);
        if (isEnded) utterance.end();
        abort.abort();
        const transcripts = await Array.fromAsync(utterance.transcripts);
        assert.ok(transcripts.every((transcript) => !transcript.isFinal));
        utterance.push(sound);
        utterance.end();
      }
    });
    test("more than two minutes are refused, and what came before is kept", async () => {
      const abort = new AbortController();
      const utterance = engine().open(abort.signal);
      const tenSeconds = new Int16Array(samplesIn(10_000));
      for (let i = 0; i < 12; i++) utterance.push(tenSeconds);
      assert.throws(
        () => utterance.push(tenSeconds),
        (error) => error instanceof AppError && error.code === "too_large",
      );
      abort.abort();
      assert.deepEqual(await Array.fromAsync(utterance.transcripts), []);
    });
  });
