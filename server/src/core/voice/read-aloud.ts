import { toFloat32, toInt16 } from "../../domain/audio/pcm.ts";
import { createResampler } from "../../domain/audio/resampler.ts";
import { createTempo } from "../../domain/audio/tempo.ts";
import { SAMPLE_RATE_HZ, samplesIn } from "../../domain/audio.ts";
import { AppError } from "../../domain/errors.ts";
import type { Owner } from "../../domain/principal.ts";
import { createPace } from "../../domain/turns-of-the-loop.ts";
import type { Synthesizer } from "../../ports/speech.ts";
import type { FairTurns } from "./fair-turns.ts";
import { createSentenceSplitter } from "./sentences.ts";
import { speakSentence } from "./speaker.ts";

export type ReadAloud = {
  readonly text: string;
  /** Null, and a voice that the engine does not have: the engine's own choice. */
  readonly voice: string | null;
  /** 1: as the engine speaks. */
  readonly speed: number;
  readonly sampleRateHz: number;
};

/** Between sentences. */
const PAUSE_MS = 250;
/** What is computed between two turns of the event loop: a few milliseconds of work. */
const PIECE_SAMPLES = samplesIn(250);

/**
 * A text as sound, sentence by sentence, mono 16-bit samples of the asked rate as they are made. Users take turns
 * after each sentence. Aborting ends it.
 * @param synthesizer null: there is none
 * @throws AppError unavailable, model_failed
 */
export async function* readAloud(
  synthesizer: Synthesizer | null,
  turns: FairTurns,
  owner: Owner,
  { text, voice, speed, sampleRateHz }: ReadAloud,
  signal: AbortSignal,
): AsyncGenerator<Int16Array> {
  if (!synthesizer)
    throw new AppError(
      "unavailable",
      "No speech engine is installed. Set TTS_BASE_URL to an OpenAI-compatible server, or TTS_MODEL_DIR to a sherpa-onnx voice",
    );
  await synthesizer.ready();
  const tempo = createTempo(speed);
  const resampler = createResampler(SAMPLE_RATE_HZ, sampleRateHz);
  const pace = createPace();
  const shaped = (samples: Int16Array): Int16Array =>
    toInt16(resampler.push(toFloat32(tempo.push(samples))));
  async function* shapedInPieces(samples: Int16Array): AsyncGenerator<Int16Array> {
    for (let from = 0; from < samples.length; from += PIECE_SAMPLES) {
      const made = shaped(samples.subarray(from, from + PIECE_SAMPLES));
      if (made.length > 0) yield made;
      if (pace.isDue()) await pace.pause();
    }
  }
  let hasSpoken = false;
  for (const sentence of sentencesOf(text)) {
    const endTurn = await turns.take(owner, signal);
    // Whole, so that a client that reads slowly keeps nobody waiting.
    const samples = await speakSentence(synthesizer, sentence, voice, signal).finally(endTurn);
    if (signal.aborted) return;
    if (samples.length === 0) continue;
    if (hasSpoken) yield* shapedInPieces(new Int16Array(samplesIn(PAUSE_MS)));
    hasSpoken = true;
    yield* shapedInPieces(samples);
  }
  const rest = toInt16(resampler.push(toFloat32(tempo.flush())));
  if (rest.length > 0) yield rest;
  const last = toInt16(resampler.flush());
  if (hasSpoken && last.length > 0) yield last;
}

function sentencesOf(text: string): string[] {
  const splitter = createSentenceSplitter();
  return [...splitter.push(text), ...splitter.flush()]
    .map((sentence) => sentence.text)
    .filter((sentence) => /\S/u.test(sentence));
}
