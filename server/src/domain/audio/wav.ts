/*
 * RIFF WAVE ("Multimedia Programming Interface and Data Specifications 1.0", 1991, with
 * WAVE_FORMAT_EXTENSIBLE), as programs write it: sizes in headers are often wrong, so they are only hints.
 */
import { bytesPerFrame, type PcmEncoding, type PcmFormat } from "./pcm.ts";

/** The result of reading the header of a WAV file. */
export type WavHeader =
  /** The bytes end inside the header. */
  | { readonly kind: "incomplete" }
  /** `reason` continues the sentence "This WAV …". */
  | { readonly kind: "unusable"; readonly reason: string }
  | {
      readonly kind: "complete";
      readonly format: PcmFormat;
      /** The offset of the first sample, in bytes. */
      readonly dataOffset: number;
      /** The size in the header, which may be wrong. 0 and 0xFFFFFFFF mean that the writer did not know it. */
      readonly dataBytes: number;
    };

const RIFF_HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
const MAX_HEADER_BYTES = 65_536;
const MIN_RATE_HZ = 8_000;
const MAX_RATE_HZ = 192_000;
const MAX_CHANNELS = 8;

const FORMAT_PCM = 1;
const FORMAT_FLOAT = 3;
const FORMAT_EXTENSIBLE = 0xfffe;
/** Other encodings of WAV files, which are named when they are refused. */
const FORMAT_NAMES: Readonly<Record<number, string>> = {
  2: "ADPCM",
  6: "A-law",
  7: "µ-law",
  17: "IMA ADPCM",
  49: "GSM 6.10",
  80: "MPEG",
  85: "MP3",
  255: "AAC",
};

/** Four ASCII characters at an offset, or fewer at the end of the bytes. */
export const asciiAt = (bytes: Uint8Array, offset: number, length = 4): string =>
  String.fromCharCode(...bytes.subarray(offset, offset + length));

/** Whether the bytes are the beginning of a WAV file, or too few to rule that out. */
export const beginsWav = (bytes: Uint8Array): boolean => {
  const id = asciiAt(bytes, 0);
  if (!["RIFF", "RF64"].some((known) => known.startsWith(id))) return false;
  return "WAVE".startsWith(asciiAt(bytes, 8));
};

/** @param bytes the file from its beginning, as far as it has arrived */
export const parseWavHeader = (bytes: Uint8Array): WavHeader => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let format: PcmFormat | undefined;
  let offset = RIFF_HEADER_BYTES;
  while (offset + CHUNK_HEADER_BYTES <= bytes.length) {
    const id = asciiAt(bytes, offset);
    const size = view.getUint32(offset + 4, true);
    const body = offset + CHUNK_HEADER_BYTES;
    if (id === "data") {
      if (!format) return { kind: "unusable", reason: "has no format before its sound" };
      return { kind: "complete", format, dataOffset: body, dataBytes: size };
    }
    if (id === "fmt ") {
      if (size < 16 || size > 4_096)
        return { kind: "unusable", reason: "has a broken format chunk" };
      if (body + size > bytes.length) return { kind: "incomplete" };
      const parsed = parseFormat(new DataView(view.buffer, view.byteOffset + body, size));
      if (typeof parsed === "string") return { kind: "unusable", reason: parsed };
      format = parsed;
    }
    offset = body + size + (size % 2);
    if (offset > MAX_HEADER_BYTES) break;
  }
  return offset > MAX_HEADER_BYTES
    ? { kind: "unusable", reason: "has no sound in its first 64 KB" }
    : { kind: "incomplete" };
};

const parseFormat = (view: DataView): PcmFormat | string => {
  const named = view.getUint16(0, true);
  const isExtensible = named === FORMAT_EXTENSIBLE && view.byteLength >= 26;
  const tag = isExtensible ? view.getUint16(24, true) : named;
  const channels = view.getUint16(2, true);
  const sampleRateHz = view.getUint32(4, true);
  const bits = containerBits(view.getUint16(14, true), view.getUint16(12, true), channels);
  if (channels < 1 || channels > MAX_CHANNELS)
    return `has ${channels} channels: send 1 to ${MAX_CHANNELS}`;
  if (sampleRateHz < MIN_RATE_HZ || sampleRateHz > MAX_RATE_HZ)
    return `has ${sampleRateHz} samples a second: send ${MIN_RATE_HZ} to ${MAX_RATE_HZ}`;
  if (tag !== FORMAT_PCM && tag !== FORMAT_FLOAT)
    return `holds ${FORMAT_NAMES[tag] ?? `format ${tag}`}: send PCM`;
  const encoding = ENCODINGS[`${tag}/${bits}`];
  return encoding
    ? { sampleRateHz, channels, encoding }
    : `has ${bits}-bit ${tag === FORMAT_FLOAT ? "floats" : "samples"}: send 16-bit samples`;
};

const ENCODINGS: Readonly<Record<string, PcmEncoding>> = {
  [`${FORMAT_PCM}/8`]: "u8",
  [`${FORMAT_PCM}/16`]: "s16",
  [`${FORMAT_PCM}/24`]: "s24",
  [`${FORMAT_PCM}/32`]: "s32",
  [`${FORMAT_FLOAT}/32`]: "f32",
  [`${FORMAT_FLOAT}/64`]: "f64",
};

/** Samples of 12 or 20 bits, for example, are left-aligned in whole bytes. The block size tells how many bytes. */
const containerBits = (bits: number, blockBytes: number, channels: number): number => {
  const fromBlock = (blockBytes / channels) * 8;
  const isPlausible = Number.isInteger(fromBlock) && fromBlock >= bits && fromBlock <= 64;
  return isPlausible && fromBlock % 8 === 0 ? fromBlock : Math.ceil(bits / 8) * 8;
};

/** Whether the bytes consist of whole RIFF chunks, such as a LIST after the sound, and not of sound. */
export const isRiffChunks = (bytes: Uint8Array): boolean => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  while (offset + CHUNK_HEADER_BYTES <= bytes.length) {
    if (!/^[\w ]{4}$/.test(asciiAt(bytes, offset))) return false;
    const size = view.getUint32(offset + 4, true);
    offset += CHUNK_HEADER_BYTES + size + (size % 2);
  }
  return offset > 0 && offset >= bytes.length && offset <= bytes.length + 1;
};

/** The header of 44 bytes for that many bytes of 16-bit mono sound. */
export const wavHeader = (dataBytes: number, sampleRateHz: number): Uint8Array => {
  const bytes = new Uint8Array(44);
  const view = new DataView(bytes.buffer);
  const frameBytes = bytesPerFrame({ sampleRateHz, channels: 1, encoding: "s16" });
  const put = (offset: number, text: string) => {
    for (let i = 0; i < text.length; i++) bytes[offset + i] = text.charCodeAt(i);
  };
  put(0, "RIFF");
  view.setUint32(4, 36 + dataBytes, true);
  put(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, FORMAT_PCM, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRateHz, true);
  view.setUint32(28, sampleRateHz * frameBytes, true);
  view.setUint16(32, frameBytes, true);
  view.setUint16(34, 16, true);
  put(36, "data");
  view.setUint32(40, dataBytes, true);
  return bytes;
};

/** A WAV file of 16-bit mono sound. */
export const encodeWav = (samples: Int16Array, sampleRateHz: number): Uint8Array => {
  const header = wavHeader(samples.byteLength, sampleRateHz);
  const file = new Uint8Array(header.length + samples.byteLength);
  file.set(header);
  const view = new DataView(file.buffer, header.length);
  for (let i = 0; i < samples.length; i++) view.setInt16(2 * i, samples[i] ?? 0, true);
  return file;
};
