import { bytesPerFrame, decodePcm, type PcmFormat, toInt16 } from "./pcm.ts";
import { createResampler } from "./resampler.ts";

/** Bytes of one format in, mono signed 16-bit samples at one rate out. */
export type PcmStream = {
  /** A frame that ends in a later chunk is joined with it. */
  push(bytes: Uint8Array): Int16Array;
  /** Forgets the beginning of a frame whose end will not come. */
  dropPartialFrame(): void;
  /** The resampler's last samples. */
  flush(): Int16Array;
};

export const createPcmStream = (format: PcmFormat, outputHz: number): PcmStream => {
  const resampler = createResampler(format.sampleRateHz, outputHz);
  const frameBytes = bytesPerFrame(format);
  let partial = new Uint8Array(0);
  return {
    push(bytes) {
      const joined = partial.length === 0 ? bytes : concatenate(partial, bytes);
      const whole = joined.length - (joined.length % frameBytes);
      partial = new Uint8Array(joined.subarray(whole));
      return toInt16(resampler.push(decodePcm(joined.subarray(0, whole), format)));
    },
    dropPartialFrame() {
      partial = new Uint8Array(0);
    },
    flush() {
      partial = new Uint8Array(0);
      return toInt16(resampler.flush());
    },
  };
};

export const concatenate = (first: Uint8Array, second: Uint8Array): Uint8Array => {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
};
