import { concatenateSamples } from "../../../domain/audio/edges.ts";

/**
 * Prepares an utterance for a decoder that is sensitive to loudness and to silence at the edges.
 * The beginning is held until enough was spoken to know how loud the speaker is.
 */
export type Intake = {
  /** Returns the samples to decode now. */
  push(samples: Int16Array): Int16Array;
  /** Returns the remaining samples at the end, or none if nothing was spoken. */
  flush(): Int16Array;
};

/** 10 ms at 16 kHz, over which loudness is measured. */
const BLOCK_SAMPLES = 160;
/** Speech that tells the loudness: 400 ms; without so much, decoding begins after three seconds. */
const TELLING_BLOCKS = 40;
const MAX_HOLD_BLOCKS = 300;
/** Less than this is a click. */
const MIN_SPOKEN_BLOCKS = 4;
/** Speech is so much above the quietest tenth, and above this level at all. */
const ABOVE_FLOOR_DB = 10;
const MIN_SPEECH_DBFS = -55;
/** Blocks that are this much quieter than the loudest one are silence. */
const SILENCE_BELOW_PEAK_DB = 32;
const TARGET_DBFS = -20;
const MAX_GAIN_DB = 30;
/** The silence that is kept before the first word and after a word. */
const LEAD_BLOCKS = 10;
const TRAIL_BLOCKS = 12;
/** More of a pause is left out. */
const MAX_PAUSE_BLOCKS = 40;

export const createIntake = (): Intake => {
  let waiting: Int16Array = new Int16Array(0);
  /** Known once decoding has begun. */
  let voice: { readonly gain: number; readonly silenceDbfs: number } | null = null;

  const take = (samples: number): Int16Array => {
    const taken = waiting.slice(0, samples);
    waiting = waiting.slice(samples);
    return amplify(taken, voice?.gain ?? 1);
  };

  const begin = (levels: readonly number[]): void => {
    const peak = Math.max(...levels);
    const silenceDbfs = peak - SILENCE_BELOW_PEAK_DB;
    const spoken = levels.filter((level) => level > peak - 25).map((level) => 10 ** (level / 10));
    const loudness = 10 * Math.log10(spoken.reduce((sum, power) => sum + power, 0) / spoken.length);
    const gain = 10 ** (Math.min(MAX_GAIN_DB, TARGET_DBFS - loudness) / 20);
    voice = { gain, silenceDbfs };
    const first = levels.findIndex((level) => level > silenceDbfs);
    waiting = waiting.slice(Math.max(0, first - LEAD_BLOCKS) * BLOCK_SAMPLES);
  };

  /** Silence after a word waits: it may be the end, which the decoder need not hear. */
  const ready = (): Int16Array => {
    if (!voice) return new Int16Array(0);
    const { silenceDbfs } = voice;
    const last = levelsOf(waiting).findLastIndex((level) => level > silenceDbfs);
    if (last >= 0) return take((last + 1 + TRAIL_BLOCKS) * BLOCK_SAMPLES);
    waiting = waiting.slice(-MAX_PAUSE_BLOCKS * BLOCK_SAMPLES);
    return new Int16Array(0);
  };

  return {
    push(samples) {
      waiting = concatenateSamples([waiting, samples]);
      if (!voice) {
        const levels = levelsOf(waiting);
        if (spokenBlocks(levels) >= TELLING_BLOCKS) begin(levels);
        else if (levels.length >= MAX_HOLD_BLOCKS) {
          if (Math.max(...levels) > MIN_SPEECH_DBFS) begin(levels);
          else waiting = waiting.slice(-TELLING_BLOCKS * BLOCK_SAMPLES);
        }
      }
      return ready();
    },
    flush() {
      if (!voice) {
        const levels = levelsOf(waiting);
        if (spokenBlocks(levels) < MIN_SPOKEN_BLOCKS) return new Int16Array(0);
        begin(levels);
      }
      return ready();
    },
  };
};

const spokenBlocks = (levels: readonly number[]): number => {
  const floor = levels.toSorted((a, b) => a - b)[Math.floor(levels.length / 10)] ?? 0;
  const threshold = Math.max(floor + ABOVE_FLOOR_DB, MIN_SPEECH_DBFS);
  return levels.filter((level) => level > threshold).length;
};

/** dBFS of each whole block. */
const levelsOf = (samples: Int16Array): number[] =>
  Array.from({ length: Math.floor(samples.length / BLOCK_SAMPLES) }, (_, i) => {
    let sum = 1;
    for (const sample of samples.subarray(i * BLOCK_SAMPLES, (i + 1) * BLOCK_SAMPLES))
      sum += sample * sample;
    return 10 * Math.log10(sum / BLOCK_SAMPLES / 32_768 ** 2);
  });

const amplify = (samples: Int16Array, gain: number): Int16Array => {
  const louder = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i++)
    louder[i] = Math.max(-32_768, Math.min(32_767, Math.round((samples[i] as number) * gain)));
  return louder;
};
