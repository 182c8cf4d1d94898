import type { AppError, ErrorCode } from "../../domain/errors.ts";
import type { ErrorReply } from "../../http/wire.ts";

/** Code and status of wire 004 for everything that can go wrong. */
export const ERRORS: Record<ErrorCode, readonly [status: number, code: string]> = {
  invalid_request: [400, "VALIDATION_ERROR"],
  unauthenticated: [401, "UNAUTHENTICATED"],
  forbidden: [403, "FORBIDDEN"],
  not_found: [404, "NOT_FOUND"],
  method_not_allowed: [405, "METHOD_NOT_ALLOWED"],
  conflict: [409, "CONFLICT"],
  too_large: [413, "PAYLOAD_TOO_LARGE"],
  unsupported_media_type: [415, "UNSUPPORTED_MEDIA_TYPE"],
  unprocessable: [422, "UNPROCESSABLE"],
  rate_limited: [429, "RATE_LIMITED"],
  model_refused: [400, "MODEL_REFUSED"],
  model_failed: [502, "MODEL_FAILED"],
  model_unavailable: [502, "MODEL_UNAVAILABLE"],
  unavailable: [503, "UNAVAILABLE"],
  internal: [500, "INTERNAL_ERROR"],
};

export function errorReply(error: AppError): ErrorReply {
  const [status, code] = ERRORS[error.code];
  const details = error.field === undefined ? {} : { details: { field: error.field } };
  return { status, body: { success: false, message: error.message, error: { code, ...details } } };
}
