/*
 * What is used of sherpa-onnx-node, an optional dependency without types of its own (its types.js).
 */
import { createRequire } from "node:module";

export type Sound = { readonly samples: Float32Array; readonly sampleRate: number };

export type SherpaStream = { acceptWaveform(sound: Sound): void };
export type SherpaOnlineStream = SherpaStream & { inputFinished(): void };
export type SherpaResult = { readonly text: string };

export type OnlineRecogniser = {
  createStream(): SherpaOnlineStream;
  isReady(stream: SherpaOnlineStream): boolean;
  decode(stream: SherpaOnlineStream): void;
  getResult(stream: SherpaOnlineStream): SherpaResult;
};
export type OfflineRecogniser = {
  createStream(): SherpaStream;
  decode(stream: SherpaStream): void;
  getResult(stream: SherpaStream): SherpaResult;
};
export type OfflineTts = {
  readonly numSpeakers: number;
  generate(request: {
    readonly text: string;
    readonly sid: number;
    readonly speed: number;
    readonly enableExternalBuffer: boolean;
  }): Sound;
};

export type Sherpa = {
  readonly OnlineRecognizer: new (settings: object) => OnlineRecogniser;
  readonly OfflineRecognizer: new (settings: object) => OfflineRecogniser;
  readonly OfflineTts: new (settings: object) => OfflineTts;
};

const PACKAGE = "sherpa-onnx-node";

/** @throws Error when the package is not installed, or not for this kind of machine */
export const loadSherpa = (): Sherpa => createRequire(import.meta.url)(PACKAGE) as Sherpa;

/** Whether the optional package is installed. None of its code is run. */
export const hasSherpa = (): boolean => {
  try {
    createRequire(import.meta.url).resolve(PACKAGE);
    return true;
  } catch {
    return false;
  }
};
