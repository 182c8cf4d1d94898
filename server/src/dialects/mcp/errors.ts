import { AppError, type ErrorCode } from "../../domain/errors.ts";
import { isUnreadableJson } from "../../http/errors.ts";
import { STATUS } from "../../http/statuses.ts";
import type { ErrorReply } from "../../http/wire.ts";

/** Of a message: a text or a whole number; never null. */
export type RpcId = string | number;

/** The codes that JSON-RPC and the protocol define. */
export const RPC = {
  parseError: -32_700,
  invalidRequest: -32_600,
  methodNotFound: -32_601,
  invalidParams: -32_602,
  internal: -32_603,
  headerMismatch: -32_020,
  unsupportedVersion: -32_022,
} as const;

/** An error as JSON-RPC tells it. */
export type RpcError = {
  readonly code: number;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
};

/** A request that is against the protocol, and is told so by a status and a code of the protocol's own. */
export class ProtocolError extends AppError {
  readonly status: number;
  readonly rpcCode: number;
  readonly data: RpcError["data"];

  /** @param status of the answer over HTTP */
  constructor(status: 400 | 404 | 406, rpcCode: number, message: string, data?: RpcError["data"]) {
    super("invalid_request", message);
    this.status = status;
    this.rpcCode = rpcCode;
    this.data = data;
  }
}

/** Where neither JSON-RPC nor the protocol has a code, the status stands for it: their codes are all below zero. */
const CODES: Record<ErrorCode, number> = {
  ...STATUS,
  invalid_request: RPC.invalidRequest,
  internal: RPC.internal,
};

/** What the wire says of an error. */
export function rpcErrorOf(error: AppError): RpcError {
  const { message } = error;
  if (error instanceof ProtocolError) {
    const { rpcCode: code, data } = error;
    return { code, message, ...(data && { data }) };
  }
  const code = isUnreadableJson(error) ? RPC.parseError : CODES[error.code];
  const { field, retryAfterMs } = error;
  const data = {
    ...(field !== undefined && { field }),
    ...(retryAfterMs !== undefined && { retry_after_seconds: Math.ceil(retryAfterMs / 1000) }),
  };
  return { code, message, ...(Object.keys(data).length > 0 && { data }) };
}

const ids = new WeakMap<object, RpcId>();

/** Notes which message a request carries, so that an error can name it. */
export const noteId = (request: object, id: RpcId): void => void ids.set(request, id);

/** An error of a message whose id could not be read has none. */
export function errorReply(error: AppError, request: object): ErrorReply {
  const id = ids.get(request);
  return {
    status: error instanceof ProtocolError ? error.status : STATUS[error.code],
    body: { jsonrpc: "2.0", ...(id !== undefined && { id }), error: rpcErrorOf(error) },
  };
}
