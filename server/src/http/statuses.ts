import type { ErrorCode } from "../domain/errors.ts";

/** The status of each error, for wires that have no codes of their own beside it. */
export const STATUS: Record<ErrorCode, number> = {
  invalid_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  unsupported_media_type: 415,
  unprocessable: 422,
  rate_limited: 429,
  model_refused: 400,
  model_failed: 502,
  model_unavailable: 502,
  unavailable: 503,
  internal: 500,
};
