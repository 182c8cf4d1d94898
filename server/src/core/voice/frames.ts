import { millisecondsOf, samplesIn } from "../../domain/audio.ts";
import { AppError } from "../../domain/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { VoiceActivityDetector } from "../../ports/speech.ts";
import { levelDbfs } from "./level.ts";

export type HeardFrame = {
  readonly samples: Int16Array;
  /** Of speech, 0 to 1. */
  readonly probability: number;
  readonly dbfs: number;
};

/** Takes sound of any length and gives frames with the detector's probability for each, in order and one by one. */
export type Frames = {
  /** @throws AppError too_large when far more sound waits than can be heard at this pace */
  push(samples: Int16Array): void;
  close(): void;
};

const MAX_WAITING_MS = 120_000;
/** The number of frames that take a few milliseconds; after them, other work has its turn. */
const FRAMES_AT_A_TIME = 8;

export function createFrames(
  { detector, clock }: { readonly detector: VoiceActivityDetector; readonly clock: Clock },
  onFrame: (frame: HeardFrame) => void,
): Frames {
  const { frameSamples } = detector;
  const stream = detector.open();
  const waiting: Int16Array[] = [];
  let waitingSamples = 0;
  /** The number of samples of the first waiting piece that are used already. */
  let used = 0;
  let isRunning = false;
  let isClosed = false;

  const takeFrame = (): Int16Array => {
    const frame = new Int16Array(frameSamples);
    let filled = 0;
    while (filled < frameSamples) {
      const [first] = waiting;
      if (!first) break;
      const part = first.subarray(used, used + frameSamples - filled);
      frame.set(part, filled);
      filled += part.length;
      used += part.length;
      if (used < first.length) continue;
      waiting.shift();
      used = 0;
    }
    waitingSamples -= filled;
    return frame;
  };

  const run = async (): Promise<void> => {
    isRunning = true;
    for (let count = 1; !isClosed && waitingSamples >= frameSamples; count++) {
      const samples = takeFrame();
      onFrame({ samples, probability: stream.push(samples), dbfs: levelDbfs(samples) });
      if (count % FRAMES_AT_A_TIME === 0) await clock.sleep(0);
    }
    isRunning = false;
  };

  return {
    push(samples) {
      if (isClosed || samples.length === 0) return;
      if (waitingSamples + samples.length > samplesIn(MAX_WAITING_MS))
        throw new AppError(
          "too_large",
          `${Math.round(millisecondsOf(waitingSamples) / 1000)} s of sound are already waiting to be heard: send it no faster than it is spoken`,
        );
      waiting.push(samples);
      waitingSamples += samples.length;
      if (!isRunning) void run();
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      waiting.length = 0;
      stream.close();
    },
  };
}
