// Writes silero-reference.json: what ONNX Runtime makes of the same model and the same sound.
// To run it again: npm install --no-save onnxruntime-node, then node server/test/speech/silero-reference.ts
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { concatenateSamples } from "../../src/domain/audio/edges.ts";
import { toFloat32 } from "../../src/domain/audio/pcm.ts";
import { inRoom, sayWithFlite, whiteNoise } from "./sound.ts";
import { sine } from "./wave-file.ts";

const FRAME_SAMPLES = 512;
const CONTEXT_SAMPLES = 64;

/** Speech in a quiet and in a noisy room, noise, a tone and digital silence. */
export const referenceSound = async (): Promise<Int16Array> => {
  const [woman, man] = await Promise.all([
    sayWithFlite("Hello there. I would like to order a pizza.", "slt"),
    sayWithFlite("The meeting starts at ten in the morning.", "rms"),
  ]);
  return concatenateSamples([
    inRoom(woman),
    inRoom(man, { noise: 1_500, gain: 0.5 }),
    whiteNoise(1_000, 4_000),
    Int16Array.from(sine(440, 16_000, 1_000), (sample) => sample * 20_000),
    new Int16Array(16_000),
  ]);
};

/** The sound's frames, each with the end of the frame before it. */
const inputsOf = (sound: Float32Array): Float32Array[] =>
  Array.from({ length: Math.floor(sound.length / FRAME_SAMPLES) }, (_, i) => {
    const input = new Float32Array(CONTEXT_SAMPLES + FRAME_SAMPLES);
    const from = i * FRAME_SAMPLES - CONTEXT_SAMPLES;
    input.set(sound.subarray(Math.max(0, from), (i + 1) * FRAME_SAMPLES), Math.max(0, -from));
    return input;
  });

const record = async (): Promise<void> => {
  const require = createRequire(import.meta.url);
  const { InferenceSession, Tensor } = require("onnxruntime-node");
  const model = require.resolve("@ricky0123/vad-web/dist/silero_vad_v6.onnx");
  const session = await InferenceSession.create(model);
  const probabilities: number[] = [];
  let state = new Tensor("float32", new Float32Array(256), [2, 1, 128]);
  for (const samples of inputsOf(toFloat32(await referenceSound()))) {
    const input = new Tensor("float32", samples, [1, samples.length]);
    const sr = new Tensor("int64", BigInt64Array.of(16_000n), []);
    const { output, stateN } = await session.run({ input, state, sr });
    state = stateN;
    probabilities.push(Number(output.data[0].toFixed(6)));
  }
  const file = new URL("./silero-reference.json", import.meta.url);
  await writeFile(file, `${JSON.stringify(probabilities)}\n`);
};

if (import.meta.main) await record();
