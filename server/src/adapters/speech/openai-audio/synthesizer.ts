import { createEdgeTrimmer } from "../../../domain/audio/edges.ts";
import type { PcmFormat } from "../../../domain/audio/pcm.ts";
import { concatenate, createPcmStream, type PcmStream } from "../../../domain/audio/pcm-stream.ts";
import { nameForeignBytes } from "../../../domain/audio/sniff.ts";
import { beginsWav, parseWavHeader } from "../../../domain/audio/wav.ts";
import { SAMPLE_RATE_HZ } from "../../../domain/audio.ts";
import type { Synthesizer } from "../../../ports/speech.ts";
import { type AudioAnswer, createAudioClient } from "./client.ts";
import { failureOfAnswer, toEngineError } from "./failures.ts";
import { type AudioServer, type AudioTimeouts, DEFAULT_TIMEOUTS, SPEAKER } from "./settings.ts";

export type OpenAiSynthesizerOptions = {
  /** TTS_BASE_URL, TTS_MODEL, TTS_API_KEY. */
  readonly server: AudioServer;
  /** TTS_VOICE: what speaks when no voice is asked for. */
  readonly voice: string;
  /** The requested format. Both formats are accepted in the response. */
  readonly format?: "wav" | "pcm";
  readonly timeouts?: Partial<AudioTimeouts>;
};

/** Bare PCM of this wire has 24,000 samples a second, if its content type does not say otherwise. */
const BARE_RATE_HZ = 24_000;
/** Some five minutes at that rate. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** The size of the pieces that the wire takes. */
const MAX_INPUT_LENGTH = 4_000;
const TELLING_BYTES = 12;

/** `POST /audio/speech` of an OpenAI-compatible server, its sound given on as it arrives. */
export const createOpenAiSynthesizer = (options: OpenAiSynthesizerOptions): Synthesizer => {
  const { server, format = "wav" } = options;
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const client = createAudioClient(SPEAKER, server, timeouts, MAX_ANSWER_BYTES);

  const speakPart = async function* (
    input: string,
    voice: string,
    signal: AbortSignal,
  ): AsyncGenerator<Int16Array> {
    const body = JSON.stringify({ model: server.model, input, voice, response_format: format });
    const request = { contentType: "application/json", bytes: Buffer.from(body) };
    const answer = await client.post("audio/speech", request, signal);
    const trimmer = createEdgeTrimmer();
    let length = 0;
    for await (const samples of samplesOf(answer)) {
      const audible = trimmer.push(samples);
      length += audible.length;
      if (audible.length > 0) yield audible;
    }
    if (length === 0) throw failureOfAnswer(SPEAKER, "answered without any sound");
    const margin = trimmer.flush();
    if (margin.length > 0) yield margin;
  };

  return {
    name: `openai:${server.model}`,
    voices: [options.voice],
    async ready() {
      await client.probe().catch((error: unknown) => {
        throw toEngineError(SPEAKER, error);
      });
    },
    async *speak(text, { voice }, signal) {
      try {
        for (const part of partsOf(text)) yield* speakPart(part, voice ?? options.voice, signal);
      } catch (error) {
        if (!signal.aborted) throw toEngineError(SPEAKER, error);
      }
    },
    close: () => client.close(),
  };
};

const partsOf = (text: string): string[] => {
  if (!/[\p{L}\p{N}]/u.test(text)) return [];
  const pattern = new RegExp(
    `[^]{1,${MAX_INPUT_LENGTH}}(?=\\s|$)|[^]{1,${MAX_INPUT_LENGTH}}`,
    "gu",
  );
  return text.match(pattern) ?? [];
};

const samplesOf = async function* (answer: AudioAnswer): AsyncGenerator<Int16Array> {
  let head = new Uint8Array(0);
  let stream: PcmStream | null = null;
  for await (const chunk of answer.bytes) {
    if (stream) yield stream.push(chunk);
    else {
      head = new Uint8Array(concatenate(head, chunk));
      const found = beginningOf(head, answer);
      if (!found) continue;
      stream = createPcmStream(found.format, SAMPLE_RATE_HZ);
      yield stream.push(head.subarray(found.dataOffset));
    }
  }
  if (stream) yield stream.flush();
  else if (head.length > 0) throw failureOfAnswer(SPEAKER, "broke off in the first bytes");
};

type Beginning = { readonly format: PcmFormat; readonly dataOffset: number };

/** Null until there are bytes enough to tell. */
const beginningOf = (head: Uint8Array, answer: AudioAnswer): Beginning | null => {
  if (head.length < TELLING_BYTES) return null;
  const named = answer.contentType.startsWith("text/") || answer.contentType.endsWith("/json");
  const foreign = named ? answer.contentType : nameForeignBytes(head, true);
  if (foreign) throw failureOfAnswer(SPEAKER, `answered with ${foreign}, not with WAV or PCM`);
  if (!beginsWav(head)) return { format: bareFormat(answer), dataOffset: 0 };
  const header = parseWavHeader(head);
  if (header.kind === "unusable")
    throw failureOfAnswer(SPEAKER, `answered with a WAV that ${header.reason}`);
  return header.kind === "complete" ? header : null;
};

const bareFormat = (answer: AudioAnswer): PcmFormat => ({
  sampleRateHz: Number(answer.parameter("rate")) || BARE_RATE_HZ,
  channels: Number(answer.parameter("channels")) || 1,
  encoding: "s16",
});
