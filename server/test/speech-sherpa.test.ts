// sherpa-onnx with the smallest models there can be, and with folders that hold none.
// Runs: waiting
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { hasSherpa } from "../src/adapters/speech/sherpa/library.ts";
import { recogniserCandidates } from "../src/adapters/speech/sherpa/recogniser-models.ts";
import { createSherpaSynthesizer } from "../src/adapters/speech/sherpa/synthesizer.ts";
import { createSherpaTranscriber } from "../src/adapters/speech/sherpa/transcriber.ts";
import { voiceCandidates } from "../src/adapters/speech/sherpa/voice-models.ts";
import type { AppError } from "../src/domain/errors.ts";
import type { SpeechEngine } from "../src/ports/speech.ts";
import { hummingVoice, modelFolder, streamingRecogniser } from "./speech/tiny-models.ts";
import { synthesizerContract, transcriberContract } from "./speech.contract.ts";

const missing = hasSherpa() ? false : "the optional package sherpa-onnx-node is not installed";
if (missing && process.env.CI) assert.fail(missing);

/** The engine, with its folder removed when it is closed. */
const withFolder = async <T extends SpeechEngine>(
  making: Promise<{ readonly path: string } & AsyncDisposable>,
  create: (folder: string) => T,
): Promise<T> => {
  const folder = await making;
  const engine = create(folder.path);
  const close = engine.close.bind(engine);
  engine.close = async () => {
    await close();
    await folder[Symbol.asyncDispose]();
  };
  return engine;
};

/** The tiny recogniser hears a word in each 40 ms, 600 ms of silence at the end included. */
const HELLOS: [string, Int16Array][] = [
  ["hello ".repeat(38), new Int16Array(16_000)],
  ["hello ".repeat(63), new Int16Array(32_000)],
];

if (!missing) {
  transcriberContract(
    "sherpa",
    () => withFolder(streamingRecogniser(), (folder) => createSherpaTranscriber({ folder })),
    async () => HELLOS,
  );
  synthesizerContract("sherpa", () =>
    withFolder(hummingVoice(), (folder) => createSherpaSynthesizer({ folder })),
  );
}

describe("a folder that cannot be used is an error that names it", { skip: missing }, () => {
  const noise = () => randomBytes(4_000);
  const tokens = "<blk> 0\n";
  const transducer = () => ({
    "tokens.txt": tokens,
    "encoder.onnx": noise(),
    "decoder.onnx": noise(),
    "joiner.onnx": noise(),
  });
  const cases: readonly (readonly [string, Record<string, string | Buffer>, RegExp])[] = [
    ["nothing in it", {}, /no tokens\.txt/],
    ["no model in it", { "tokens.txt": tokens }, /model that is known|no \.onnx file/],
    ["a model of noise", transducer(), /Protobuf parsing failed/],
    ["an empty model", { "tokens.txt": tokens, "model.onnx": "" }, /as \w/],
  ];
  for (const [name, files, reason] of cases)
    test(name, async () => {
      await using folder = await modelFolder(files);
      const engines = {
        STT_MODEL_DIR: createSherpaTranscriber({ folder: folder.path }),
        TTS_MODEL_DIR: createSherpaSynthesizer({ folder: folder.path }),
      };
      for (const [setting, engine] of Object.entries(engines)) {
        await assert.rejects(engine.ready(), (error: AppError) => {
          assert.equal(error.code, "unavailable");
          const { forOperator = "" } = error;
          assert.ok(forOperator.includes(`${setting} (${folder.path})`), forOperator);
          assert.match(forOperator, reason);
          assert.doesNotMatch(error.message, /MODEL_DIR|tmp/);
          return true;
        });
        await engine.close();
      }
    });
  test("no such folder", async () => {
    const forOperator =
      "The model in STT_MODEL_DIR (/nowhere) cannot be used: there is no such folder";
    await assert.rejects(createSherpaTranscriber({ folder: "/nowhere" }).ready(), { forOperator });
  });
  test("who speaks before it was ready is told the same", async () => {
    const engine = createSherpaTranscriber({ folder: "/nowhere" });
    const utterance = engine.open(new AbortController().signal);
    utterance.end();
    await assert.rejects(Array.fromAsync(utterance.transcripts), {
      forOperator: /STT_MODEL_DIR \(\/nowhere\)/,
    });
  });
});

describe("what kind of model a folder holds", () => {
  const kindsOf = async (
    candidates: (path: string, threads: number) => readonly { readonly description: string }[],
    names: readonly string[],
  ) => {
    await using folder = await modelFolder(Object.fromEntries(names.map((name) => [name, ""])));
    return candidates(folder.path, 1).map(({ description }) => description);
  };
  const recognisers: readonly (readonly [readonly string[], readonly string[]])[] = [
    [
      ["encoder-epoch-99.onnx", "decoder-epoch-99.onnx", "joiner-epoch-99.onnx"],
      ["streaming transducer", "transducer"],
    ],
    [
      ["nemo-encoder.onnx", "nemo-decoder.onnx", "nemo-joiner.onnx"],
      ["transducer", "streaming transducer"],
    ],
    [["tiny.en-encoder.onnx", "tiny.en-decoder.onnx"], ["Whisper"]],
    [["encoder.onnx", "decoder.onnx", "paraformer.txt"], ["streaming Paraformer"]],
    [
      ["preprocess.onnx", "encode.int8.onnx", "uncached_decode.int8.onnx", "cached_decode.onnx"],
      ["Moonshine"],
    ],
    [["model.int8.onnx", "sense-voice.txt"], ["SenseVoice"]],
    [["model.onnx", "paraformer.txt"], ["Paraformer"]],
    [["model.onnx"], ["NeMo CTC", "SenseVoice"]],
  ];
  for (const [names, kinds] of recognisers)
    test(`${names.join(", ")}: ${kinds.join(" or ")}`, async () => {
      assert.deepEqual(await kindsOf(recogniserCandidates, [...names, "tokens.txt"]), kinds);
    });
  const voices: readonly (readonly [readonly string[], string])[] = [
    [["en_US-amy-low.onnx", "espeak-ng-data"], "VITS"],
    [["model.onnx", "voices.bin", "lexicon-us-en.txt"], "Kokoro"],
    [["model.onnx", "voices.bin", "kitten.txt"], "Kitten"],
    [["model-steps-3.onnx", "vocos-22khz-univ.onnx"], "Matcha"],
  ];
  for (const [names, kind] of voices)
    test(`${names.join(", ")}: ${kind}`, async () => {
      assert.deepEqual(await kindsOf(voiceCandidates, [...names, "tokens.txt"]), [kind]);
    });
  test("of a file in two sizes the smaller is taken", async () => {
    const names = ["tokens.txt", "model.onnx", "model.int8.onnx"];
    await using folder = await modelFolder(Object.fromEntries(names.map((name) => [name, ""])));
    assert.match(JSON.stringify(recogniserCandidates(folder.path, 1)[0]), /model\.int8\.onnx/);
  });
});
