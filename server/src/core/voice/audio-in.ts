import { decodeBase64 } from "../../domain/audio/base64.ts";
import { bytesPerFrame, type PcmFormat } from "../../domain/audio/pcm.ts";
import { concatenate, createPcmStream, type PcmStream } from "../../domain/audio/pcm-stream.ts";
import { nameForeignBytes } from "../../domain/audio/sniff.ts";
import { beginsWav, isRiffChunks, parseWavHeader } from "../../domain/audio/wav.ts";
import { SAMPLE_RATE_HZ } from "../../domain/audio.ts";
import { AppError } from "../../domain/errors.ts";

/**
 * The sound of one session as it comes in, in whatever form: a WAV file per chunk, one WAV header
 * at the beginning and bare PCM after it, or bare PCM all the way. A chunk that is refused changes
 * nothing: the next one is taken as if it had not been there.
 */
export type AudioIn = {
  /**
   * Takes one chunk (its bytes, or base64 of them) and gives what is ready, 16 kHz mono.
   * @throws AppError invalid_request when it is not sound, too_large when it is too much of it
   */
  push(chunk: Uint8Array | string): Int16Array;
  /** The last samples of the resampler, when no more is to come. */
  flush(): Int16Array;
};

export type AudioInOptions = {
  /** The format that bare PCM without a header is assumed to have. */
  readonly barePcm: PcmFormat;
  /** The bound of one chunk, in bytes after base64. */
  readonly maxChunkBytes: number;
  /** The bound of the sound in one chunk. */
  readonly maxChunkMs: number;
};

/** Mono 16-bit sound without a header, as voice clients send it. */
export const barePcmOf = (sampleRateHz: number): PcmFormat => ({
  sampleRateHz,
  channels: 1,
  encoding: "s16",
});

const DEFAULTS: AudioInOptions = {
  barePcm: barePcmOf(SAMPLE_RATE_HZ),
  maxChunkBytes: 8 * 1024 * 1024,
  maxChunkMs: 30_000,
};

const ADVICE = "send 16 kHz mono 16-bit PCM, with or without a WAV header";

/** Each new rate costs the computation of a filter. */
const MAX_RATES = 6;

/** Fewer bytes than this may be the beginning of a WAV header or of sound, so they wait. */
const TELLING_BYTES = 12;

export const createAudioIn = (options: Partial<AudioInOptions> = {}): AudioIn => {
  const { barePcm, maxChunkBytes, maxChunkMs } = { ...DEFAULTS, ...options };
  /** The beginning of a WAV header whose end is in a later chunk. */
  let header = new Uint8Array(0);
  let format: PcmFormat | null = null;
  let stream: PcmStream | null = null;
  const rates = new Set<number>();

  const checkLength = (bytes: Uint8Array, of: PcmFormat) => {
    const durationMs = (bytes.length / bytesPerFrame(of) / of.sampleRateHz) * 1000;
    if (durationMs > maxChunkMs)
      throw new AppError(
        "too_large",
        `This chunk holds ${Math.ceil(durationMs / 1000)} s of sound: send at most ${maxChunkMs / 1000} s at a time`,
      );
  };

  /** Continues in that format. A change of format ends the old stream, whose last samples come first. */
  const decode = (bytes: Uint8Array, next: PcmFormat, isNewFile: boolean): Int16Array => {
    checkLength(bytes, next);
    if (stream && format && isSameFormat(format, next)) {
      if (isNewFile) stream.dropPartialFrame();
      return stream.push(bytes);
    }
    if (rates.size >= MAX_RATES && !rates.has(next.sampleRateHz))
      throw new AppError("invalid_request", "The sample rate changes too often: keep to one");
    rates.add(next.sampleRateHz);
    const before = stream?.flush() ?? new Int16Array(0);
    format = next;
    stream = createPcmStream(next, SAMPLE_RATE_HZ);
    const after = stream.push(bytes);
    if (before.length === 0) return after;
    const both = new Int16Array(before.length + after.length);
    both.set(before);
    both.set(after, before.length);
    return both;
  };

  const pushFile = (file: Uint8Array): Int16Array => {
    const parsed = parseWavHeader(file);
    switch (parsed.kind) {
      case "unusable":
        throw new AppError("invalid_request", `This WAV ${parsed.reason}`);
      case "incomplete":
        header = new Uint8Array(file);
        return new Int16Array(0);
      case "complete":
        return decode(soundOfWav(file, parsed.dataOffset, parsed.dataBytes), parsed.format, true);
    }
  };

  return {
    push(chunk) {
      const bytes = typeof chunk === "string" ? bytesOf(chunk, maxChunkBytes) : chunk;
      if (bytes.length > maxChunkBytes) throw tooLarge(maxChunkBytes);
      const isNewFile = bytes.length >= TELLING_BYTES && beginsWav(bytes);
      const joined = header.length > 0 && !isNewFile ? concatenate(header, bytes) : bytes;
      header = new Uint8Array(0);
      if (joined.length > 0 && beginsWav(joined)) return pushFile(joined);
      const foreign = nameForeignBytes(joined, stream === null);
      if (foreign) throw new AppError("invalid_request", `This is ${foreign}, not WAV: ${ADVICE}`);
      return decode(joined, format ?? barePcm, false);
    },
    flush() {
      header = new Uint8Array(0);
      return stream?.flush() ?? new Int16Array(0);
    },
  };
};

const bytesOf = (text: string, maxBytes: number): Uint8Array => {
  if (text.length > maxBytes * 1.5) throw tooLarge(maxBytes);
  const bytes = decodeBase64(text);
  if (!bytes) throw new AppError("invalid_request", `The sound is not base64: ${ADVICE} in base64`);
  return bytes;
};

const tooLarge = (maxBytes: number) =>
  new AppError("too_large", `This chunk is too large: send at most ${maxBytes} bytes at a time`);

/**
 * What the header calls sound, corrected: a size of nothing, of everything, or beyond the end means
 * "to the end"; one before the end is believed only if whole RIFF chunks follow.
 */
export const soundOfWav = (file: Uint8Array, dataOffset: number, dataBytes: number): Uint8Array => {
  const rest = file.subarray(dataOffset);
  const padded = dataBytes + (dataBytes % 2);
  const isBelieved = dataBytes > 0 && padded < rest.length && isRiffChunks(rest.subarray(padded));
  return isBelieved ? rest.subarray(0, dataBytes) : rest;
};

const isSameFormat = (a: PcmFormat, b: PcmFormat): boolean =>
  a.sampleRateHz === b.sampleRateHz && a.channels === b.channels && a.encoding === b.encoding;
