// Sound as telephones and realtime clients take it: the laws of G.711, and rates other than ours.
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeG711, g711Sample, type Law } from "../src/domain/audio/g711.ts";
import { createPcmStream } from "../src/domain/audio/pcm-stream.ts";
import { createSoundOut, type SoundFormat } from "../src/domain/audio/sound-out.ts";
import { sine } from "./speech/wave-file.ts";

const CODES = Array.from({ length: 256 }, (_, code) => code);
const encodeOne = (law: Law, sample: number) => encodeG711(law, Int16Array.of(sample))[0];

test("[RT3] G.711 gives the values of the standard's tables, and each code back", () => {
  for (const [law, code, sample] of [
    ["mulaw", 0x00, -32_124],
    ["mulaw", 0x80, 32_124],
    ["mulaw", 0xff, 0],
    ["mulaw", 0x7f, 0],
    ["mulaw", 0xef, 132],
    ["mulaw", 0xfe, 8],
    ["alaw", 0xd5, 8],
    ["alaw", 0x55, -8],
    ["alaw", 0xaa, 32_256],
    ["alaw", 0x2a, -32_256],
    ["alaw", 0xc5, 264],
  ] as const)
    assert.equal(g711Sample(law, code), sample, `${law} ${code.toString(16)}`);
  for (const law of ["mulaw", "alaw"] as const) {
    for (const code of CODES) {
      const sample = g711Sample(law, code);
      assert.equal(g711Sample(law, encodeOne(law, sample) ?? 0), sample);
    }
    for (let sample = -32_768; sample < 32_768; sample += 7) {
      const off = Math.abs(g711Sample(law, encodeOne(law, sample) ?? 0) - sample);
      const nearest = Math.min(...CODES.map((code) => Math.abs(g711Sample(law, code) - sample)));
      assert.equal(off, nearest, `${law} ${sample}`);
    }
  }
});

/** A tone through a format and back: how much of it is left, and how much else there is, in dB. */
function roundTrip(format: SoundFormat, hz: number) {
  const tone = Int16Array.from(sine(hz, 16_000, 1000), (value) => Math.round(value * 16_000));
  const out = createSoundOut(16_000, format);
  const pieces: number[] = [];
  for (let from = 0; from < tone.length; from += 333)
    pieces.push(...out.push(tone.subarray(from, from + 333)));
  pieces.push(...out.flush());
  const back = createPcmStream({ ...format, channels: 1 }, 16_000);
  const heard = [...back.push(Uint8Array.from(pieces)), ...back.flush()];
  const middle = { from: 4000, to: 12_000 };
  let best = Number.NEGATIVE_INFINITY;
  // Filters delay by a few samples.
  for (let delay = -40; delay <= 40; delay++) {
    let signal = 0;
    let noise = 0;
    for (let at = middle.from; at < middle.to; at++) {
      const wanted = tone[at] ?? 0;
      signal += wanted ** 2;
      noise += ((heard[at + delay] ?? 0) - wanted) ** 2;
    }
    best = Math.max(best, 10 * Math.log10(signal / noise));
  }
  return { bytes: pieces.length, best };
}

test("[RT3] sound goes to 24 kHz and to 8 kHz by either law, and back, in any pieces", () => {
  const wide = roundTrip({ sampleRateHz: 24_000, encoding: "s16" }, 1000);
  assert.ok(Math.abs(wide.bytes - 48_000) < 200, `${wide.bytes} bytes a second`);
  assert.ok(wide.best > 50, `${wide.best} dB`);
  for (const encoding of ["mulaw", "alaw"] as const) {
    const narrow = roundTrip({ sampleRateHz: 8000, encoding }, 1000);
    assert.ok(Math.abs(narrow.bytes - 8000) < 100, `${narrow.bytes} bytes a second`);
    assert.ok(narrow.best > 33, `${encoding}: ${narrow.best} dB`);
  }
});
