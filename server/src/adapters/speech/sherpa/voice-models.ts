import { openModelFolder, present } from "./folder.ts";
import type { ModelCandidate } from "./protocol.ts";

const VOCODER = /(vocos|hifigan|vocoder).*\.onnx$/;

/**
 * The ways in which the voice in a folder may be meant, the likeliest first.
 * @throws Error when there is no voice in it that is known
 */
export const voiceCandidates = (path: string, threads: number): ModelCandidate[] => {
  const folder = openModelFolder(path);
  const tokens = folder.find(/tokens\.txt$/);
  if (!tokens) throw new Error("there is no tokens.txt in it");
  const model = folder.findAll(/\.onnx$/).find((file) => !VOCODER.test(file));
  if (!model) throw new Error("there is no .onnx file in it");
  const dataDir = folder.find(/^espeak-ng-data$/);
  const lexicon = folder.findAll(/^lexicon.*\.txt$/).join(",") || undefined;
  const speech = (description: string, voice: object): ModelCandidate => ({
    kind: "speech",
    description,
    settings: {
      model: { ...voice, numThreads: threads, provider: "cpu", debug: 0 },
      maxNumSentences: 1,
    },
  });
  const files = { tokens, dataDir, lexicon };
  const voices = folder.find(/^voices\.bin$/);
  const vocoder = folder.find(VOCODER);
  if (voices && /kitten/.test(folder.words))
    return [speech("Kitten", { kitten: present({ model, voices, tokens, dataDir }) })];
  if (voices) return [speech("Kokoro", { kokoro: present({ ...files, model, voices }) })];
  if (vocoder)
    return [speech("Matcha", { matcha: present({ ...files, acousticModel: model, vocoder }) })];
  return [speech("VITS", { vits: present({ ...files, model }) })];
};
