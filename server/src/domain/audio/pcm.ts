import { g711Sample, type Law } from "./g711.ts";

/** The layout of samples in bytes. They are little-endian, with interleaved channels. */
export type PcmFormat = {
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly encoding: PcmEncoding;
};

/** Unsigned 8-bit, signed 16/24/32-bit, IEEE 754 float of 32/64 bits: what WAV files hold; and a byte of telephony. */
export type PcmEncoding = "u8" | "s16" | "s24" | "s32" | "f32" | "f64" | Law;

const BYTES_PER_SAMPLE: Record<PcmEncoding, number> = {
  u8: 1,
  s16: 2,
  s24: 3,
  s32: 4,
  f32: 4,
  f64: 8,
  mulaw: 1,
  alaw: 1,
};

export const bytesPerFrame = (format: PcmFormat): number =>
  BYTES_PER_SAMPLE[format.encoding] * format.channels;

type ReadSample = (view: DataView, offset: number) => number;

const READERS: Record<PcmEncoding, ReadSample> = {
  u8: (view, offset) => (view.getUint8(offset) - 128) / 128,
  s16: (view, offset) => view.getInt16(offset, true) / 32_768,
  s24: (view, offset) =>
    (view.getUint16(offset, true) + view.getInt8(offset + 2) * 65_536) / 8_388_608,
  s32: (view, offset) => view.getInt32(offset, true) / 2_147_483_648,
  f32: (view, offset) => view.getFloat32(offset, true),
  f64: (view, offset) => view.getFloat64(offset, true),
  mulaw: (view, offset) => g711Sample("mulaw", view.getUint8(offset)) / 32_768,
  alaw: (view, offset) => g711Sample("alaw", view.getUint8(offset)) / 32_768,
};

/**
 * The mean of all channels, nominally −1 to 1. Bytes after the last whole frame are ignored.
 * A float that is not a number counts as silence, and values outside the range are clipped.
 */
export const decodePcm = (bytes: Uint8Array, format: PcmFormat): Float32Array => {
  const { channels, encoding } = format;
  const sampleBytes = BYTES_PER_SAMPLE[encoding];
  const read = READERS[encoding];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mono = new Float32Array(Math.floor(bytes.length / (sampleBytes * channels)));
  for (let frame = 0, offset = 0; frame < mono.length; frame++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++, offset += sampleBytes)
      sum += read(view, offset);
    const mean = sum / channels;
    mono[frame] = Number.isNaN(mean) ? 0 : Math.max(-1, Math.min(1, mean));
  }
  return mono;
};

/** The samples, rounded and clipped to signed 16 bits. */
export const toInt16 = (samples: Float32Array): Int16Array => {
  const result = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i++) {
    const value = Math.round((samples[i] ?? 0) * 32_768);
    result[i] = Math.max(-32_768, Math.min(32_767, value));
  }
  return result;
};

/** The samples as floats from −1 to 1. */
export const toFloat32 = (samples: Int16Array): Float32Array => {
  const result = new Float32Array(samples.length);
  for (let i = 0; i < samples.length; i++) result[i] = (samples[i] ?? 0) / 32_768;
  return result;
};
