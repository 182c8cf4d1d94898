import type { FastifyReply, FastifyRequest } from "fastify";
import { BudgetError } from "../../core/access/budgets.ts";
import { LimitError } from "../../core/access/limits.ts";
import { AppError, type ErrorCode } from "../../domain/errors.ts";
import type { ErrorReply } from "../../http/wire.ts";
import { sendHeaders, sendLimit } from "./headers.ts";

/** An error that has a code of its own in OpenAI's words, such as `invalid_type`. */
export class OpenAiError extends AppError {
  /** The `code` of the error body. */
  readonly reason: string;

  /** @param field the path of the field that is at fault: `messages[0].role` */
  constructor(code: ErrorCode, reason: string, message: string, field?: string) {
    super(code, message, field === undefined ? {} : { field });
    this.reason = reason;
  }
}

/** A feature that is not here. @param instead a sentence that says what to do */
export const notHere = (field: string, instead: string): OpenAiError =>
  new OpenAiError("invalid_request", "unsupported_value", instead, field);

export const noSuchModel = (id: string): OpenAiError =>
  new OpenAiError(
    "not_found",
    "model_not_found",
    `The model '${id.slice(0, 100)}' does not exist or you do not have access to it. GET /v1/models lists what there is`,
    "model",
  );

type Told = readonly [status: number, type: string, code: string | null];

const INVALID = "invalid_request_error";

/** Status, `type` and `code` of everything that can go wrong. */
const ERRORS: Record<ErrorCode, Told> = {
  invalid_request: [400, INVALID, null],
  unauthenticated: [401, INVALID, null],
  forbidden: [403, "permission_error", null],
  not_found: [404, INVALID, null],
  method_not_allowed: [405, INVALID, "method_not_supported"],
  conflict: [409, INVALID, null],
  too_large: [413, INVALID, "request_too_large"],
  unsupported_media_type: [415, INVALID, null],
  unprocessable: [422, INVALID, null],
  rate_limited: [429, "rate_limit_exceeded", "rate_limit_exceeded"],
  model_refused: [400, INVALID, null],
  model_failed: [502, "server_error", "provider_error"],
  model_unavailable: [502, "server_error", "provider_error"],
  unavailable: [503, "server_error", null],
  internal: [500, "server_error", null],
};

const TOO_LONG =
  /context.?(?:length|window|size)|(?:too many|maximum (?:number of )?|prompt .*) tokens|input is too long|too long for (?:this|the) model/iu;

function toldOf(error: AppError): Told {
  const told = ERRORS[error.code];
  if (error instanceof OpenAiError) return [told[0], told[1], error.reason];
  if (error instanceof BudgetError) return [429, "insufficient_quota", "insufficient_quota"];
  if (error.code === "conflict" && error.field === "Idempotency-Key")
    return [409, INVALID, "idempotency_key_in_use"];
  if (error.code !== "model_refused") return told;
  if (error.isUnknownModel || error.field === "model") return [404, INVALID, "model_not_found"];
  return TOO_LONG.test(error.message) ? [400, INVALID, "context_length_exceeded"] : told;
}

/** What the wires of this shape say of an error: in an answer, in a stream or on a socket. */
export function errorOf(error: AppError): {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
} {
  const [, type, code] = toldOf(error);
  const isOfBody = error.field === undefined || error.field === "body";
  const param = code === "model_not_found" ? "model" : isOfBody ? null : (error.field ?? null);
  return { message: error.message, type, param, code };
}

export const errorReply = (error: AppError): ErrorReply => ({
  status: toldOf(error)[0],
  body: { error: errorOf(error) },
});

const RETRY_MS = 1000;

/**
 * Says whether and when a client should try again. The clients of this shape repeat 408, 409, 429, 5xx and lost
 * connections by themselves.
 */
export async function beforeError(
  error: AppError,
  { headers }: FastifyRequest,
  reply: FastifyReply,
): Promise<AppError> {
  const hasKey = error.code === "unauthenticated" && headers.authorization !== undefined;
  const told = hasKey ? new OpenAiError(error.code, "invalid_api_key", error.message) : error;
  if (error instanceof LimitError) sendLimit(reply, error.state);
  const [status] = toldOf(told);
  if ((status === 429 || status === 503) && !told.isLasting) {
    const waitMs = error.retryAfterMs ?? RETRY_MS;
    reply.header("retry-after", String(Math.ceil(waitMs / 1000)));
    reply.header("retry-after-ms", String(Math.ceil(waitMs)));
  }
  // A budget begins anew on another day, which no client should wait for.
  if ((status < 500 && status !== 429) || error instanceof BudgetError || error.isLasting)
    sayNoRetry(reply);
  sendHeaders(reply);
  return told;
}

/** Before an error after which something stays stored: to send the request again would store it twice. */
export const sayNoRetry = (reply: FastifyReply): void =>
  void reply.header("x-should-retry", "false");
