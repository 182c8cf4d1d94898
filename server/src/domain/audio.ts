/** The only format of sound inside the server: 16 kHz, mono, signed 16-bit samples. */
export const SAMPLE_RATE_HZ = 16_000;

/** The duration of that many samples at SAMPLE_RATE_HZ, in milliseconds. */
export const millisecondsOf = (samples: number): number => (samples * 1000) / SAMPLE_RATE_HZ;

/** The number of samples at SAMPLE_RATE_HZ in that many milliseconds. */
export const samplesIn = (milliseconds: number): number =>
  Math.round((milliseconds * SAMPLE_RATE_HZ) / 1000);
