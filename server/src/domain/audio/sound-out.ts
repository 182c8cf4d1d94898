import { encodeG711, type Law } from "./g711.ts";
import { toFloat32, toInt16 } from "./pcm.ts";
import { createResampler } from "./resampler.ts";

/** Mono sound as bytes without a header: 16-bit little-endian, or a byte a sample by one of G.711's laws. */
export type SoundFormat = { readonly sampleRateHz: number; readonly encoding: "s16" | Law };

/** Samples of one rate in, bytes of a format out; chunk by chunk gives what the whole would give. */
export type SoundOut = {
  push(samples: Int16Array): Uint8Array;
  /** The last bytes, as if silence followed. A new stream begins after it. */
  flush(): Uint8Array;
};

export function createSoundOut(inputHz: number, format: SoundFormat): SoundOut {
  const resampler = createResampler(inputHz, format.sampleRateHz);
  const bytesOf = (samples: Float32Array) => encode(toInt16(samples), format.encoding);
  return {
    push: (samples) => bytesOf(resampler.push(toFloat32(samples))),
    flush: () => bytesOf(resampler.flush()),
  };
}

function encode(samples: Int16Array, encoding: SoundFormat["encoding"]): Uint8Array {
  if (encoding !== "s16") return encodeG711(encoding, samples);
  const bytes = new Uint8Array(2 * samples.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < samples.length; i++) view.setInt16(2 * i, samples[i] ?? 0, true);
  return bytes;
}
