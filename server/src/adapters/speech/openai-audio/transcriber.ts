import { concatenateSamples } from "../../../domain/audio/edges.ts";
import { MAX_UTTERANCE_SAMPLES, UTTERANCE_TOO_LONG } from "../../../domain/audio/limits.ts";
import { createQueue } from "../../../domain/audio/queue.ts";
import { encodeWav } from "../../../domain/audio/wav.ts";
import { SAMPLE_RATE_HZ } from "../../../domain/audio.ts";
import { AppError } from "../../../domain/errors.ts";
import type { Transcriber, Transcript } from "../../../ports/speech.ts";
import { type AudioAnswer, createAudioClient, textOf } from "./client.ts";
import { AudioFailure, failureOfAnswer, toEngineError } from "./failures.ts";
import { multipartOf } from "./multipart.ts";
import { type AudioServer, type AudioTimeouts, DEFAULT_TIMEOUTS, RECOGNISER } from "./settings.ts";
import { transcriptsOf } from "./transcript-events.ts";

export type OpenAiTranscriberOptions = {
  /** STT_BASE_URL, STT_MODEL, STT_API_KEY. */
  readonly server: AudioServer;
  /** ISO 639-1, when the speakers' language is known. */
  readonly language?: string | null;
  /** Ask for deltas; a server that refuses to stream is asked once more, and then always, without. */
  readonly isStreaming?: boolean;
  readonly timeouts?: Partial<AudioTimeouts>;
};

const MAX_ANSWER_BYTES = 1024 * 1024;

/** `POST /audio/transcriptions` of an OpenAI-compatible server, once the utterance has ended. */
export const createOpenAiTranscriber = (options: OpenAiTranscriberOptions): Transcriber => {
  const { server, language = null } = options;
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const client = createAudioClient(RECOGNISER, server, timeouts, MAX_ANSWER_BYTES);
  let isStreaming = options.isStreaming ?? true;

  const request = async (samples: Int16Array, signal: AbortSignal): Promise<AudioAnswer> => {
    const wav = encodeWav(samples, SAMPLE_RATE_HZ);
    const asksToStream = isStreaming;
    const fields = {
      model: server.model,
      response_format: "json",
      ...(language ? { language } : {}),
      ...(asksToStream ? { stream: "true" } : {}),
    };
    try {
      return await client.post("audio/transcriptions", multipartOf(fields, wav), signal);
    } catch (error) {
      const isRefused = error instanceof AudioFailure && error.appError.code === "model_failed";
      if (!asksToStream || !isRefused) throw error;
      isStreaming = false;
      return request(samples, signal);
    }
  };

  const transcribe = async function* (
    samples: Int16Array,
    signal: AbortSignal,
  ): AsyncGenerator<Transcript> {
    if (samples.length === 0) return yield { text: "", isFinal: true };
    const answer = await request(samples, signal);
    try {
      if (answer.contentType === "text/event-stream") return yield* transcriptsOf(answer.bytes);
      yield { text: textIn(await textOf(answer.bytes)).trim(), isFinal: true };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof AudioFailure) throw error;
      throw failureOfAnswer(RECOGNISER, "answered with something that is no transcript", error);
    }
  };

  return {
    name: `openai:${server.model}`,
    hasPartials: false,
    async ready() {
      await client.probe().catch((error: unknown) => {
        throw toEngineError(RECOGNISER, error);
      });
    },
    open(signal) {
      const queue = createQueue<Transcript>();
      const parts: Int16Array[] = [];
      let length = 0;
      let hasEnded = signal.aborted;
      const stop = () => {
        hasEnded = true;
        parts.length = 0;
        queue.end();
      };
      const run = async () => {
        const samples = concatenateSamples(parts.splice(0));
        try {
          for await (const transcript of transcribe(samples, signal)) queue.push(transcript);
          queue.end();
        } catch (error) {
          if (!signal.aborted) queue.fail(toEngineError(RECOGNISER, error));
        } finally {
          signal.removeEventListener("abort", stop);
        }
      };
      if (signal.aborted) queue.end();
      signal.addEventListener("abort", stop, { once: true });
      return {
        push(samples) {
          if (hasEnded) return;
          if (length + samples.length > MAX_UTTERANCE_SAMPLES)
            throw new AppError("too_large", UTTERANCE_TOO_LONG);
          length += samples.length;
          parts.push(samples.slice());
        },
        end() {
          if (hasEnded) return;
          hasEnded = true;
          void run();
        },
        transcripts: queue.values,
      };
    },
    close: () => client.close(),
  };
};

/** @throws when it is not `{text}` */
const textIn = (body: string): string => {
  const answer = JSON.parse(body) as { readonly text?: unknown } | null;
  if (typeof answer?.text !== "string") throw new TypeError("there is no text in the answer");
  return answer.text;
};
