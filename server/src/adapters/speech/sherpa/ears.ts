import { concatenateSamples } from "../../../domain/audio/edges.ts";
import { toFloat32 } from "../../../domain/audio/pcm.ts";
import { SAMPLE_RATE_HZ, samplesIn } from "../../../domain/audio.ts";
import type { OfflineRecogniser, OnlineRecogniser } from "./library.ts";

/** Utterances of one loaded recogniser. Synchronous: for the child process. */
export type Ears = {
  open(): Ear;
};

export type Ear = {
  /** The words so far, if the model tells them. */
  push(samples: Int16Array): string;
  finish(): string;
};

/** A streaming model gives its last words only after it has seen so much more. */
const TAIL = toFloat32(new Int16Array(samplesIn(600)));

const soundOf = (samples: Float32Array) => ({ samples, sampleRate: SAMPLE_RATE_HZ });

export const createOnlineEars = (recogniser: OnlineRecogniser): Ears => ({
  open() {
    const stream = recogniser.createStream();
    let hasHeard = false;
    const decode = () => {
      while (recogniser.isReady(stream)) recogniser.decode(stream);
      return recogniser.getResult(stream).text;
    };
    return {
      push(samples) {
        hasHeard ||= samples.length > 0;
        stream.acceptWaveform(soundOf(toFloat32(samples)));
        return decode();
      },
      finish() {
        if (!hasHeard) return "";
        stream.acceptWaveform(soundOf(TAIL));
        stream.inputFinished();
        return decode();
      },
    };
  },
});

export const createOfflineEars = (recogniser: OfflineRecogniser): Ears => ({
  open() {
    const parts: Int16Array[] = [];
    return {
      push(samples) {
        parts.push(samples);
        return "";
      },
      finish() {
        const samples = concatenateSamples(parts);
        if (samples.length === 0) return "";
        const stream = recogniser.createStream();
        stream.acceptWaveform(soundOf(toFloat32(samples)));
        recogniser.decode(stream);
        return recogniser.getResult(stream).text;
      },
    };
  },
});
