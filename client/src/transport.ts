import {
  ColloquyError,
  errorFromResponse,
  isRecord,
  isTransient,
  networkError,
  unexpectedResponse,
} from "./errors.ts";
import type { UploadProgress } from "./options.ts";
import { type NetworkStatus, pause, type RetryPolicy, retryDelayMs, within } from "./retry.ts";
import { fetchWithProgress } from "./upload.ts";
import type { Wakeups } from "./wakeups.ts";

/** A request to a path below `/v1/chat` or below the root of the server. */
export type ApiRequest = {
  readonly isAtRoot?: boolean;
  /** Whether a status is a success. The default is 200 to 299. */
  readonly isAnswer?: (status: number) => boolean;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** A path that begins with a slash and has encoded parts (see `path`). */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** Bytes that are sent unchanged instead of `body`. */
  readonly content?: Blob | undefined;
  /** A form that is sent instead of `body`. */
  readonly form?: FormData;
  readonly onProgress?: ((progress: UploadProgress) => void) | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Lets the request outlive the page that sends it. */
  readonly keepalive?: boolean | undefined;
};

export type Answer<T> = { readonly data: T; readonly meta: Readonly<Record<string, unknown>> };

/** The response of a stream. The code that opened it must call `close`, which also ends a pending read. */
export type Connection = { readonly response: Response; close(): void };

export type TransportOptions = {
  readonly baseUrl: string;
  readonly token: string | (() => string | Promise<string>);
  readonly userId: string | undefined;
  readonly fetch: typeof fetch;
  readonly network: NetworkStatus;
  readonly retry: RetryPolicy;
  /** Called after every request that reached the server. */
  readonly wakeups: Wakeups;
};

export type Transport = {
  /**
   * Sends a request whose response is the JSON envelope.
   * @param timeoutMs the limit of each try
   * @param repeat whether the request may arrive at the server twice; if so, it is tried again after
   *   a network failure, a 429 and a 503
   */
  json<T>(
    request: ApiRequest,
    timeoutMs: number,
    repeat: "repeatable" | "once",
  ): Promise<Answer<T>>;
  /** Tries a request once whose response is a stream, and resolves at its headers. A 204 is a success, too. */
  open(request: ApiRequest, timeoutMs: number): Promise<Connection>;
};

/** A path from its parts, each encoded: path`/messages/${id}`. */
export function path(texts: TemplateStringsArray, ...ids: readonly string[]): string {
  // These parts would lead to another route than the intended one.
  if (ids.some((id) => id === "" || id === "." || id === ".."))
    throw new ColloquyError("An id is missing", { code: "INVALID_OPTION" });
  return String.raw({ raw: texts }, ...ids.map((id) => encodeURIComponent(id)));
}

export function createTransport(options: TransportOptions): Transport {
  const root = options.baseUrl.replace(/\/+$/, "");

  const send = async (request: ApiRequest, signal: AbortSignal): Promise<Response> => {
    const token = await currentToken(options.token);
    const headers = headersOf(request, token, options.userId);
    const init: RequestInit = { method: request.method, headers, signal, cache: "no-store" };
    if (request.form) init.body = request.form;
    else if (request.content) init.body = request.content;
    else if (request.body !== undefined) init.body = JSON.stringify(request.body);
    if (request.keepalive) init.keepalive = true;
    const call = (request.onProgress && fetchWithProgress(request.onProgress)) || options.fetch;
    const response = await call(
      `${root}${request.isAtRoot ? "" : "/v1/chat"}${request.path}${queryOf(request)}`,
      init,
    ).catch((cause: unknown) => {
      throw networkError(cause);
    });
    const isAnswer = request.isAnswer?.(response.status) ?? response.ok;
    if (!isAnswer) throw errorFromResponse(response, await readJson(response));
    if (request.content)
      request.onProgress?.({ sent: request.content.size, total: request.content.size });
    options.wakeups.wake();
    return response;
  };

  const open = async (request: ApiRequest, timeoutMs: number): Promise<Connection> => {
    const { signal } = request;
    const attempt = new AbortController();
    const close = () => {
      signal?.removeEventListener("abort", close);
      attempt.abort();
    };
    signal?.addEventListener("abort", close);
    try {
      signal?.throwIfAborted();
      return { response: await within(send(request, attempt.signal), timeoutMs, signal), close };
    } catch (error) {
      close();
      throw error;
    }
  };

  const tryJson = async <T>(request: ApiRequest, timeoutMs: number): Promise<Answer<T>> => {
    const { response, close } = await open(request, timeoutMs);
    try {
      if (response.status === 204) return { data: undefined as T, meta: {} };
      const body = await within(readJson(response), timeoutMs, request.signal);
      if (!isRecord(body) || body.success !== true)
        throw unexpectedResponse("The answer is not one of Colloquy's chat API", response);
      return { data: body.data as T, meta: isRecord(body.meta) ? body.meta : {} };
    } finally {
      close();
    }
  };

  const json: Transport["json"] = async <T>(
    request: ApiRequest,
    timeoutMs: number,
    repeat: "repeatable" | "once",
  ): Promise<Answer<T>> => {
    let mayHaveArrived = false;
    for (let failures = 1; ; failures++) {
      try {
        return await tryJson<T>(request, timeoutMs);
      } catch (error) {
        // An earlier try, whose response was lost, has deleted it.
        if (request.method === "DELETE" && mayHaveArrived && isNotFound(error))
          return { data: undefined as T, meta: {} };
        const isWorthIt = repeat === "repeatable" && isTransient(error);
        if (!isWorthIt || failures > options.retry.requestRetries) throw error;
        mayHaveArrived ||= error.status === null;
        const delayMs = retryDelayMs(options.retry, failures, error, Math.random());
        await pause(delayMs, options.network, request.signal);
      }
    }
  };

  return { json, open };
}

const isNotFound = (error: unknown): boolean =>
  error instanceof ColloquyError && error.status === 404;

/** Errors of the token function are thrown unchanged, but a TypeError of its `fetch` is a network failure. */
async function currentToken(token: TransportOptions["token"]): Promise<string> {
  if (typeof token === "string") return token;
  try {
    return await token();
  } catch (error) {
    throw error instanceof TypeError ? networkError(error) : error;
  }
}

function headersOf(request: ApiRequest, token: string, userId: string | undefined): Headers {
  try {
    const headers = new Headers(request.headers);
    if (token !== "") headers.set("authorization", `Bearer ${token}`);
    if (userId !== undefined) headers.set("x-user-id", userId);
    if (request.content)
      headers.set("content-type", request.content.type || "application/octet-stream");
    else if (request.body !== undefined) headers.set("content-type", "application/json");
    return headers;
  } catch {
    // The original error is dropped on purpose, because its text contains the token.
    throw new ColloquyError("The token or the user id has characters no HTTP header can carry", {
      code: "INVALID_OPTION",
    });
  }
}

function queryOf(request: ApiRequest): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query ?? {}))
    if (value !== undefined) parameters.set(name, String(value));
  const query = parameters.toString();
  return query === "" ? "" : `?${query}`;
}

/** The body as JSON; undefined if it is not JSON. */
export async function readJson(response: Response): Promise<unknown> {
  const text = await response.text().catch((cause: unknown) => {
    throw networkError(cause);
  });
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
