// Sound between the browser and wire 003: WAV in base64, and the microphone's rate brought to the wire's.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeWav, parseWavHeader } from "../../server/src/domain/audio/wav.ts";
import { createResampler } from "../src/voice/resampler.ts";
import { durationMs, fromWavBase64, toWavBase64 } from "../src/voice/sound.ts";

const sine = (hz: number, rateHz: number, milliseconds: number): Float32Array =>
  Float32Array.from({ length: (rateHz * milliseconds) / 1000 }, (_, at) =>
    Math.sin((2 * Math.PI * hz * at) / rateHz),
  );

const level = (samples: Float32Array): number =>
  Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);

/** Without the edges, where silence comes in. */
const middle = (samples: Float32Array): Float32Array => samples.subarray(400, -400);

test("sound is the same after a way there and back, and is what the server calls WAV", () => {
  fc.assert(
    fc.property(
      fc.int16Array({ minLength: 1, maxLength: 20_000 }),
      fc.constantFrom(8000, 16_000, 48_000),
      (samples, sampleRateHz) => {
        const sound = { samples, sampleRateHz };
        const text = toWavBase64(sound);
        assert.deepEqual(fromWavBase64(text), sound);
        const header = parseWavHeader(Buffer.from(text, "base64"));
        assert.equal(header.kind, "complete");
        const written = Buffer.from(encodeWav(samples, sampleRateHz)).toString("base64");
        assert.equal(text, written);
        assert.equal(durationMs(sound), (samples.length / sampleRateHz) * 1000);
      },
    ),
    { numRuns: 50 },
  );
});

test("what is no sound is none", () => {
  const wav = toWavBase64({ samples: new Int16Array(10), sampleRateHz: 16_000 });
  for (const text of ["", "!", "UklGRg==", btoa("RIFFaaaaWAVE".padEnd(60, "\0")), wav.slice(0, 56)])
    assert.equal(fromWavBase64(text), null, text);
});

for (const rateHz of [8000, 24_000, 44_100, 48_000, 96_000])
  test(`from ${rateHz} Hz to 16 kHz: speech stays, what is above it is gone, and pieces have no seams`, () => {
    const resample = (samples: Float32Array) => createResampler(rateHz, 16_000).push(samples);
    const speech = resample(sine(1000, rateHz, 1000));
    assert.ok(Math.abs(speech.length - 16_000) < 100, `${speech.length} samples`);
    assert.ok(Math.abs(level(middle(speech)) / Math.SQRT1_2 - 1) < 0.01);
    if (rateHz > 20_000) assert.ok(level(middle(resample(sine(9500, rateHz, 1000)))) < 0.003);

    const whole = sine(440, rateHz, 300);
    const resampler = createResampler(rateHz, 16_000);
    const pieces: number[] = [];
    for (let from = 0; from < whole.length; from += 128)
      pieces.push(...resampler.push(whole.subarray(from, from + 128)));
    assert.deepEqual(Float32Array.from(pieces), resample(whole));
  });
