import type { FastifyReply, FastifyRequest } from "fastify";
import { BudgetError } from "../../core/access/budgets.ts";
import { LimitError } from "../../core/access/limits.ts";
import type { AppError, ErrorCode } from "../../domain/errors.ts";
import type { ErrorReply } from "../../http/wire.ts";
import { sendHeaders, sendLimit } from "./admission.ts";

type Told = readonly [status: number, type: string];

const INVALID = "invalid_request_error";

/** Status and `type` of everything that can go wrong. */
const ERRORS: Record<ErrorCode, Told> = {
  invalid_request: [400, INVALID],
  unauthenticated: [401, "authentication_error"],
  forbidden: [403, "permission_error"],
  not_found: [404, "not_found_error"],
  method_not_allowed: [405, INVALID],
  conflict: [409, INVALID],
  too_large: [413, "request_too_large"],
  unsupported_media_type: [415, INVALID],
  unprocessable: [422, INVALID],
  rate_limited: [429, "rate_limit_error"],
  model_refused: [400, INVALID],
  model_failed: [502, "api_error"],
  model_unavailable: [502, "api_error"],
  unavailable: [529, "overloaded_error"],
  internal: [500, "api_error"],
};

const isUnknownModel = (error: AppError): boolean =>
  error.code === "model_refused" && (error.isUnknownModel || error.field === "model");

const toldOf = (error: AppError): Told =>
  isUnknownModel(error) ? [404, "not_found_error"] : ERRORS[error.code];

/** What an answer or a stream says of an error. The body has no place for the field but its message. */
export function errorBody(error: AppError, requestId: string) {
  const { field, message } = error;
  const isSaid = field === undefined || field === "body" || message.includes(field);
  return {
    type: "error",
    error: { type: toldOf(error)[1], message: isSaid ? message : `${field}: ${message}` },
    request_id: requestId,
  };
}

export const errorReply = (error: AppError, { id }: Pick<FastifyRequest, "id">): ErrorReply => ({
  status: toldOf(error)[0],
  body: errorBody(error, id),
});

const RETRY_MS = 1000;

/**
 * Says whether and when a client should try again. The clients of this shape repeat 408, 409, 429, 5xx and lost
 * connections by themselves.
 */
export async function beforeError(
  error: AppError,
  _request: FastifyRequest,
  reply: FastifyReply,
): Promise<AppError> {
  if (error instanceof LimitError) sendLimit(reply, "requests", error.state, new Date());
  const [status] = toldOf(error);
  const isLater = status === 429 || status === 529;
  if (isLater && !error.isLasting) {
    const waitMs = Math.ceil(error.retryAfterMs ?? RETRY_MS);
    reply.header("retry-after", String(Math.ceil(waitMs / 1000)));
    reply.header("retry-after-ms", String(waitMs));
  }
  // A budget begins anew on another day, which no client should wait for.
  if ((status < 500 && !isLater) || error instanceof BudgetError || error.isLasting)
    reply.header("x-should-retry", "false");
  sendHeaders(reply);
  return error;
}
