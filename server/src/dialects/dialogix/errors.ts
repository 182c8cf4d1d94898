import type { AppError, ErrorCode } from "../../domain/errors.ts";
import type { ErrorReply } from "../../http/wire.ts";

/** Status and `error` of wire 001 for everything that can go wrong. */
const ERRORS: Record<ErrorCode, readonly [status: number, error: string]> = {
  invalid_request: [400, "Invalid request format"],
  unauthenticated: [401, "Authentication required"],
  forbidden: [403, "Access denied"],
  not_found: [404, "Not found"],
  method_not_allowed: [405, "Method not allowed"],
  conflict: [409, "Conflict"],
  too_large: [413, "Request too large"],
  unsupported_media_type: [415, "Unsupported media type"],
  unprocessable: [422, "Request cannot be processed"],
  rate_limited: [429, "Too many requests"],
  model_refused: [400, "Request refused by the model"],
  model_failed: [502, "The model failed"],
  model_unavailable: [502, "The model is not available"],
  unavailable: [503, "Service unavailable"],
  internal: [500, "Internal server error"],
};

export function errorReply({ code, message, textSoFar }: AppError): ErrorReply {
  const [status, error] = ERRORS[code];
  const details = code === "internal" ? "Failed to process request" : message;
  return {
    status,
    body: { error, details, ...(textSoFar !== undefined && { text_so_far: textSoFar }) },
  };
}
