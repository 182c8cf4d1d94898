/**
 * The error codes of the server. Each wire maps a code to a status and a body of its own; a wire that omits a code
 * does not compile.
 */
export const ERROR_CODES = [
  "invalid_request",
  "unauthenticated",
  "forbidden",
  "not_found",
  "method_not_allowed",
  "conflict",
  "too_large",
  "unsupported_media_type",
  "unprocessable",
  "rate_limited",
  "model_refused",
  "model_failed",
  "model_unavailable",
  "unavailable",
  "internal",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** The fields of an error besides its message. */
export type ErrorDetails = {
  /** The field of the request that is wrong, in the spelling of the caller. */
  readonly field?: string;
  /** The time after which a retry can succeed. */
  readonly retryAfterMs?: number;
  /** The kind of object that was not found, for wires that name it. */
  readonly resource?:
    | "conversation"
    | "message"
    | "agent"
    | "key"
    | "route"
    | "reply"
    | "file"
    | "share"
    | "invitation"
    | "prompt"
    | "project"
    | "memory"
    | "grant";
  /** The text of a reply before it failed or was interrupted. */
  readonly textSoFar?: string;
  /** Details for the operator, such as a setting or the words of a provider. They appear in the log and on operators' pages, never to users. */
  readonly forOperator?: string;
  /** The provider does not know the requested model. */
  readonly isUnknownModel?: boolean;
  /** The conversation is longer than the model takes, and was not to be shortened. */
  readonly isTooLong?: boolean;
  /** It lasts until the operator changes something, so that clients should not retry automatically. */
  readonly isLasting?: boolean;
  readonly cause?: unknown;
};

/** An error whose message is safe and useful for the person who made the request. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly resource: ErrorDetails["resource"];
  readonly textSoFar: string | undefined;
  readonly forOperator: string | undefined;
  readonly isUnknownModel: boolean;
  readonly isTooLong: boolean;
  readonly isLasting: boolean;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "AppError";
    this.code = code;
    this.field = details.field;
    this.retryAfterMs = details.retryAfterMs;
    this.resource = details.resource;
    this.textSoFar = details.textSoFar;
    this.forOperator = details.forOperator;
    this.isUnknownModel = details.isUnknownModel ?? false;
    this.isTooLong = details.isTooLong ?? false;
    this.isLasting = details.isLasting ?? false;
  }
}

export const notFound = (
  resource:
    | "conversation"
    | "message"
    | "agent"
    | "key"
    | "reply"
    | "file"
    | "share"
    | "invitation"
    | "prompt"
    | "project"
    | "memory"
    | "grant",
) =>
  new AppError("not_found", `${resource[0]?.toUpperCase()}${resource.slice(1)} not found`, {
    resource,
  });

/**
 * The error for a user if only the operator can solve the problem: the provider refuses the key, has no credit left or
 * does not have the model.
 * @param forOperator a sentence that says what to change
 */
export const modelUnavailable = (
  forOperator: string,
  details: Pick<ErrorDetails, "retryAfterMs" | "cause"> = {},
): AppError =>
  new AppError(
    "model_unavailable",
    "The server's model is not available now. Try again later, or tell whoever runs this server",
    { ...details, forOperator },
  );

/**
 * What a user is told where only the operator can mend a speech engine: an address without a server, a key that is
 * refused, a model that is not there.
 * @param forOperator what to mend, as a sentence
 */
export const speechUnavailable = (
  code: "unavailable" | "model_failed",
  sense: "hearing" | "speaking",
  forOperator: string,
  details: Pick<ErrorDetails, "retryAfterMs" | "cause"> = {},
): AppError =>
  new AppError(
    code,
    sense === "hearing"
      ? "Speech cannot be understood now. Type instead, try again later, or tell whoever runs this server"
      : "Text cannot be spoken now. Read it, try again later, or tell whoever runs this server",
    { ...details, forOperator },
  );

/** The error for an Idempotency-Key that was used for another request. */
export const keyOfAnother = (): AppError =>
  new AppError(
    "conflict",
    "This Idempotency-Key was used for another request. Use a new key for a new request",
    { field: "Idempotency-Key" },
  );

/** The error in a form that can be shown. The text of an unexpected error is replaced. */
export const toAppError = (error: unknown): AppError =>
  error instanceof AppError
    ? error
    : new AppError("internal", "Internal server error", { cause: error });
