/* The server that is measured, alone in its process. Started with a channel to whoever measures. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createFliteSynthesizer } from "../../server/src/adapters/speech/flite/index.ts";
import { createOpenAiTranscriber } from "../../server/src/adapters/speech/openai-audio/transcriber.ts";
import {
  findPocketsphinx,
  INSTALL_POCKETSPHINX,
} from "../../server/src/adapters/speech/pocketsphinx/find.ts";
import { createPocketsphinxTranscriber } from "../../server/src/adapters/speech/pocketsphinx/index.ts";
import { createSileroDetector } from "../../server/src/adapters/speech/silero/index.ts";
import type { Transcriber } from "../../server/src/ports/speech.ts";
import { startVoiceServer } from "../../server/test/voice-server.ts";

export type Figures = {
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
  readonly residentBytes: number;
  readonly cpuMs: number;
};

const RESOLUTION_MS = 5;
/** Of a recogniser; without one it is Debian's. */
const [baseUrl] = process.argv.slice(2);
const detector = createSileroDetector();
const synthesizer = createFliteSynthesizer();
const transcriber = chooseTranscriber();
await Promise.all([detector.ready(), synthesizer.ready(), transcriber.ready()]);
const server = await startVoiceServer({
  builtIn: true,
  speech: { detector, transcriber, synthesizer },
});

function chooseTranscriber(): Transcriber {
  if (baseUrl)
    return createOpenAiTranscriber({
      server: { baseUrl, model: "oracle", apiKey: null },
      isStreaming: false,
    });
  const paths = findPocketsphinx();
  if (!paths) throw new Error(`pocketsphinx is not installed: ${INSTALL_POCKETSPHINX}`);
  return createPocketsphinxTranscriber({ paths });
}

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();

process.on("message", (order: "figures" | "reset") => {
  if (order === "reset") return delay.reset();
  globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  const figures: Figures = {
    // The timer itself takes its resolution.
    loopP99Ms: Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS),
    loopMaxMs: Math.max(0, delay.max / 1e6 - RESOLUTION_MS),
    residentBytes: process.memoryUsage().rss,
    cpuMs: (user + system) / 1000,
  };
  process.send?.(figures);
});
process.send?.({ port: server.port });
