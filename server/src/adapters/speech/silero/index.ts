import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { AppError, speechUnavailable } from "../../../domain/errors.ts";
import type { VoiceActivityDetector, VoiceActivityStream } from "../../../ports/speech.ts";
import {
  CONTEXT_SAMPLES,
  FRAME_SAMPLES,
  loadNetwork,
  type Network,
  STATE_LENGTH,
} from "./network.ts";

const MODEL = "silero_vad_v6.onnx";
/** In the published package and in the image. */
const PACKAGED_MODEL = fileURLToPath(new URL(`../../../../models/${MODEL}`, import.meta.url));
/** In the repository, where a package for browsers holds it. */
const INSTALLED_MODEL = `@ricky0123/vad-web/dist/${MODEL}`;

/**
 * Silero VAD 6, on the caller's thread: a frame takes some tens of microseconds.
 * Call `ready` before the first `open`.
 */
export const createSileroDetector = (
  options: {
    /** A model of version 5 or 6 in a file; the one that comes with Colloquy when absent. */
    readonly modelFile?: string;
  } = {},
): VoiceActivityDetector => {
  let loading: Promise<Network> | undefined;
  let network: Network | undefined;
  return {
    name: "silero-vad-6",
    frameSamples: FRAME_SAMPLES,
    async ready() {
      loading ??= load(options.modelFile);
      network = await loading;
    },
    open() {
      if (!network) throw new AppError("unavailable", "The voice activity detector is not ready");
      return openStream(network);
    },
    async close() {},
  };
};

const load = async (modelFile: string | undefined): Promise<Network> => {
  const path = modelFile ?? packagedModel();
  try {
    return loadNetwork(await readFile(path));
  } catch (error) {
    throw speechUnavailable(
      "unavailable",
      "hearing",
      `The voice activity detector cannot use ${path}: ${error instanceof Error ? error.message : error}`,
      { cause: error },
    );
  }
};

const packagedModel = (): string =>
  existsSync(PACKAGED_MODEL)
    ? PACKAGED_MODEL
    : createRequire(import.meta.url).resolve(INSTALLED_MODEL);

const openStream = (network: Network): VoiceActivityStream => {
  const input = new Float32Array(CONTEXT_SAMPLES + FRAME_SAMPLES);
  const state = new Float32Array(STATE_LENGTH);
  let isOpen = true;
  return {
    push(frame) {
      if (!isOpen) throw new Error("the voice activity stream is closed");
      if (frame.length !== FRAME_SAMPLES)
        throw new RangeError(`a frame has ${FRAME_SAMPLES} samples, not ${frame.length}`);
      input.copyWithin(0, FRAME_SAMPLES);
      for (let i = 0; i < FRAME_SAMPLES; i++)
        input[CONTEXT_SAMPLES + i] = (frame[i] as number) / 32_768;
      return network(input, state);
    },
    reset() {
      input.fill(0);
      state.fill(0);
    },
    close() {
      isOpen = false;
    },
  };
};
