// WAV files as they are met: of any format, with honest and with lying headers.
import type { PcmFormat } from "../../src/domain/audio/pcm.ts";

export type WaveFileOptions = {
  readonly extensible?: boolean;
  /** Chunks between `fmt ` and `data`, and after the sound. */
  readonly before?: Uint8Array;
  readonly after?: Uint8Array;
  /** What the header says of the sound's size, if not the truth. */
  readonly claimedBytes?: number;
  readonly formatTag?: number;
};

const BITS: Record<PcmFormat["encoding"], number> = {
  u8: 8,
  s16: 16,
  s24: 24,
  s32: 32,
  f32: 32,
  f64: 64,
  mulaw: 8,
  alaw: 8,
};

/** Interleaved samples, −1 to 1, as bytes. */
export const pcmBytes = (samples: readonly number[], encoding: PcmFormat["encoding"]): Buffer => {
  const width = BITS[encoding] / 8;
  const bytes = Buffer.alloc(samples.length * width);
  samples.forEach((sample, i) => {
    const scaled = (bits: number) =>
      Math.max(-(2 ** bits), Math.min(2 ** bits - 1, Math.round(sample * 2 ** bits)));
    if (encoding === "u8") bytes.writeUInt8(scaled(7) + 128, i);
    else if (encoding === "f32") bytes.writeFloatLE(sample, i * 4);
    else if (encoding === "f64") bytes.writeDoubleLE(sample, i * 8);
    else bytes.writeIntLE(scaled(width * 8 - 1), i * width, width);
  });
  return bytes;
};

export const waveFile = (
  sound: Uint8Array,
  format: PcmFormat,
  options: WaveFileOptions = {},
): Buffer => {
  const bits = BITS[format.encoding];
  const isFloat = format.encoding.startsWith("f");
  const tag = options.formatTag ?? (isFloat ? 3 : 1);
  const description = Buffer.alloc(options.extensible ? 40 : 16);
  description.writeUInt16LE(options.extensible ? 0xfffe : tag, 0);
  description.writeUInt16LE(format.channels, 2);
  description.writeUInt32LE(format.sampleRateHz, 4);
  description.writeUInt32LE((format.sampleRateHz * format.channels * bits) / 8, 8);
  description.writeUInt16LE((format.channels * bits) / 8, 12);
  description.writeUInt16LE(bits, 14);
  if (options.extensible) {
    description.writeUInt16LE(22, 16);
    description.writeUInt16LE(bits, 18);
    description.writeUInt16LE(tag, 24);
    description.write("000000001000800000aa00389b71", 26, "hex");
  }
  const data = Buffer.concat([
    chunkHeader("data", options.claimedBytes ?? sound.length),
    sound,
    Buffer.alloc(sound.length % 2),
  ]);
  const body = Buffer.concat([
    Buffer.from("WAVE"),
    riffChunk("fmt ", description),
    options.before ?? Buffer.alloc(0),
    data,
    options.after ?? Buffer.alloc(0),
  ]);
  return Buffer.concat([chunkHeader("RIFF", body.length), body]);
};

export const riffChunk = (id: string, body: Uint8Array): Buffer =>
  Buffer.concat([chunkHeader(id, body.length), body, Buffer.alloc(body.length % 2)]);

const chunkHeader = (id: string, size: number): Buffer => {
  const header = Buffer.alloc(8);
  header.write(id, "latin1");
  header.writeUInt32LE(size >>> 0, 4);
  return header;
};

/** A sine of half the full scale; `channels` of them, interleaved. */
export const sine = (
  frequencyHz: number,
  sampleRateHz: number,
  durationMs: number,
  channels = 1,
): number[] =>
  Array.from({ length: Math.round((sampleRateHz * durationMs) / 1000) }, (_, i) =>
    Array<number>(channels).fill(0.5 * Math.sin((2 * Math.PI * frequencyHz * i) / sampleRateHz)),
  ).flat();
