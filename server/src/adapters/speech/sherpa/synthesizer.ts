import { basename } from "node:path";
import { concatenateSamples, createEdgeTrimmer } from "../../../domain/audio/edges.ts";
import { evenLoudness } from "../../../domain/audio/loudness.ts";
import { toInt16 } from "../../../domain/audio/pcm.ts";
import { createResampler } from "../../../domain/audio/resampler.ts";
import { SAMPLE_RATE_HZ } from "../../../domain/audio.ts";
import { AppError } from "../../../domain/errors.ts";
import type { Synthesizer } from "../../../ports/speech.ts";
import { createModelHost, type ModelHost } from "./host.ts";
import type { JobMessage } from "./protocol.ts";
import { voiceCandidates } from "./voice-models.ts";

export type SherpaSynthesizerOptions = {
  /** TTS_MODEL_DIR. */
  readonly folder: string;
  readonly threads?: number;
  /** The number of the speaker when none, or one the model does not have, is asked for. */
  readonly defaultSpeaker?: number;
  readonly timeoutMs?: number;
};

type Sound = Extract<JobMessage, { type: "sound" }>;

/** A voice of sherpa-onnx (VITS, Kokoro, Matcha, Kitten) in a child process. Its voices are numbers. */
export const createSherpaSynthesizer = (options: SherpaSynthesizerOptions): Synthesizer => {
  const { folder, threads = 2, defaultSpeaker = 0, timeoutMs = 20_000 } = options;
  const host = createModelHost({
    setting: "TTS_MODEL_DIR",
    folder,
    candidates: () => voiceCandidates(folder, threads),
  });
  return {
    name: `sherpa-onnx:${basename(folder)}`,
    /** Known once it is ready. */
    get voices() {
      return Array.from({ length: Math.max(1, host.loaded?.speakers ?? 1) }, (_, i) => `${i}`);
    },
    async ready() {
      await host.ready();
    },
    async *speak(text, { voice }, signal) {
      if (signal.aborted || !/[\p{L}\p{N}]/u.test(text)) return;
      try {
        const speakers = (await host.ready()).speakers;
        const number = voice !== null && /^\d+$/.test(voice) ? Number(voice) : defaultSpeaker;
        const speaker = number < Math.max(1, speakers) ? number : defaultSpeaker;
        const samples = finish(await generate(host, text, speaker, timeoutMs, signal));
        if (samples.length > 0) yield samples;
      } catch (cause) {
        if (signal.aborted) return;
        if (cause instanceof AppError) throw cause;
        throw new AppError("model_failed", "The reply could not be spoken", { cause });
      }
    },
    close: () => host.close(),
  };
};

/** Rejects with the signal's reason when aborted: what is being made is made, and forgotten. */
const generate = async (
  host: ModelHost,
  text: string,
  speaker: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Sound> => {
  const { promise, resolve, reject } = Promise.withResolvers<Sound>();
  const job = await host.open({
    message(message) {
      if (message.type === "sound") resolve(message);
      if (message.type === "failed") reject(new Error(message.reason));
    },
    lost: (reason) => reject(new Error(reason)),
  });
  const onAbort = () => reject(signal.reason);
  const timer = setTimeout(() => host.kill(), timeoutMs);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  else job.send({ type: "speak", job: job.number, text, speaker });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    job.close();
  }
};

const finish = (sound: Sound): Int16Array => {
  if (sound.samples.length === 0) return new Int16Array(0);
  const resampler = createResampler(sound.sampleRateHz, SAMPLE_RATE_HZ);
  const samples = [resampler.push(sound.samples), resampler.flush()].map(toInt16);
  const trimmer = createEdgeTrimmer();
  return concatenateSamples([
    trimmer.push(evenLoudness(concatenateSamples(samples))),
    trimmer.flush(),
  ]);
};
