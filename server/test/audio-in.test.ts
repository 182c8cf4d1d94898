// Whatever a client may send as sound, through the decoder that every voice session owns.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createAudioIn } from "../src/core/voice/audio-in.ts";
import type { PcmEncoding, PcmFormat } from "../src/domain/audio/pcm.ts";
import { encodeWav } from "../src/domain/audio/wav.ts";
import { AppError } from "../src/domain/errors.ts";
import { pcmBytes, riffChunk, sine, waveFile } from "./speech/wave-file.ts";

const PLAIN: PcmFormat = { sampleRateHz: 16_000, channels: 1, encoding: "s16" };
const tone = sine(440, 16_000, 200);
const expected = Int16Array.from(tone, (sample) => Math.round(sample * 32_768));
const bare = pcmBytes(tone, "s16");

/** Pushes the chunks and gives all that came out, the resampler's end included. */
const decodeAll = (chunks: readonly (Uint8Array | string)[]): Int16Array => {
  const audioIn = createAudioIn();
  const parts = [...chunks.map((chunk) => audioIn.push(chunk)), audioIn.flush()];
  return Int16Array.from(parts.flatMap((part) => [...part]));
};

const split = (bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] => {
  const chunks: Uint8Array[] = [];
  for (let from = 0, i = 0; from < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    chunks.push(bytes.subarray(from, from + size));
    from += size;
  }
  return chunks;
};

const refusal = (chunk: Uint8Array | string): AppError => {
  try {
    createAudioIn().push(chunk);
  } catch (error) {
    assert.ok(error instanceof AppError);
    return error;
  }
  throw new assert.AssertionError({ message: "it was taken for sound" });
};

/** The largest difference to a sine of that frequency, away from the edges, of full scale 1. */
const sineError = (samples: Int16Array, frequencyHz: number): number => {
  let worst = 0;
  for (let i = 200; i < samples.length - 200; i++) {
    const wanted = 0.5 * Math.sin((2 * Math.PI * frequencyHz * i) / 16_000);
    worst = Math.max(worst, Math.abs(samples[i]! / 32_768 - wanted));
  }
  return worst;
};

describe("the three ways to send sound [S2]", () => {
  test("a WAV file per chunk", () => {
    const files = split(bare, [640]).map((part) => waveFile(part, PLAIN));
    assert.deepEqual(decodeAll(files), expected);
  });
  test("one header in the first chunk, then bare PCM", () => {
    const [first, ...rest] = split(bare, [640]);
    assert.deepEqual(decodeAll([waveFile(first!, PLAIN), ...rest]), expected);
  });
  test("a header alone, then bare PCM", () => {
    const header = waveFile(Buffer.alloc(0), PLAIN);
    assert.deepEqual(decodeAll([header, ...split(bare, [640])]), expected);
  });
  test("bare PCM all the way, as bytes and as base64", () => {
    assert.deepEqual(decodeAll([bare]), expected);
    assert.deepEqual(decodeAll([bare.toString("base64")]), expected);
  });
  test("what the encoder writes is read back", () => {
    assert.deepEqual(decodeAll([encodeWav(expected, 16_000)]), expected);
  });
  test("a file or a bare stream, cut anywhere, is the same sound", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 6 });
    const list = riffChunk("LIST", Buffer.from("INFOISFT\x05\0\0\0Lavf\0"));
    const file = waveFile(bare, PLAIN, { before: list });
    fc.assert(
      fc.property(sizes, (cuts) => {
        assert.deepEqual(decodeAll(split(file, cuts)), expected);
        assert.deepEqual(decodeAll(split(bare, cuts)), expected);
      }),
    );
  });
  test("a partial frame at the end of a file does not spoil the next file", () => {
    const cut = waveFile(bare.subarray(0, 641), PLAIN).subarray(0, 44 + 641);
    const rest = waveFile(bare.subarray(640), PLAIN);
    assert.deepEqual(decodeAll([cut, rest]), expected);
  });
});

describe("any format becomes 16 kHz mono", () => {
  const encodings: PcmEncoding[] = ["u8", "s16", "s24", "s32", "f32", "f64"];
  for (const encoding of encodings)
    for (const extensible of [false, true])
      test(`${encoding}${extensible ? ", extensible" : ""}`, () => {
        const file = waveFile(pcmBytes(tone, encoding), { ...PLAIN, encoding }, { extensible });
        assert.ok(sineError(decodeAll([file]), 440) < (encoding === "u8" ? 0.01 : 0.0001));
      });
  for (const sampleRateHz of [8_000, 11_025, 22_050, 24_000, 32_000, 44_100, 44_101, 48_000])
    for (const channels of [1, 2])
      test(`${sampleRateHz} Hz, ${channels} channels, in 10 ms chunks`, () => {
        const format: PcmFormat = { sampleRateHz, channels, encoding: "s16" };
        const sound = pcmBytes(sine(440, sampleRateHz, 500, channels), "s16");
        const size = Math.round(sampleRateHz / 100) * 2 * channels;
        const [first, ...rest] = split(sound, [size]);
        const whole = decodeAll([waveFile(sound, format)]);
        assert.ok(Math.abs(whole.length - 8_000) <= 1, `${whole.length} samples`);
        assert.ok(sineError(whole, 440) < 0.0005);
        assert.deepEqual(decodeAll([waveFile(first!, format), ...rest]), whole);
      });
  test("192 kHz with 8 channels", () => {
    const format: PcmFormat = { sampleRateHz: 192_000, channels: 8, encoding: "f32" };
    const file = waveFile(pcmBytes(sine(440, 192_000, 200, 8), "f32"), format);
    assert.ok(sineError(decodeAll([file]), 440) < 0.0005);
  });
  test("what is above the new half rate is gone, not folded back", () => {
    const format: PcmFormat = { sampleRateHz: 48_000, channels: 1, encoding: "s16" };
    const result = decodeAll([waveFile(pcmBytes(sine(9_000, 48_000, 500), "s16"), format)]);
    assert.ok(result.subarray(200, -200).every((sample) => Math.abs(sample) <= 4));
  });
  test("opposite channels cancel, equal ones stay", () => {
    const opposite = pcmBytes(
      tone.flatMap((sample) => [sample, -sample]),
      "s16",
    );
    const stereo: PcmFormat = { ...PLAIN, channels: 2 };
    assert.ok(decodeAll([waveFile(opposite, stereo)]).every((sample) => Math.abs(sample) <= 1));
  });
  test("a change of format between files loses nothing", () => {
    const fast: PcmFormat = { sampleRateHz: 48_000, channels: 2, encoding: "s24" };
    const file = waveFile(pcmBytes(sine(440, 48_000, 200, 2), "s24"), fast);
    const result = decodeAll([file, waveFile(bare, PLAIN), file]);
    assert.equal(result.length, 3 * 3_200);
    assert.deepEqual(result.subarray(3_200, 6_400), expected);
  });
});

describe("headers that lie", () => {
  for (const claimedBytes of [0, 0xffffffff, 0x7fffffff, bare.length + 1, bare.length * 9, 100, 1])
    test(`${bare.length} bytes of sound said to be ${claimedBytes}`, () => {
      assert.deepEqual(decodeAll([waveFile(bare, PLAIN, { claimedBytes })]), expected);
    });
  test("chunks after the sound are not sound", () => {
    const after = Buffer.concat([riffChunk("LIST", Buffer.alloc(301)), riffChunk("id3 ", bare)]);
    assert.deepEqual(decodeAll([waveFile(bare, PLAIN, { after })]), expected);
  });
  test("a block size that is nonsense", () => {
    const file = waveFile(bare, PLAIN);
    file.writeUInt16LE(0, 32);
    assert.deepEqual(decodeAll([file]), expected);
  });
});

describe("what is not sound is refused in words, and the next chunk is taken", () => {
  const at = (offset: number, text: string) =>
    Buffer.concat([Buffer.alloc(offset), Buffer.from(text, "latin1"), Buffer.alloc(64)]);
  const mp3Frame = Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0]), Buffer.alloc(413)]);
  const adtsFrame = Buffer.from([0xff, 0xf1, 0x50, 0x80, 0x01, 0x7f, 0xfc, 0, 0, 0, 0]);
  const cases: readonly (readonly [string, Uint8Array | string, RegExp])[] = [
    ["WebM", at(0, "\x1aE\xdf\xa3"), /This is WebM, not WAV: send 16 kHz mono/],
    ["Ogg", at(0, "OggS"), /This is Ogg/],
    ["FLAC", at(0, "fLaC"), /This is FLAC/],
    ["MP4", at(4, "ftypM4A "), /This is MP4/],
    ["MP3 with a tag", at(0, "ID3\x03"), /This is MP3/],
    ["MP3 without a tag", Buffer.concat([mp3Frame, mp3Frame]), /This is MP3/],
    ["AAC", Buffer.concat([adtsFrame, adtsFrame]), /This is AAC/],
    ["JSON", Buffer.from('{"type":"audio"}'), /This is JSON/],
    ["HTML", Buffer.from("<!doctype html><html>"), /This is HTML or XML/],
    ["text", Buffer.from("this is no sound at all"), /This is text/],
    ["base64 twice", Buffer.from(bare.toString("base64")), /This is base64 in base64/],
    ["not base64", "!!! no base64 !!!", /not base64/],
    ["µ-law", waveFile(bare, PLAIN, { formatTag: 7 }), /This WAV holds µ-law: send PCM/],
    ["9 channels", waveFile(bare, { ...PLAIN, channels: 9 }), /has 9 channels/],
    ["4 kHz", waveFile(bare, { ...PLAIN, sampleRateHz: 4_000 }), /has 4000 samples a second/],
    ["no format", Buffer.from("RIFF\0\0\0\0WAVEdata\0\0\0\0"), /has no format/],
    ["no sound", Buffer.from("RIFF\0\0\0\0WAVEjunk\xff\xff\xff\xff", "latin1"), /no sound in its/],
  ];
  for (const [name, chunk, message] of cases)
    test(name, () => {
      const error = refusal(chunk);
      assert.equal(error.code, "invalid_request");
      assert.match(error.message, message);
      const audioIn = createAudioIn();
      assert.throws(() => audioIn.push(chunk));
      assert.deepEqual(audioIn.push(waveFile(bare, PLAIN)), expected);
      assert.throws(() => audioIn.push(chunk));
      assert.deepEqual(audioIn.push(bare), expected);
    });
  test("a chunk that is too large, in bytes, in letters and in seconds", () => {
    const slow: PcmFormat = { sampleRateHz: 8_000, channels: 1, encoding: "u8" };
    assert.equal(refusal(Buffer.alloc(8 * 1024 * 1024 + 1)).code, "too_large");
    assert.equal(refusal("A".repeat(13 * 1024 * 1024)).code, "too_large");
    assert.equal(refusal(waveFile(Buffer.alloc(8_000 * 61), slow)).code, "too_large");
  });
  test("ever new sample rates", () => {
    const audioIn = createAudioIn();
    const push = (sampleRateHz: number) =>
      audioIn.push(waveFile(Buffer.alloc(64), { ...PLAIN, sampleRateHz }));
    for (let i = 0; i < 20; i++) push([8_000, 16_000, 24_000, 44_100, 48_000, 96_000][i % 6]!);
    assert.throws(() => push(44_101), { code: "invalid_request", message: /too often/ });
    push(48_000);
  });
  test("no bytes whatever are anything but sound or a refusal", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), (chunks) => {
        const audioIn = createAudioIn();
        for (const chunk of [Buffer.from("RIFF____WAVEfmt "), ...chunks]) {
          try {
            audioIn.push(chunk);
          } catch (error) {
            assert.ok(error instanceof AppError, String(error));
          }
        }
        audioIn.flush();
      }),
    );
  });
});
