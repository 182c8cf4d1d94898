import type { FastifyRequest } from "fastify";
import type { AppError, ErrorCode } from "../../domain/errors.ts";
import type { ErrorReply } from "../../http/wire.ts";

/** Status, code and type of wire 002 for everything that can go wrong. */
const ERRORS: Record<ErrorCode, readonly [status: number, code: string, type: string]> = {
  invalid_request: [400, "VALIDATION_ERROR", "Validation Error"],
  unauthenticated: [401, "UNAUTHENTICATED", "Unauthenticated"],
  forbidden: [403, "PERMISSION_DENIED", "Permission Denied"],
  not_found: [404, "NOT_FOUND", "Not Found"],
  method_not_allowed: [405, "METHOD_NOT_ALLOWED", "Method Not Allowed"],
  conflict: [409, "CONFLICT", "Conflict"],
  too_large: [413, "PAYLOAD_TOO_LARGE", "Payload Too Large"],
  unsupported_media_type: [415, "UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type"],
  unprocessable: [422, "UNPROCESSABLE", "Unprocessable"],
  rate_limited: [429, "RATE_LIMITED", "Rate Limited"],
  model_refused: [400, "MODEL_REFUSED", "Model Refused"],
  model_failed: [502, "MODEL_FAILED", "Model Failed"],
  model_unavailable: [502, "MODEL_UNAVAILABLE", "Model Unavailable"],
  unavailable: [503, "DATABASE_ERROR", "Database Error"],
  internal: [500, "INTERNAL_ERROR", "Internal Server Error"],
};

export function errorReply(error: AppError, request: FastifyRequest): ErrorReply {
  const [status, code, type] = ERRORS[error.code];
  const { message, field, resource } = error;
  const context = { ...(field !== undefined && { field }), ...(resource && { resource }) };
  return { status, body: { error: type, message, code, requestId: request.id, context } };
}
