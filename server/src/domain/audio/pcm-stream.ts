import { bytesPerFrame, decodePcm, type PcmFormat, toInt16 } from "./pcm.ts";
import { createResampler } from "./resampler.ts";

/** Converts bytes of one format to mono signed 16-bit samples at one rate. */
export type PcmStream = {
  /** Converts the next bytes. A frame that is split between two chunks is joined. */
  push(bytes: Uint8Array): Int16Array;
  /** Drops the first part of a frame whose last part will not come. */
  dropPartialFrame(): void;
  /** Returns the last samples of the resampler. */
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
