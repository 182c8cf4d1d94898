import type { SpeechEngine, Synthesizer, Transcriber } from "../../ports/speech.ts";

/** Told of every failure of an engine, by the engine's name. */
export type OnEngineFailure = (engine: string, error: unknown) => void;

/** The same recogniser, with its failures reported to its observer. */
export function watchTranscriber(engine: Transcriber, onFailure: OnEngineFailure): Transcriber {
  const failed = failureOf(engine, onFailure);
  return {
    ...engine,
    ready: () => engine.ready().catch(failed),
    open(signal) {
      const utterance = engine.open(signal);
      return {
        push: (samples) => utterance.push(samples),
        end: () => utterance.end(),
        transcripts: watched(utterance.transcripts, failed, signal),
      };
    },
  };
}

/** The same synthesizer, with its failures reported to its observer. */
export function watchSynthesizer(engine: Synthesizer, onFailure: OnEngineFailure): Synthesizer {
  const failed = failureOf(engine, onFailure);
  return {
    ...engine,
    ready: () => engine.ready().catch(failed),
    speak: (text, voice, signal) => watched(engine.speak(text, voice, signal), failed, signal),
  };
}

const failureOf =
  ({ name }: SpeechEngine, onFailure: OnEngineFailure) =>
  (error: unknown): never => {
    onFailure(name, error);
    throw error;
  };

async function* watched<Item>(
  items: AsyncIterable<Item>,
  failed: (error: unknown) => never,
  signal: AbortSignal,
): AsyncGenerator<Item> {
  try {
    yield* items;
  } catch (error) {
    if (signal.aborted) throw error;
    failed(error);
  }
}
