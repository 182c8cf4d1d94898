import {
  allocateCepstra,
  allocateSamples,
  CEPSTRUM_LENGTH,
  type Library,
  type Pointer,
} from "./library.ts";

/**
 * The mean cepstrum of one utterance: what the microphone and the speaker add to every sound, and
 * the decoder is to subtract. pocketsphinx itself carries it over from the utterance before, which
 * here was another person's.
 */
export type CepstralMean = {
  start(): void;
  /** The mean with these samples in it. */
  push(samples: Int16Array): Float32Array;
};

/** `-cmninit` of the model's feat.params, which new utterances are drawn towards. */
const PRIOR = [41, -5.29, -0.12, 5.09, 2.48, -4.07, -1.37, -1.78, -5.08, -2.05, -6.45, -1.42, 1.17];
/** Worth so many frames of 10 ms. The first coefficient is loudness, of which nothing is known before. */
const PRIOR_FRAMES = 30;
const BUFFER_SAMPLES = 16_000;
/** More frames than the buffer's samples make. */
const MAX_FRAMES = 120;

export const createCepstralMean = (library: Library, decoder: Pointer): CepstralMean => {
  const configuration = library.configurationOf(decoder);
  const frontEnd = library.createFrontEnd(library.retainConfiguration(configuration));
  const cepstra = allocateCepstra(library, MAX_FRAMES);
  const buffer = allocateSamples(BUFFER_SAMPLES);
  const sums = new Float64Array(CEPSTRUM_LENGTH);
  let frames = 0;

  const addFrames = (samples: Int16Array) => {
    buffer.samples.set(samples);
    const position = [buffer.pointer];
    const remaining = [samples.length];
    const frameCount = [MAX_FRAMES];
    library.frontEnd(frontEnd, position, remaining, cepstra.pointer, frameCount, [0]);
    const [count = 0] = frameCount;
    for (let i = 0; i < count * CEPSTRUM_LENGTH; i++)
      sums[i % CEPSTRUM_LENGTH] =
        (sums[i % CEPSTRUM_LENGTH] as number) + (cepstra.values[i] as number);
    frames += count;
  };

  return {
    start() {
      sums.fill(0);
      frames = 0;
      library.startFrontEndStream(frontEnd);
      library.startFrontEnd(frontEnd);
    },
    push(samples) {
      for (let from = 0; from < samples.length; from += BUFFER_SAMPLES)
        addFrames(samples.subarray(from, from + BUFFER_SAMPLES));
      return Float32Array.from(PRIOR, (prior, i) => {
        const sum = sums[i] as number;
        if (i === 0) return frames === 0 ? prior : sum / frames;
        return (sum + PRIOR_FRAMES * prior) / (frames + PRIOR_FRAMES);
      });
    },
  };
};
