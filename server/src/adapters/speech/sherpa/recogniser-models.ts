import { type ModelFolder, openModelFolder } from "./folder.ts";
import type { ModelCandidate } from "./protocol.ts";

const FEATURES = { sampleRate: 16_000, featureDim: 80 };
const MODEL_FILE = /^model.*\.onnx$/;

/**
 * The ways in which the recogniser in a folder may be meant, the likeliest first. The files of a
 * streaming and of a whole-utterance model can have the same names, so loading decides.
 * @throws Error when there is no model in it that is known
 */
export const recogniserCandidates = (path: string, threads: number): ModelCandidate[] => {
  const folder = openModelFolder(path);
  const tokens = folder.find(/tokens\.txt$/);
  if (!tokens) throw new Error("there is no tokens.txt in it");
  const common = { tokens, numThreads: threads, provider: "cpu", debug: 0 };
  const online = (description: string, model: object): ModelCandidate => ({
    kind: "online",
    description: `streaming ${description}`,
    settings: { featConfig: FEATURES, modelConfig: { ...common, ...model } },
  });
  const offline = (description: string, model: object): ModelCandidate => ({
    kind: "offline",
    description,
    settings: { featConfig: FEATURES, modelConfig: { ...common, ...model } },
  });
  const candidates = [
    ...transducers(folder, online, offline),
    ...moonshine(folder, offline),
    ...encoderDecoders(folder, online, offline),
    ...singleModels(folder, online, offline),
  ];
  if (candidates.length === 0) throw new Error("none of its files is a model that is known");
  return candidates;
};

type Build = (description: string, model: object) => ModelCandidate;

const transducers = (folder: ModelFolder, online: Build, offline: Build): ModelCandidate[] => {
  const [encoder, decoder] = [folder.find(/encoder.*\.onnx$/), folder.find(/decoder.*\.onnx$/)];
  const joiner = folder.find(/joiner.*\.onnx$/);
  if (!encoder || !decoder || !joiner) return [];
  const transducer = { encoder, decoder, joiner };
  const streaming = online("transducer", { transducer });
  const isNemo = /nemo|parakeet/.test(folder.words);
  const modelType = isNemo ? { modelType: "nemo_transducer" } : {};
  const whole = offline("transducer", { transducer, ...modelType });
  return isNemo && !/streaming/.test(folder.words) ? [whole, streaming] : [streaming, whole];
};

const moonshine = (folder: ModelFolder, offline: Build): ModelCandidate[] => {
  const [preprocessor, encoder] = [
    folder.find(/^preprocess.*\.onnx$/),
    folder.find(/^encode\b.*\.onnx$/),
  ];
  const uncachedDecoder = folder.find(/^uncached_decode.*\.onnx$/);
  const cachedDecoder = folder.find(/^cached_decode.*\.onnx$/);
  if (!preprocessor || !encoder || !uncachedDecoder || !cachedDecoder) return [];
  const model = { preprocessor, encoder, uncachedDecoder, cachedDecoder };
  return [offline("Moonshine", { moonshine: model })];
};

const encoderDecoders = (folder: ModelFolder, online: Build, offline: Build): ModelCandidate[] => {
  const [encoder, decoder] = [folder.find(/encoder.*\.onnx$/), folder.find(/decoder.*\.onnx$/)];
  if (!encoder || !decoder || folder.find(/joiner.*\.onnx$/)) return [];
  return /paraformer/.test(folder.words)
    ? [online("Paraformer", { paraformer: { encoder, decoder } })]
    : [offline("Whisper", { whisper: { encoder, decoder } })];
};

const singleModels = (folder: ModelFolder, online: Build, offline: Build): ModelCandidate[] => {
  const model = folder.find(MODEL_FILE);
  if (!model) return [];
  const isStreaming = /streaming/.test(folder.words);
  if (/sense-?voice/.test(folder.words))
    return [offline("SenseVoice", { senseVoice: { model, useInverseTextNormalization: 1 } })];
  if (/paraformer/.test(folder.words)) return [offline("Paraformer", { paraformer: { model } })];
  if (/zipformer/.test(folder.words))
    return isStreaming
      ? [online("Zipformer CTC", { zipformer2Ctc: { model } })]
      : [offline("Zipformer CTC", { zipformerCtc: { model } })];
  if (isStreaming) return [online("NeMo CTC", { nemoCtc: { model } })];
  return [
    offline("NeMo CTC", { nemoCtc: { model } }),
    offline("SenseVoice", { senseVoice: { model } }),
  ];
};
