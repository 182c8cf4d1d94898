import { AppError, type ErrorCode } from "../../domain/errors.ts";
import type { ErrorReply } from "../../http/wire.ts";

/** Status and code of wire 003's HTTP routes for everything that can go wrong. */
const ERRORS: Record<ErrorCode, readonly [status: number, code: string]> = {
  invalid_request: [400, "INVALID_REQUEST"],
  unauthenticated: [401, "UNAUTHENTICATED"],
  forbidden: [403, "FORBIDDEN"],
  not_found: [404, "NOT_FOUND"],
  method_not_allowed: [405, "METHOD_NOT_ALLOWED"],
  conflict: [409, "CONFLICT"],
  too_large: [413, "TOO_LARGE"],
  unsupported_media_type: [415, "UNSUPPORTED_MEDIA_TYPE"],
  unprocessable: [422, "UNPROCESSABLE"],
  rate_limited: [429, "RATE_LIMITED"],
  model_refused: [400, "MODEL_REFUSED"],
  model_failed: [502, "MODEL_FAILED"],
  model_unavailable: [502, "MODEL_UNAVAILABLE"],
  unavailable: [503, "UNAVAILABLE"],
  internal: [500, "INTERNAL_ERROR"],
};

/** The code of an error on the socket that the document does not name. */
export const codeOf = (error: AppError): string => ERRORS[error.code][1];

/** What a client of Socket.IO is told, which wire 003's document lists and its server does not speak. */
export const noSocketIo = (): AppError =>
  new AppError(
    "not_found",
    "This server does not speak Socket.IO. Open a plain WebSocket at /ws instead, for example: new WebSocket('ws://localhost:8000/ws')",
    { resource: "route" },
  );

export function errorReply(error: AppError): ErrorReply {
  const [status, code] = ERRORS[error.code];
  return { status, body: { type: "error", message: error.message, code } };
}
