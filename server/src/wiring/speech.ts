import { createFliteSynthesizer } from "../adapters/speech/flite/index.ts";
import { createOpenAiSynthesizer } from "../adapters/speech/openai-audio/synthesizer.ts";
import { createOpenAiTranscriber } from "../adapters/speech/openai-audio/transcriber.ts";
import { withFallback } from "../adapters/speech/openai-audio/with-fallback.ts";
import { findPocketsphinx } from "../adapters/speech/pocketsphinx/find.ts";
import { createPocketsphinxTranscriber } from "../adapters/speech/pocketsphinx/index.ts";
import { createSherpaSynthesizer } from "../adapters/speech/sherpa/synthesizer.ts";
import { createSherpaTranscriber } from "../adapters/speech/sherpa/transcriber.ts";
import { createSileroDetector } from "../adapters/speech/silero/index.ts";
import type { Config } from "../config/config.ts";
import type { Speech } from "../core/voice/parts.ts";
import type { Synthesizer, Transcriber } from "../ports/speech.ts";

export type ChosenSpeech = Speech & {
  close(): Promise<void>;
};

/**
 * The speech engines that the settings name, and otherwise those that need nothing: Silero and flite
 * are always there; speech is understood if a recogniser is configured or installed.
 * @param onFailure told when a remote engine failed and the embedded one spoke instead
 */
export async function chooseSpeech(
  config: Config,
  onFailure: (error: unknown) => void,
): Promise<ChosenSpeech> {
  const detector = createSileroDetector();
  const embedded = createFliteSynthesizer();
  const synthesizer = chooseSynthesizer(config, embedded, onFailure);
  const transcriber = await chooseTranscriber(config);
  // Ready before the first listener, if that can be; what is wrong is told when it is asked for.
  for (const engine of [detector, synthesizer, transcriber]) engine?.ready().catch(() => {});
  return {
    detector,
    transcriber,
    synthesizer,
    async close() {
      const engines = new Set([detector, embedded, synthesizer, transcriber]);
      await Promise.all([...engines].map((engine) => engine?.close()));
    },
  };
}

async function chooseTranscriber(config: Config): Promise<Transcriber | null> {
  const { sttBaseUrl, sttModel, sttModelDirectory, secrets } = config;
  if (sttBaseUrl)
    return createOpenAiTranscriber({
      server: { baseUrl: sttBaseUrl, model: sttModel, apiKey: secrets.sttApiKey },
    });
  if (sttModelDirectory) return createSherpaTranscriber({ folder: sttModelDirectory });
  const paths = findPocketsphinx();
  return paths && createPocketsphinxTranscriber({ paths });
}

function chooseSynthesizer(
  config: Config,
  embedded: Synthesizer,
  onFailure: (error: unknown) => void,
): Synthesizer {
  const { ttsBaseUrl, ttsModel, ttsVoice, ttsModelDirectory, secrets } = config;
  if (!ttsBaseUrl && ttsModelDirectory)
    return withFallback(createSherpaSynthesizer({ folder: ttsModelDirectory }), embedded, {
      onFailure,
    });
  if (!ttsBaseUrl) return embedded;
  const remote = createOpenAiSynthesizer({
    server: { baseUrl: ttsBaseUrl, model: ttsModel, apiKey: secrets.ttsApiKey },
    voice: ttsVoice,
  });
  return withFallback(remote, embedded, { onFailure });
}
