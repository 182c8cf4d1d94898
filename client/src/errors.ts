/** The error codes of the server (document 004). */
export type ServerErrorCode =
  | "VALIDATION_ERROR"
  | "UNAUTHENTICATED"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "CONFLICT"
  | "PAYLOAD_TOO_LARGE"
  | "UNSUPPORTED_MEDIA_TYPE"
  | "UNPROCESSABLE"
  | "RATE_LIMITED"
  | "MODEL_REFUSED"
  | "MODEL_FAILED"
  /** Only the operator of the server can solve the problem: the provider refuses its key, for example. */
  | "MODEL_UNAVAILABLE"
  | "UNAVAILABLE"
  | "INTERNAL_ERROR";

/** The error codes of this client itself. */
export type ClientErrorCode =
  /** There was no answer, or it ended early. */
  | "NETWORK_ERROR"
  /** There was no answer within the time limit, or a stream was silent for longer than its pings allow. */
  | "TIMEOUT"
  /** The answer did not come from Colloquy's chat API but from a proxy or a login page, for example. */
  | "UNEXPECTED_RESPONSE"
  /** A stream was interrupted, and the server no longer had the reply when the stream could be resumed. */
  | "REPLY_LOST"
  /** An option or a token cannot be sent. */
  | "INVALID_OPTION";

/** A newer server may use a code that is not in the list. */
export type ErrorCode = ServerErrorCode | ClientErrorCode | (string & Record<never, never>);

export type ErrorFields = {
  readonly code: ErrorCode;
  readonly status?: number | null;
  readonly requestId?: string | null;
  readonly retryAfterMs?: number | null;
  readonly details?: unknown;
  readonly cause?: unknown;
};

const TRANSIENT = new Set<ErrorCode>(["NETWORK_ERROR", "TIMEOUT", "RATE_LIMITED", "UNAVAILABLE"]);

const FAILED_MODELS = new Set<ErrorCode>(["MODEL_FAILED", "MODEL_UNAVAILABLE"]);

/**
 * Every failure of this client, with two exceptions that are thrown unchanged: the reason of an aborted
 * signal, and an error of the application's own `token` function.
 */
export class ColloquyError extends Error {
  override readonly name = "ColloquyError";
  readonly code: ErrorCode;
  /** The status of the HTTP response; null if there was none, and for an error inside a stream. */
  readonly status: number | null;
  /** The `X-Request-Id` of the response, which also appears in the server's log. */
  readonly requestId: string | null;
  /** The time to wait before a retry, as the server asked, in milliseconds. */
  readonly retryAfterMs: number | null;
  /** Details from the server, such as the field that is wrong. */
  readonly details: unknown;
  /** Whether the same request may succeed later. The client has already made all retries that are safe. */
  readonly isRetryable: boolean;

  constructor(message: string, fields: ErrorFields) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = fields.code;
    this.status = fields.status ?? null;
    this.requestId = fields.requestId ?? null;
    this.retryAfterMs = fields.retryAfterMs ?? null;
    this.details = fields.details;
    this.isRetryable = TRANSIENT.has(this.code) || FAILED_MODELS.has(this.code);
  }
}

/** Whether the client retries this error by itself, if the request may be repeated. */
export const isTransient = (error: unknown): error is ColloquyError =>
  error instanceof ColloquyError && TRANSIENT.has(error.code);

export const networkError = (cause: unknown): ColloquyError =>
  new ColloquyError("The connection to the server failed", { code: "NETWORK_ERROR", cause });

export const unexpectedResponse = (message: string, response?: Response): ColloquyError =>
  new ColloquyError(message, {
    code: "UNEXPECTED_RESPONSE",
    status: response?.status ?? null,
    requestId: response?.headers.get("x-request-id") ?? null,
  });

/** The error for a response with a status of 400 or more. */
export function errorFromResponse(response: Response, body: unknown): ColloquyError {
  const inside = isRecord(body) && isRecord(body.error) ? body.error : null;
  const fields = {
    status: response.status,
    requestId: response.headers.get("x-request-id"),
    retryAfterMs: retryAfterMs(response.headers.get("retry-after"), Date.now()),
  };
  // The wires of OpenAI's shape have the sentence inside, and other codes.
  if (typeof inside?.message === "string")
    return new ColloquyError(inside.message, { ...fields, code: codeOfStatus(response.status) });
  if (isRecord(body) && typeof inside?.code === "string") {
    const message = typeof body.message === "string" ? body.message : "The request failed";
    const { code, details } = inside;
    return new ColloquyError(message, { ...fields, code, details });
  }
  // Paths that no document describes, such as /metrics, have a simpler error body.
  if (isRecord(body) && typeof body.error === "string" && typeof body.code === "string")
    return new ColloquyError(body.error, { ...fields, code: body.code.toUpperCase() });
  return new ColloquyError(`The server answered with status ${response.status}`, {
    ...fields,
    code: codeOfStatus(response.status),
  });
}

/** The code for a status whose body is not our envelope: that of a proxy, or of another wire. */
function codeOfStatus(status: number): ErrorCode {
  if (status === 429) return "RATE_LIMITED";
  return status === 502 || status === 503 || status === 504 ? "UNAVAILABLE" : "UNEXPECTED_RESPONSE";
}

/** The milliseconds of a `Retry-After` header, which has seconds or a date; null for any other content. */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null || header.trim() === "") return null;
  const milliseconds = /^\s*\d+\s*$/.test(header)
    ? Number(header) * 1000
    : Date.parse(header) - nowMs;
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : null;
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
