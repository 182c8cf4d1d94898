import type { Pool } from "undici";
import { AppError } from "../../../domain/errors.ts";
import type { ModelInfo } from "../../../ports/model.ts";
import { Exchange, type ExchangeRequest, TextBody } from "./exchange.ts";
import {
  AttemptFailure,
  failureOfAnswer,
  failureOfExchange,
  modelFailed,
  type ProviderIdentity,
} from "./failures.ts";
import { isObject, type Loose, parseLoosely } from "./loose-json.ts";

const MAX_LIST_BYTES = 16 * 1024 * 1024;

export type ModelListOptions = {
  readonly pool: Pool;
  readonly request: ExchangeRequest;
  readonly identity: ProviderIdentity;
  readonly timeoutMs: number;
  readonly cacheMs: number;
  readonly failureCacheMs: number;
};

/**
 * `GET {base}/models`, asked for once for all who want it at the same time, and kept for a while,
 * a failure too. One caller's abort is that caller's alone.
 */
export function modelList(
  options: ModelListOptions,
): (signal: AbortSignal, maxAgeMs?: number) => Promise<readonly ModelInfo[]> {
  let cached: Promise<readonly ModelInfo[]> | null = null;
  let goodUntilMs = Number.POSITIVE_INFINITY;
  let askedAtMs = 0;
  const keep = (forMs: number) => {
    goodUntilMs = performance.now() + forMs;
  };
  return (signal, maxAgeMs = Number.POSITIVE_INFINITY) => {
    const nowMs = performance.now();
    if (cached === null || nowMs >= goodUntilMs || nowMs - askedAtMs > maxAgeMs) {
      askedAtMs = nowMs;
      goodUntilMs = Number.POSITIVE_INFINITY;
      cached = fetchList(options);
      cached.then(
        () => keep(options.cacheMs),
        () => keep(options.failureCacheMs),
      );
    }
    return untilAborted(cached, signal);
  };
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** @throws AppError model_failed, model_unavailable */
async function fetchList(options: ModelListOptions): Promise<readonly ModelInfo[]> {
  const { identity } = options;
  try {
    const { status, text } = await fetchText(options);
    const body = parseLoosely(text ?? "");
    if (status !== 200) throw failureOfAnswer(status, body, null, identity);
    const entries = entriesOf(body);
    if (entries === null)
      throw modelFailed(`The model provider ${identity.name} has no list of models at its address`);
    return entries.flatMap(modelOf);
  } catch (error) {
    const failure = failureOfExchange(error, identity);
    if (failure instanceof AttemptFailure && failure.error.forOperator !== undefined)
      throw failure.error;
    const message =
      failure instanceof AttemptFailure
        ? failure.error.message
        : `The model provider ${identity.name} did not list its models in time`;
    throw new AppError("model_failed", message, { cause: error });
  }
}

/** @throws ExchangeError, or an Error after the time */
function fetchText({
  pool,
  request,
  timeoutMs,
}: ModelListOptions): Promise<{ readonly status: number; readonly text: string | null }> {
  return new Promise((resolve, reject) => {
    let status = 0;
    const body = new TextBody(MAX_LIST_BYTES);
    const timer = setTimeout(() => {
      exchange.close();
      reject(new Error("the time is up"));
    }, timeoutMs);
    const exchange = new Exchange(timeoutMs, {
      opened(given) {
        status = given;
      },
      data(bytes) {
        body.add(bytes);
        if (body.fits) return;
        exchange.close();
        clearTimeout(timer);
        resolve({ status, text: null });
      },
      ended(error) {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve({ status, text: body.text() });
      },
    });
    exchange.send(pool, request);
  });
}

function entriesOf(body: unknown): readonly unknown[] | null {
  if (Array.isArray(body)) return body;
  if (!isObject(body)) return null;
  for (const list of [body.data, body.models]) if (Array.isArray(list)) return list;
  // Ollama without a model.
  return body.object === "list" ? [] : null;
}

function modelOf(entry: unknown): ModelInfo[] {
  if (typeof entry === "string") return [{ id: entry, name: entry, contextTokens: null }];
  if (!isObject(entry)) return [];
  const id = entry.id ?? entry.model ?? entry.name;
  if (typeof id !== "string" || id === "") return [];
  const name = typeof entry.name === "string" && entry.name !== "" ? entry.name : id;
  return [{ id, name, contextTokens: contextTokensOf(entry) }];
}

/** OpenRouter, vLLM, LM Studio, Groq and llama.cpp each have a name for it. */
function contextTokensOf(entry: Loose): number | null {
  const meta = isObject(entry.meta) ? entry.meta : {};
  for (const value of [
    entry.context_length,
    entry.max_model_len,
    entry.max_context_length,
    entry.context_window,
    meta.n_ctx,
    meta.n_ctx_train,
  ])
    if (typeof value === "number" && Number.isSafeInteger(value) && value > 0) return value;
  return null;
}
