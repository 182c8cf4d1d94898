/** The target loudness of speech in dBFS, which are decibels below the largest possible sample. */
export type LoudnessTarget = {
  /** The root mean square of the parts that are not silent. */
  readonly rmsDbfs: number;
  /** The gain is limited so that no sample exceeds this peak. */
  readonly peakDbfs: number;
  /** The largest gain, since very quiet sound is noise. */
  readonly maxGainDb: number;
};

const SPEECH: LoudnessTarget = { rmsDbfs: -20, peakDbfs: -1, maxGainDb: 20 };

/** Loudness is measured in blocks of 10 ms at 16 kHz. Blocks 30 dB below the loudest one are pauses. */
const BLOCK_SAMPLES = 160;
const PAUSE_POWER_RATIO = 1e-3;

/** The same sound at the target loudness, with one gain for all of its samples. */
export const evenLoudness = (
  samples: Int16Array,
  target: LoudnessTarget = SPEECH,
): Int16Array<ArrayBuffer> => {
  const gain = gainFor(samples, target);
  const even = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i++) even[i] = Math.round((samples[i] as number) * gain);
  return even;
};

const gainFor = (samples: Int16Array, target: LoudnessTarget): number => {
  const power = speechPower(samples);
  if (power === 0) return 1;
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  return Math.min(
    (fromDb(target.rmsDbfs) * 32_768) / Math.sqrt(power),
    (fromDb(target.peakDbfs) * 32_768) / peak,
    fromDb(target.maxGainDb),
  );
};

const speechPower = (samples: Int16Array): number => {
  const blocks = Array.from({ length: Math.ceil(samples.length / BLOCK_SAMPLES) }, (_, i) => {
    const block = samples.subarray(i * BLOCK_SAMPLES, (i + 1) * BLOCK_SAMPLES);
    let sum = 0;
    for (const sample of block) sum += sample * sample;
    return sum / block.length;
  });
  const loudest = blocks.reduce((highest, power) => Math.max(highest, power), 0);
  const spoken = blocks.filter((power) => power > 0 && power >= loudest * PAUSE_POWER_RATIO);
  return spoken.length === 0 ? 0 : spoken.reduce((sum, power) => sum + power, 0) / spoken.length;
};

const fromDb = (decibels: number): number => 10 ** (decibels / 20);
