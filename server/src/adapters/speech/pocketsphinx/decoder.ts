import { createCepstralMean } from "./cepstral-mean.ts";
import type { PocketsphinxPaths } from "./find.ts";
import { createIntake, type Intake } from "./intake.ts";
import { loadLibrary, meanNormaliserOf } from "./library.ts";

/** One recogniser for one utterance at a time. It computes synchronously, so it runs in a process of its own. */
export type Decoder = {
  start(): void;
  /** Takes the next sound, and decodes what of it can be. */
  push(samples: Int16Array): void;
  /** The words so far. */
  words(): string;
  /** Ends the utterance: all its words. */
  finish(): string;
};

/**
 * How wide the search is, first from left to right as the sound comes, then once more at the end
 * (flat). With the defaults music takes half of a core, and the end a third longer; the word error
 * rate on speech is the same.
 */
const SETTINGS = {
  maxhmmpf: "5000",
  maxwpf: "10",
  fwdflatbeam: "1e-48",
  fwdflatwbeam: "1e-20",
  logfn: "/dev/null",
} as const;

/** @throws Error when library or model cannot be used */
export const createDecoder = (
  paths: PocketsphinxPaths,
  settings: Readonly<Record<string, string>> = SETTINGS,
): Decoder => {
  const library = loadLibrary(paths);
  const configuration = library.configure({
    hmm: paths.acousticModel,
    lm: paths.languageModel,
    dict: paths.dictionary,
    ...settings,
  });
  if (!configuration) throw new Error("pocketsphinx does not take its settings");
  const decoder = library.createDecoder(configuration);
  if (!decoder) throw new Error(`pocketsphinx cannot use the model in ${paths.acousticModel}`);
  const normaliser = meanNormaliserOf(library.featuresOf(decoder));
  const mean = createCepstralMean(library, decoder);
  let intake: Intake = createIntake();
  let isRunning = false;

  const decode = (samples: Int16Array) => {
    if (samples.length === 0) return;
    if (!isRunning) {
      mean.start();
      library.startStream(decoder);
    }
    // Between frames the mean may change at any time; it must be set before the first one.
    library.setCepstralMean(normaliser, mean.push(samples));
    if (!isRunning) library.startUtterance(decoder);
    isRunning = true;
    library.process(decoder, samples, samples.length, 0, 0);
  };
  const words = (): string => (isRunning ? (library.hypothesis(decoder, null) ?? "") : "");

  return {
    start() {
      if (isRunning) library.endUtterance(decoder);
      isRunning = false;
      intake = createIntake();
    },
    push: (samples) => decode(intake.push(samples)),
    words,
    finish() {
      decode(intake.flush());
      if (!isRunning) return "";
      library.endUtterance(decoder);
      const text = words();
      isRunning = false;
      return text;
    },
  };
};
