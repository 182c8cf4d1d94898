/** The codes the server answers with (document 004). */
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
  /** Only whoever runs the server can mend it: its provider refuses its key, has no credit for it, … */
  | "MODEL_UNAVAILABLE"
  | "UNAVAILABLE"
  | "INTERNAL_ERROR";

/** The codes this client adds. */
export type ClientErrorCode =
  /** No answer came, or it broke off. */
  | "NETWORK_ERROR"
  /** No answer within the time limit, or a stream silent for longer than its pings allow. */
  | "TIMEOUT"
  /** Something answered that is not Colloquy's chat API: a proxy, a login page, another path. */
  | "UNEXPECTED_RESPONSE"
  /** A stream was cut off, and by the time it could be resumed the server no longer had the reply. */
  | "REPLY_LOST"
  /** An option or a token that cannot be sent. */
  | "INVALID_OPTION";

/** A later server may answer with a code that is not in the list. */
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
 * Every failure of this client, except two that pass through as they are: the reason of an aborted
 * signal, and what the application's own `token` function throws.
 */
export class ColloquyError extends Error {
  override readonly name = "ColloquyError";
  readonly code: ErrorCode;
  /** Of the HTTP answer; null where there was none, and for an error inside a stream. */
  readonly status: number | null;
  /** The answer's `X-Request-Id`, by which the server's log can be searched. */
  readonly requestId: string | null;
  /** How long the server asks to wait before trying again, in milliseconds. */
  readonly retryAfterMs: number | null;
  /** What the server adds, such as the field that is at fault. */
  readonly details: unknown;
  /** Whether doing the same again, later, may succeed. The client has by then done what it safely could. */
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

/** True for what the client itself tries again, where a repeat does no harm. */
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

/** The error that an answer with a status of 400 or more stands for. */
export function errorFromResponse(response: Response, body: unknown): ColloquyError {
  const isOurs = isRecord(body) && isRecord(body.error) && typeof body.error.code === "string";
  const fields = {
    status: response.status,
    requestId: response.headers.get("x-request-id"),
    retryAfterMs: retryAfterMs(response.headers.get("retry-after"), Date.now()),
  };
  if (isOurs && isRecord(body.error)) {
    const message = typeof body.message === "string" ? body.message : "The request failed";
    const { code, details } = body.error;
    return new ColloquyError(message, { ...fields, code: String(code), details });
  }
  // What no document describes, such as /metrics, has plainer words.
  if (isRecord(body) && typeof body.error === "string" && typeof body.code === "string")
    return new ColloquyError(body.error, { ...fields, code: body.code.toUpperCase() });
  return new ColloquyError(`The server answered with status ${response.status}`, {
    ...fields,
    code: codeOfStatus(response.status),
  });
}

/** What a status means when the body is not our envelope: then a proxy in between has answered. */
function codeOfStatus(status: number): ErrorCode {
  if (status === 429) return "RATE_LIMITED";
  return status === 502 || status === 503 || status === 504 ? "UNAVAILABLE" : "UNEXPECTED_RESPONSE";
}

/** Milliseconds in a `Retry-After` header, which names seconds or a date; null for anything else. */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null || header.trim() === "") return null;
  const milliseconds = /^\s*\d+\s*$/.test(header)
    ? Number(header) * 1000
    : Date.parse(header) - nowMs;
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : null;
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
