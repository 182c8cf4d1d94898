// Model folders for sherpa-onnx that need no download: a recogniser that hears one word whatever is
// said, and a voice that hums.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Model, writeOnnx } from "./onnx-writer.ts";

/** A folder with these files, removed by `await using`. */
export const modelFolder = async (files: Readonly<Record<string, string | Uint8Array>>) => {
  const path = await mkdtemp(join(tmpdir(), "colloquy-model-"));
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content);
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
};

const TOKENS = "<blk> 0\n\u2581HELLO 1\n<unk> 2\n";
const [DIMENSION, HIDDEN, VOCABULARY] = [4, 4, 3] as const;
const CHUNK_FRAMES = 4;

/** A streaming LSTM transducer: every frame of it is the word HELLO. */
const ENCODER: Model = {
  nodes: [
    { operation: "Identity", inputs: ["frames"], outputs: ["encoder_out"] },
    { operation: "Identity", inputs: ["h"], outputs: ["next_h"] },
    { operation: "Identity", inputs: ["c"], outputs: ["next_c"] },
  ],
  inputs: [
    { name: "x", type: "float", dimensions: [-1, -2, 80] },
    { name: "h", type: "float", dimensions: [1, -1, DIMENSION] },
    { name: "c", type: "float", dimensions: [1, -1, HIDDEN] },
  ],
  outputs: [
    { name: "encoder_out", type: "float", dimensions: [1, 1, DIMENSION] },
    { name: "next_h", type: "float", dimensions: [1, -1, DIMENSION] },
    { name: "next_c", type: "float", dimensions: [1, -1, HIDDEN] },
  ],
  constants: [{ name: "frames", dimensions: [1, 1, DIMENSION], values: [0, 0, 0, 0] }],
  metadata: {
    model_type: "lstm",
    num_encoder_layers: 1,
    T: 9,
    decode_chunk_len: CHUNK_FRAMES,
    rnn_hidden_size: HIDDEN,
    d_model: DIMENSION,
  },
};

const DECODER: Model = {
  nodes: [{ operation: "Identity", inputs: ["state"], outputs: ["decoder_out"] }],
  inputs: [{ name: "y", type: "int64", dimensions: [-1, 2] }],
  outputs: [{ name: "decoder_out", type: "float", dimensions: [1, DIMENSION] }],
  constants: [{ name: "state", dimensions: [1, DIMENSION], values: [0, 0, 0, 0] }],
  metadata: { vocab_size: VOCABULARY, context_size: 2 },
};

const JOINER: Model = {
  nodes: [{ operation: "Identity", inputs: ["scores"], outputs: ["logit"] }],
  inputs: [
    { name: "encoder_out", type: "float", dimensions: [-1, DIMENSION] },
    { name: "decoder_out", type: "float", dimensions: [-1, DIMENSION] },
  ],
  outputs: [{ name: "logit", type: "float", dimensions: [1, VOCABULARY] }],
  constants: [{ name: "scores", dimensions: [1, VOCABULARY], values: [0, 9, 0] }],
  metadata: { joiner_dim: DIMENSION },
};

export const streamingRecogniser = () =>
  modelFolder({
    "tokens.txt": TOKENS,
    "encoder.onnx": writeOnnx(ENCODER),
    "decoder.onnx": writeOnnx(DECODER),
    "joiner.onnx": writeOnnx(JOINER),
  });

const HUM_SAMPLES = 22_050;
const hum = Array.from(
  { length: HUM_SAMPLES },
  (_, i) => 0.3 * Math.sin((2 * Math.PI * 200 * i) / 22_050),
);

/** A voice whose every sentence is a second of humming at 22,050 Hz. */
const VOICE: Model = {
  nodes: [{ operation: "Identity", inputs: ["hum"], outputs: ["y"] }],
  inputs: [
    { name: "input", type: "int64", dimensions: [-1, -2] },
    { name: "input_lengths", type: "int64", dimensions: [-1] },
    { name: "scales", type: "float", dimensions: [3] },
    { name: "sid", type: "int64", dimensions: [1] },
  ],
  outputs: [{ name: "y", type: "float", dimensions: [1, 1, HUM_SAMPLES] }],
  constants: [{ name: "hum", dimensions: [1, 1, HUM_SAMPLES], values: hum }],
  metadata: {
    model_type: "vits",
    comment: "coqui",
    frontend: "characters",
    language: "English",
    has_espeak: 0,
    use_eos_bos: 1,
    blank_id: 0,
    bos_id: 1,
    eos_id: 2,
    pad_id: 3,
    add_blank: 0,
    n_speakers: 2,
    sample_rate: 22_050,
  },
};

const LETTERS = ["<BLNK>", "<BOS>", "<EOS>", "<PAD>", ..."abcdefghijklmnopqrstuvwxyz0123456789,."];

export const hummingVoice = () =>
  modelFolder({
    "tokens.txt": LETTERS.map((letter, i) => `${letter} ${i}\n`).join(""),
    "model.onnx": writeOnnx(VOICE),
  });
