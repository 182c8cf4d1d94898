import type { IncomingMessage } from "node:http";
import { all, compile } from "@fastify/proxy-addr";

/**
 * How the client's address is read: the peer's, or the one that a trusted proxy names. The result is that
 * of the framework's `request.ip`, for requests that do not go through the framework.
 * @param trustedProxies addresses and CIDR ranges
 */
export function clientAddress(
  trustedProxies: readonly string[],
): (request: IncomingMessage) => string {
  if (trustedProxies.length === 0) return (request) => request.socket.remoteAddress ?? "";
  const isTrusted = compile([...trustedProxies]);
  return (request) => all(request, isTrusted).at(-1) ?? "";
}
