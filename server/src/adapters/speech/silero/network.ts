/*
 * Silero VAD 5 and 6 at 16 kHz (github.com/snakers4/silero-vad, MIT licence), computed without a
 * runtime: a short-time Fourier transform, four convolutions, an LSTM cell, one
 * sigmoid. Both versions have this shape; only their weights differ.
 */
import { createTransform, windowOf } from "./fourier.ts";
import { type Affine, createKernel, packRows, ROWS_AT_ONCE } from "./kernel.ts";
import { readGraphs, type Tensor, type TensorMap } from "./onnx.ts";

export const FRAME_SAMPLES = 512;
/** Samples of the frame before, which the network was trained to see first. */
export const CONTEXT_SAMPLES = 64;
/** Numbers that one stream carries from frame to frame: the LSTM's output, then its cell. */
export const STATE_LENGTH = 256;

/** One frame: input is CONTEXT_SAMPLES + FRAME_SAMPLES of −1 to 1; the state is updated in place. */
export type Network = (input: Float32Array, state: Float32Array) => number;

const WINDOW = 256;
const HOP = 128;
const BINS = WINDOW / 2 + 1;
/** Windows in one frame, after 64 samples are mirrored at its end. */
const WINDOWS = 4;
const MIRRORED = 64;
const HIDDEN = 128;
const KERNEL_WIDTH = 3;
const BASIS = "stft.forward_basis_buffer";

/** Convolutions of width 3 and padding 1: channels in, channels out, stride, places in. */
const CONVOLUTIONS = [
  { from: BINS, to: 128, stride: 1, places: WINDOWS },
  { from: 128, to: 64, stride: 2, places: 4 },
  { from: 64, to: 64, stride: 2, places: 2 },
  { from: 64, to: 128, stride: 1, places: 1 },
] as const;

/** @throws RangeError when the file is not a Silero VAD model of version 5 or 6 */
export const loadNetwork = (model: Uint8Array): Network => {
  const tensors = readGraphs(model).find(
    (graph) => graph.get(BASIS)?.dimensions.join() === [2 * BINS, 1, WINDOW].join(),
  );
  if (!tensors) throw new RangeError("it has no 16 kHz network");
  const arena = createArena();
  const basis = tensorOf(tensors, BASIS, [2 * BINS, 1, WINDOW]);
  const transform = createTransform(windowOf(basis.values, WINDOW));
  const encoder = CONVOLUTIONS.map(({ from, to }, i) => {
    const name = `encoder.${i}.reparam_conv`;
    const weights = tensorOf(tensors, `${name}.weight`, [to, from, KERNEL_WIDTH]);
    const bias = tensorOf(tensors, `${name}.bias`, [to]);
    return arena.layer(byPlace(weights.values, to, from), bias.values, to, KERNEL_WIDTH * from);
  });
  const gates = arena.layer(...lstmWeights(tensors), 4 * HIDDEN, 2 * HIDDEN);
  const output = tensorOf(tensors, "decoder.decoder.2.weight", [1, HIDDEN, 1]).values;
  const [outputBias = 0] = tensorOf(tensors, "decoder.decoder.2.bias", [1]).values;

  // Each buffer has an empty place before and after, the convolution's zero padding.
  const places = CONVOLUTIONS.map((layer) => arena.floats((layer.places + 2) * layer.from));
  const cellInput = arena.floats(2 * HIDDEN);
  const gateSums = arena.floats(4 * HIDDEN);
  const affine = arena.start();

  const magnitudes = arena.view(places[0]);
  const sound = new Float32Array(CONTEXT_SAMPLES + FRAME_SAMPLES + MIRRORED);
  const hidden = arena.view(cellInput).subarray(HIDDEN);
  const sums = arena.view(gateSums);

  const transformAll = () => {
    for (let window = 0; window < WINDOWS; window += 2) {
      const [from, to] = [HOP * window, BINS * (window + 1)];
      transform(sound, from, from + HOP, magnitudes, to, to + BINS);
    }
  };

  const encode = () => {
    CONVOLUTIONS.forEach(({ from, to, stride, places: count }, i) => {
      const [layer, source] = [encoder[i], places[i]];
      if (!layer || !source) return;
      const next = places[i + 1];
      const target = next ? next.pointer + 4 * to : cellInput.pointer;
      for (let place = 0; place < count; place += stride)
        affine(layer, source.pointer + 4 * from * place, target + (4 * to * place) / stride, 0);
    });
  };

  return (input, state) => {
    sound.set(input);
    for (let i = 0; i < MIRRORED; i++)
      sound[input.length + i] = sound[input.length - 2 - i] as number;
    transformAll();
    encode();
    hidden.set(state.subarray(0, HIDDEN));
    affine(gates, cellInput.pointer, gateSums.pointer, Number.NEGATIVE_INFINITY);
    let sum = outputBias;
    for (let i = 0; i < HIDDEN; i++) {
      const forgotten = sigmoid(sums[HIDDEN + i] as number) * (state[HIDDEN + i] as number);
      const cell = forgotten + sigmoid(sums[i] as number) * tanh(sums[2 * HIDDEN + i] as number);
      const value = sigmoid(sums[3 * HIDDEN + i] as number) * tanh(cell);
      state[HIDDEN + i] = cell;
      state[i] = value;
      if (value > 0) sum += value * (output[i] as number);
    }
    return sigmoid(sum);
  };
};

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const tanh = (x: number): number => 2 * sigmoid(2 * x) - 1;
const roundUp = (rows: number): number => Math.ceil(rows / ROWS_AT_ONCE) * ROWS_AT_ONCE;

const tensorOf = (tensors: TensorMap, name: string, dimensions: readonly number[]): Tensor => {
  const tensor = tensors.get(name);
  if (tensor?.dimensions.join() !== dimensions.join())
    throw new RangeError(`its ${name} is ${tensor?.dimensions.join("×") ?? "missing"}`);
  return tensor;
};

/** [to][from][3] → [to][3][from]: then what lies side by side in a buffer is what one place sees. */
const byPlace = (weights: Float32Array, to: number, from: number): Float32Array => {
  const ordered = new Float32Array(weights.length);
  for (let row = 0; row < to; row++)
    for (let channel = 0; channel < from; channel++)
      for (let tap = 0; tap < KERNEL_WIDTH; tap++)
        ordered[(row * KERNEL_WIDTH + tap) * from + channel] =
          weights[(row * from + channel) * KERNEL_WIDTH + tap] ?? 0;
  return ordered;
};

/** Input and state side by side, as the cell's input is. Gates in the order of PyTorch: i, f, g, o. */
const lstmWeights = (tensors: TensorMap): [Float32Array, Float32Array] => {
  const read = (name: string, ...rest: number[]) =>
    tensorOf(tensors, `decoder.rnn.${name}`, [4 * HIDDEN, ...rest]).values;
  const [input, state] = [read("weight_ih", HIDDEN), read("weight_hh", HIDDEN)];
  const [inputBias, stateBias] = [read("bias_ih"), read("bias_hh")];
  const weights = new Float32Array(4 * HIDDEN * 2 * HIDDEN);
  for (let row = 0; row < 4 * HIDDEN; row++) {
    weights.set(input.subarray(row * HIDDEN, (row + 1) * HIDDEN), row * 2 * HIDDEN);
    weights.set(state.subarray(row * HIDDEN, (row + 1) * HIDDEN), (row * 2 + 1) * HIDDEN);
  }
  return [weights, inputBias.map((bias, row) => bias + (stateBias[row] ?? 0))];
};

type Place = { readonly pointer: number; readonly length: number };
type Layer = { readonly weights: Place; readonly bias: Place; rows: number; columns: number };

/** Hands out the kernel's memory: reserved piece by piece, then allocated once. */
const createArena = () => {
  const contents: [Place, Float32Array][] = [];
  let end = 0;
  let buffer = new ArrayBuffer(0);
  const floats = (length: number): Place => {
    const place = { pointer: end, length };
    end += Math.ceil(length / 16) * 64;
    return place;
  };
  const filled = (values: Float32Array): Place => {
    const place = floats(values.length);
    contents.push([place, values]);
    return place;
  };
  const view = (place: Place | undefined): Float32Array => {
    if (!place) throw new RangeError("no such place");
    return new Float32Array(buffer, place.pointer, place.length);
  };
  return {
    floats,
    view,
    layer(weights: Float32Array, bias: Float32Array, rows: number, columns: number): Layer {
      const padded = new Float32Array(roundUp(rows));
      padded.set(bias);
      const packed = packRows(weights, rows, columns);
      return { weights: filled(packed), bias: filled(padded), rows: roundUp(rows), columns };
    },
    start() {
      const memory = new WebAssembly.Memory({ initial: Math.ceil(end / 65_536) });
      buffer = memory.buffer as ArrayBuffer;
      for (const [place, values] of contents) view(place).set(values);
      const affine: Affine = createKernel(memory);
      return (layer: Layer, input: number, output: number, floor: number) =>
        affine(
          layer.weights.pointer,
          layer.bias.pointer,
          input,
          output,
          layer.rows,
          layer.columns,
          floor,
        );
    },
  };
};
