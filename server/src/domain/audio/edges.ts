/** Trims the silence from both ends of a stream of sound. */
export type EdgeTrimmer = {
  /** Returns the samples that are certainly not part of an edge. */
  push(samples: Int16Array): Int16Array;
  /** Returns the margin after the last sound. */
  flush(): Int16Array;
};

export type EdgeOptions = {
  /** The largest magnitude of a sample that counts as silence. */
  readonly silencePeak: number;
  /** The number of silent samples that are kept at each edge, so that a soft onset is not cut. */
  readonly marginSamples: number;
  /** Silence is withheld until sound follows, up to this number of samples. More silence is dropped. */
  readonly longestPauseSamples: number;
};

/** A threshold of −44 dBFS; a margin of 10 ms and a limit of 3 s at 16 kHz. */
const DEFAULTS: EdgeOptions = {
  silencePeak: 200,
  marginSamples: 160,
  longestPauseSamples: 48_000,
};

export const createEdgeTrimmer = (options: Partial<EdgeOptions> = {}): EdgeTrimmer => {
  const { silencePeak, marginSamples, longestPauseSamples } = { ...DEFAULTS, ...options };
  const isSound = (sample: number) => Math.abs(sample) > silencePeak;
  let hasBegun = false;
  let silence = new Int16Array(0);
  return {
    push(samples) {
      const joined = concatenateSamples([silence, samples]);
      const last = joined.findLastIndex(isSound);
      if (last < 0) {
        silence = hasBegun ? joined.slice(0, longestPauseSamples) : joined.slice(-marginSamples);
        return new Int16Array(0);
      }
      const first = hasBegun ? 0 : Math.max(0, joined.findIndex(isSound) - marginSamples);
      hasBegun = true;
      silence = joined.slice(last + 1, last + 1 + longestPauseSamples);
      return joined.slice(first, last + 1);
    },
    flush: () => (hasBegun ? silence.slice(0, marginSamples) : new Int16Array(0)),
  };
};

export const concatenateSamples = (parts: readonly Int16Array[]): Int16Array<ArrayBuffer> => {
  const joined = new Int16Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
};
