// A recogniser that listens on a real HTTP port, as an OpenAI-compatible one does, and says what it is told to.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createOpenAiTranscriber } from "../src/adapters/speech/openai-audio/transcriber.ts";
import { parseWavHeader } from "../src/domain/audio/wav.ts";

export type Heard = { readonly durationMs: number; readonly text: string };

export type RecogniserOptions = {
  /** Before each answer. */
  readonly delayMs?: number;
};

/** What is recognised: the next of the scripted texts, or what a function makes of the sound's length. */
export async function startRecogniser(options: RecogniserOptions = {}) {
  const texts: string[] = [];
  const heard: Heard[] = [];
  let isRefusing = false;
  let always: ((durationMs: number) => string) | null = null;
  const server = createServer(async (request, response) => {
    if (request.method !== "POST") return response.end('{"data":[]}');
    const body = Buffer.concat(await request.toArray());
    const wav = body.subarray(body.indexOf("RIFF"));
    const header = parseWavHeader(wav);
    const durationMs = header.kind === "complete" ? header.dataBytes / 32 : 0;
    if (isRefusing)
      return response.writeHead(400, { "content-type": "application/json" }).end("{}");
    const text = always ? always(durationMs) : (texts.shift() ?? "");
    heard.push({ durationMs, text });
    await sleep(options.delayMs ?? 0);
    response.setHeader("content-type", "application/json");
    return response.end(JSON.stringify({ text }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const transcriber = createOpenAiTranscriber({
    server: { baseUrl: `http://127.0.0.1:${port}/v1`, model: "scripted", apiKey: null },
    isStreaming: false,
  });
  return {
    /** What STT_BASE_URL is to be. */
    url: `http://127.0.0.1:${port}/v1`,
    transcriber,
    heard,
    /** What the next utterances turn out to be. */
    next: (...said: readonly string[]) => texts.push(...said),
    /** Whether all that is said from now on is refused. */
    refuse(isSo: boolean) {
      isRefusing = isSo;
    },
    always(recognise: (durationMs: number) => string) {
      always = recognise;
    },
    async [Symbol.asyncDispose]() {
      await transcriber.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
