import { setTimeout as delay } from "node:timers/promises";
import { Agent, type Dispatcher } from "undici";
import { AudioFailure, failureOfAnswer, failureOfConnection, failureOfStatus } from "./failures.ts";
import type { AudioServer, AudioTimeouts, EngineWords } from "./settings.ts";

/** An answer whose status is 2xx; its bytes as they arrive. */
export type AudioAnswer = {
  /** Without parameters, in lower case; empty when the server does not say. */
  readonly contentType: string;
  /** A parameter of the content type, `rate` of `audio/L16;rate=24000`. */
  readonly parameter: (name: string) => string | null;
  /** Rejects with AudioFailure: when it stalls, breaks off or grows beyond the limit. */
  readonly bytes: AsyncIterable<Uint8Array>;
};

export type AudioBody = { readonly contentType: string; readonly bytes: Uint8Array };

export type AudioClient = {
  /** Tries again as configured. @throws AudioFailure, or the signal's reason */
  post(path: string, body: AudioBody, signal: AbortSignal): Promise<AudioAnswer>;
  /** Whether the server answers, and takes the key. @throws AudioFailure */
  probe(): Promise<void>;
  close(): Promise<void>;
};

const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 2_000;
const PROBE_TIMEOUT_MS = 3_000;
const MAX_ERROR_BYTES = 16 * 1024;

export const createAudioClient = (
  words: EngineWords,
  server: AudioServer,
  timeouts: AudioTimeouts,
  maxAnswerBytes: number,
): AudioClient => {
  const agent = new Agent({ connect: { timeout: timeouts.connectTimeoutMs } });
  const address = new URL(`${server.baseUrl.replace(/\/+$/, "")}/`);
  const authorization = server.apiKey ? { authorization: `Bearer ${server.apiKey}` } : {};

  const send = async (
    options: { method: "GET" | "POST"; path: string; body?: AudioBody },
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> => {
    const url = new URL(options.path, address);
    const { body } = options;
    try {
      return await agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: options.method,
        headers: { ...authorization, ...(body ? { "content-type": body.contentType } : {}) },
        body: body?.bytes ?? null,
        headersTimeout: timeouts.answerTimeoutMs,
        bodyTimeout: timeouts.idleTimeoutMs,
        signal,
      });
    } catch (error) {
      signal.throwIfAborted();
      throw failureOfConnection(words, error);
    }
  };

  const read = async function* (
    response: Dispatcher.ResponseData,
    signal: AbortSignal,
    maxBytes: number,
  ): AsyncGenerator<Uint8Array> {
    let total = 0;
    try {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        total += chunk.length;
        if (total > maxBytes) throw failureOfAnswer(words, "answered without end");
        yield chunk;
      }
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof AudioFailure ? error : failureOfConnection(words, error);
    }
  };

  const refusal = async (response: Dispatcher.ResponseData, signal: AbortSignal) => {
    const body = await textOf(read(response, signal, MAX_ERROR_BYTES)).catch(() => "");
    signal.throwIfAborted();
    return failureOfStatus(words, response.statusCode, body, retryAfterMsOf(response.headers));
  };

  const postOnce = async (path: string, body: AudioBody, signal: AbortSignal) => {
    const response = await send({ method: "POST", path, body }, signal);
    if (response.statusCode < 200 || response.statusCode > 299)
      throw await refusal(response, signal);
    const [type = "", ...parameters] = String(response.headers["content-type"] ?? "").split(";");
    return {
      contentType: type.trim().toLowerCase(),
      parameter: (name: string) => parameterOf(parameters, name),
      bytes: read(response, signal, maxAnswerBytes),
    };
  };

  return {
    async post(path, body, signal) {
      for (let attempt = 0; ; attempt++) {
        try {
          return await postOnce(path, body, signal);
        } catch (error) {
          signal.throwIfAborted();
          if (!(error instanceof AudioFailure)) throw error;
          const pauseMs = error.appError.retryAfterMs ?? FIRST_PAUSE_MS * 2 ** attempt;
          if (!error.isRetryable || attempt >= timeouts.retries || pauseMs > MAX_PAUSE_MS)
            throw error;
          await delay(pauseMs, undefined, { signal });
        }
      }
    },
    async probe() {
      const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
      try {
        const response = await send({ method: "GET", path: "models" }, signal);
        await response.body.dump();
        // Many servers have no list of models; that they answer is enough.
        if (response.statusCode === 401 || response.statusCode === 403)
          throw failureOfStatus(words, response.statusCode, "", undefined);
      } catch (error) {
        throw error instanceof AudioFailure ? error : failureOfConnection(words, error);
      }
    },
    close: () => agent.destroy(),
  };
};

export const textOf = async (bytes: AsyncIterable<Uint8Array>): Promise<string> => {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of bytes) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
};

const parameterOf = (parameters: readonly string[], name: string): string | null => {
  for (const parameter of parameters) {
    const [key = "", value = ""] = parameter.split("=");
    if (key.trim().toLowerCase() === name) return value.trim().replace(/^"|"$/g, "");
  }
  return null;
};

/** RFC 9110, section 10.2.3: seconds, or a date. */
const retryAfterMsOf = (headers: Dispatcher.ResponseData["headers"]): number | undefined => {
  const value = headers["retry-after"];
  if (typeof value !== "string") return undefined;
  const seconds = Number(value);
  const ms = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
};
