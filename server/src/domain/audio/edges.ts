/** Takes the silence off both ends of a stream of sound, and leaves what is between. */
export type EdgeTrimmer = {
  /** What is known by now to be no edge. */
  push(samples: Int16Array): Int16Array;
  /** The margin after the last sound. */
  flush(): Int16Array;
};

export type EdgeOptions = {
  /** The largest sample that still counts as silence. */
  readonly silencePeak: number;
  /** Samples of silence that stay at each edge, so that a soft onset is not cut. */
  readonly marginSamples: number;
  /** Silence inside is withheld until sound follows, up to so many samples; more is dropped. */
  readonly longestPauseSamples: number;
};

/** −44 dBFS; 10 ms and 3 s at 16 kHz. */
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
