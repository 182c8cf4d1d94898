import { createFliteSynthesizer } from "../adapters/speech/flite/index.ts";
import { withFallback } from "../adapters/speech/openai-audio/with-fallback.ts";
import { findPocketsphinx } from "../adapters/speech/pocketsphinx/find.ts";
import { createPocketsphinxTranscriber } from "../adapters/speech/pocketsphinx/index.ts";
import { createSileroDetector } from "../adapters/speech/silero/index.ts";
import type { Config } from "../config/config.ts";
import type { SpeechHealth } from "../core/health.ts";
import {
  type OnEngineFailure,
  watchSynthesizer,
  watchTranscriber,
} from "../core/voice/engine-problems.ts";
import type { Speech } from "../core/voice/parts.ts";
import type { SpeechEngine, Synthesizer, Transcriber } from "../ports/speech.ts";

export type ChosenSpeech = Speech & {
  /** What is asked whether the engines work; it starts none that nobody has used. */
  readonly health: SpeechHealth;
  close(): Promise<void>;
};

/**
 * The speech engines that the settings name, and otherwise those that need nothing: Silero and flite
 * are always there; speech is understood if a recogniser is configured or installed.
 * @param onFailure told of every failure of an engine that the settings name, also where the embedded one spoke instead
 */
export async function chooseSpeech(
  config: Config,
  onFailure: OnEngineFailure,
): Promise<ChosenSpeech> {
  const detector = createSileroDetector();
  const embedded = createFliteSynthesizer();
  const synthesizer = await chooseSynthesizer(config, embedded, onFailure);
  const recogniser = await chooseTranscriber(config);
  const transcriber = recogniser && watchTranscriber(recogniser, onFailure);
  // What the settings name is started at once, so that a mistake in them shows.
  const hearing = startedFrom(transcriber, Boolean(config.sttBaseUrl ?? config.sttModelDirectory));
  const speaking = startedFrom(synthesizer, Boolean(config.ttsBaseUrl ?? config.ttsModelDirectory));
  return {
    detector,
    transcriber: hearing?.engine ?? null,
    synthesizer: speaking?.engine ?? null,
    health: { transcriber: hearing?.state ?? null, synthesizer: speaking?.state ?? null },
    async close() {
      const engines = new Set<SpeechEngine | null>([detector, embedded, synthesizer, transcriber]);
      await Promise.all([...engines].map((engine) => engine?.close()));
    },
  };
}

/**
 * An engine that is started now or by the first who speaks: one that nobody needs takes no memory.
 * @returns the engine, and what tells whether it works without starting it
 */
function startedFrom<Engine extends SpeechEngine>(engine: Engine | null, isStartedNow: boolean) {
  if (!engine) return null;
  if (isStartedNow) {
    // What is wrong is told when it is asked for.
    engine.ready().catch(() => {});
    return { engine, state: engine };
  }
  let isUsed = false;
  return {
    engine: {
      ...engine,
      ready() {
        isUsed = true;
        return engine.ready();
      },
    },
    state: { ready: async () => (isUsed ? engine.ready() : undefined) },
  };
}

async function chooseTranscriber(config: Config): Promise<Transcriber | null> {
  const { sttBaseUrl, sttModel, sttModelDirectory, secrets } = config;
  if (sttBaseUrl) {
    const { createOpenAiTranscriber } = await import(
      "../adapters/speech/openai-audio/transcriber.ts"
    );
    return createOpenAiTranscriber({
      server: { baseUrl: sttBaseUrl, model: sttModel, apiKey: secrets.sttApiKey },
    });
  }
  if (sttModelDirectory) {
    const { createSherpaTranscriber } = await import("../adapters/speech/sherpa/transcriber.ts");
    return createSherpaTranscriber({ folder: sttModelDirectory });
  }
  const paths = findPocketsphinx();
  return paths && createPocketsphinxTranscriber({ paths });
}

async function chooseSynthesizer(
  config: Config,
  embedded: Synthesizer,
  onFailure: OnEngineFailure,
): Promise<Synthesizer> {
  const { ttsBaseUrl, ttsModel, ttsVoice, ttsModelDirectory, secrets } = config;
  const orEmbedded = (engine: Synthesizer) =>
    withFallback(engine, embedded, { onFailure: (error) => onFailure(engine.name, error) });
  if (!ttsBaseUrl && ttsModelDirectory) {
    const { createSherpaSynthesizer } = await import("../adapters/speech/sherpa/synthesizer.ts");
    return orEmbedded(createSherpaSynthesizer({ folder: ttsModelDirectory }));
  }
  if (!ttsBaseUrl) return watchSynthesizer(embedded, onFailure);
  const { createOpenAiSynthesizer } = await import(
    "../adapters/speech/openai-audio/synthesizer.ts"
  );
  const remote = createOpenAiSynthesizer({
    server: { baseUrl: ttsBaseUrl, model: ttsModel, apiKey: secrets.ttsApiKey },
    voice: ttsVoice,
  });
  return orEmbedded(remote);
}
