import { Pool } from "undici";
import { AppError } from "../../../domain/errors.ts";
import type { Sink } from "../../../domain/sink.ts";
import type { ModelPart, ModelProvider, ModelRequest } from "../../../ports/model.ts";
import { Attempt, type AttemptOptions } from "./attempt.ts";
import type { ExchangeRequest } from "./exchange.ts";
import { AttemptFailure, failureOfExchange, type ProviderIdentity } from "./failures.ts";
import { FLAVOURS, type FlavourName, type LimitField } from "./flavours.ts";
import { modelList } from "./model-list.ts";
import { type BodyOptions, requestBody } from "./request-body.ts";

export type OpenAiCompatibleOptions = {
  /** The first part of its models' qualified names. */
  readonly name: string;
  /** With the version: `https://openrouter.ai/api/v1`. A user and password in it are sent as Basic. */
  readonly baseUrl: string;
  readonly apiKey?: string;
  /** The setting that holds the key, for messages to the operator: `OPENROUTER_API_KEY`. */
  readonly keySetting?: string;
  /** Default `generic`: Ollama, vLLM, llama.cpp, LM Studio, … */
  readonly flavour?: FlavourName;
  /** How this server presents itself to providers that ask. */
  readonly attribution?: { readonly url: string; readonly title: string };
  /** The longest reply to ask for. Default: the flavour's; most leave it to the provider. */
  readonly maxCompletionTokens?: number;
  /** Default 5 s. */
  readonly connectTimeoutMs?: number;
  /** Without a byte for so long, the response's head included, a reply fails. Default 60 s. */
  readonly idleTimeoutMs?: number;
  /** How long to wait for usage and `[DONE]` after a finish reason. Default 2 s. */
  readonly settleMs?: number;
  /** Further attempts while no part has been given. Default 2. */
  readonly maxRetries?: number;
  /** The wait before the first further attempt; doubles. Default 250 ms, less up to half by chance. */
  readonly retryDelayMs?: number;
  /** The longest that all waits together may take; a longer `Retry-After` is an error. Default 20 s. */
  readonly maxRetryWaitMs?: number;
  /** Default 1024. */
  readonly maxConnections?: number;
  /** Default 5 s. */
  readonly modelsTimeoutMs?: number;
  /** Default 5 min. */
  readonly modelsCacheMs?: number;
  /** Default 10 s. */
  readonly modelsFailureCacheMs?: number;
};

/** A provider that holds connections, until it is disposed of. */
export type OpenAiCompatibleProvider = ModelProvider & AsyncDisposable;

/** Enough that those whose provider stalls keep nobody else waiting. */
const MAX_CONNECTIONS = 10_000;

type Asking = {
  readonly pool: Pool;
  readonly attempt: Omit<AttemptOptions, "calls" | "choices">;
  readonly maxRetries: number;
  readonly retryDelayMs: number;
  readonly maxRetryWaitMs: number;
  readonly exchangeOf: (
    request: ModelRequest,
    options: Pick<BodyOptions, "streamOptions" | "limitField">,
  ) => ExchangeRequest;
  /** Becomes false, for good, when the provider refuses them. */
  streamOptions: boolean;
  /** Becomes the other one, for good, when the provider refuses it. */
  limitField: LimitField;
};

/**
 * A model provider that speaks OpenAI's wire (`POST {baseUrl}/chat/completions`, streamed).
 * @throws TypeError if the base URL is none
 */
export function openAiCompatible(options: OpenAiCompatibleOptions): OpenAiCompatibleProvider {
  const { name, keySetting = null } = options;
  const apiKey = options.apiKey?.trim() || null;
  const flavour = FLAVOURS[options.flavour ?? "generic"];
  const url = new URL(options.baseUrl);
  const path = (resource: string) => url.pathname.replace(/\/+$/u, "") + resource + url.search;
  const headers = headersOf(options, apiKey, url);
  const postHeaders = [...headers, "content-type", "application/json"];
  const maxCompletionTokens = options.maxCompletionTokens ?? flavour.maxCompletionTokens;
  const identity: ProviderIdentity = { name, apiKey, keySetting };
  const pool = new Pool(url.origin, {
    allowH2: false,
    bodyTimeout: 0,
    headersTimeout: 0,
    connections: options.maxConnections ?? MAX_CONNECTIONS,
    connectTimeout: options.connectTimeoutMs ?? 5000,
    keepAliveTimeout: 60_000,
    pipelining: 1,
  });
  const asking: Asking = {
    pool,
    attempt: {
      identity,
      thinkTags: flavour.thinkTags,
      idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
      settleMs: options.settleMs ?? 2000,
    },
    maxRetries: options.maxRetries ?? 2,
    retryDelayMs: options.retryDelayMs ?? 250,
    maxRetryWaitMs: options.maxRetryWaitMs ?? 20_000,
    exchangeOf(request, given) {
      const body = requestBody(request, { flavour, maxCompletionTokens, ...given });
      const post = { method: "POST", path: path("/chat/completions") } as const;
      if (typeof body === "string") return { ...post, headers: postHeaders, body };
      const headers = [...postHeaders, "content-length", String(body.bytes)];
      return { ...post, headers, body: body.pieces };
    },
    streamOptions: true,
    limitField: flavour.limitField,
  };
  return {
    name,
    reply(request, sink) {
      const asked = new AskedReply(asking, request, sink);
      asked.send();
      return asked.stop;
    },
    models: modelList({
      pool,
      request: { method: "GET", path: path("/models"), headers, body: null },
      identity,
      timeoutMs: options.modelsTimeoutMs ?? 5000,
      cacheMs: options.modelsCacheMs ?? 300_000,
      failureCacheMs: options.modelsFailureCacheMs ?? 10_000,
    }),
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}

function headersOf(
  { attribution, flavour = "generic" }: OpenAiCompatibleOptions,
  apiKey: string | null,
  url: URL,
): readonly string[] {
  const headers = ["user-agent", "colloquy"];
  if (apiKey !== null) headers.push("authorization", `Bearer ${apiKey}`);
  else if (url.username !== "") {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.push("authorization", `Basic ${Buffer.from(credentials).toString("base64")}`);
  }
  if (FLAVOURS[flavour].attribution && attribution !== undefined)
    headers.push("http-referer", attribution.url, "x-title", attribution.title);
  return headers;
}

/** A reply that is asked for, and asked for again where that may help. */
class AskedReply {
  readonly #asking: Asking;
  readonly #request: ModelRequest;
  readonly #sink: Sink<ModelPart>;
  #attempt: Attempt | null = null;
  #waiting: NodeJS.Timeout | null = null;
  #sent: Pick<Asking, "streamOptions" | "limitField">;
  #isGiven = false;
  #isOver = false;
  #retries = 0;
  #hasOtherName = false;
  #waitLeftMs: number;

  constructor(asking: Asking, request: ModelRequest, sink: Sink<ModelPart>) {
    this.#asking = asking;
    this.#request = request;
    this.#sink = sink;
    this.#sent = asking;
    this.#waitLeftMs = asking.maxRetryWaitMs;
  }

  readonly send = (): void => {
    const { pool, attempt, exchangeOf, streamOptions, limitField } = this.#asking;
    const { tools, choices = 1 } = this.#request.settings;
    this.#sent = { streamOptions, limitField };
    const options = { ...attempt, calls: Boolean(tools?.length), choices };
    const next = new Attempt(options, this.#given);
    this.#attempt = next;
    try {
      next.send(pool, exchangeOf(this.#request, this.#sent));
    } catch (error) {
      this.#end(error);
    }
  };

  readonly stop = (): void => {
    this.#isOver = true;
    if (this.#waiting) clearTimeout(this.#waiting);
    this.#attempt?.close();
  };

  readonly #given: Sink<ModelPart> = {
    take: (parts) => {
      this.#isGiven = true;
      try {
        return this.#sink.take(parts)?.catch((error: unknown) => this.#end(error));
      } catch (error) {
        this.#end(error);
        return undefined;
      }
    },
    end: (problem) => {
      if (problem === undefined) this.#end();
      else this.#tryAgain(problem);
    },
  };

  #end(error?: unknown): void {
    if (this.#isOver) return;
    this.stop();
    this.#sink.end(error);
  }

  #tryAgain(problem: unknown): void {
    const asking = this.#asking;
    const failure = failureOf(problem, asking.attempt.identity);
    const { streamOptions, limitField } = this.#sent;
    if (streamOptions && !this.#isGiven && refusesStreamOptions(failure)) {
      asking.streamOptions = false;
      this.send();
      return;
    }
    if (!this.#isGiven && !this.#hasOtherName && refusesLimitField(failure, limitField)) {
      this.#hasOtherName = true;
      asking.limitField = limitField === "max_tokens" ? "max_completion_tokens" : "max_tokens";
      this.send();
      return;
    }
    const delayMs = delayMsOf(failure, this.#retries, asking.retryDelayMs);
    const isEnough = this.#retries >= asking.maxRetries || delayMs > this.#waitLeftMs;
    if (this.#isGiven || failure.retry === "never" || isEnough) {
      this.#end(failure.error);
      return;
    }
    this.#waitLeftMs -= delayMs;
    this.#retries += 1;
    if (delayMs > 0) this.#waiting = setTimeout(this.send, delayMs);
    else this.send();
  }
}

function failureOf(error: unknown, identity: ProviderIdentity): AttemptFailure {
  const failure = failureOfExchange(error, identity);
  if (failure instanceof AttemptFailure) return failure;
  const message = `The model provider ${identity.name} failed`;
  return new AttemptFailure(new AppError("model_failed", message, { cause: error }), "never");
}

const refusesStreamOptions = ({ error }: AttemptFailure): boolean =>
  error.code === "model_refused" && error.message.includes("stream_options");

/** The message of OpenAI: "Unsupported parameter: 'max_tokens' is not supported with this model. Use …". */
const refusesLimitField = ({ error }: AttemptFailure, field: LimitField): boolean =>
  error.code === "model_refused" &&
  new RegExp(`(?:unsupported|unknown|unrecognized|extra)\\b.*\\b${field}\\b`, "isu").test(
    error.message,
  );

function delayMsOf(failure: AttemptFailure, retries: number, retryDelayMs: number): number {
  const { retryAfterMs } = failure.error;
  if (retryAfterMs !== undefined) return retryAfterMs;
  if (failure.retry === "at_once" && retries === 0) return 0;
  return retryDelayMs * 2 ** retries * (0.5 + Math.random() / 2);
}
