import type { FastifyRequest } from "fastify";
import { AppError } from "../domain/errors.ts";
import { isSecureAddress } from "./session-cookie.ts";

export type OwnAddressOptions = {
  /** The origin of PUBLIC_URL; null where it is not set. */
  readonly publicOrigin: string | null;
  /** The path of PUBLIC_URL; "" where it has none. */
  readonly basePath: string;
};

/**
 * The address of that path of this server, as browsers reach it, for a server elsewhere to send them back to.
 * @throws AppError unavailable where only the operator can say what it is
 */
export function ownAddress(
  request: FastifyRequest,
  path: string,
  { publicOrigin, basePath }: OwnAddressOptions,
): string {
  if (publicOrigin) return `${publicOrigin}${basePath}${path}`;
  if (isSecureAddress(request.headers, publicOrigin))
    throw new AppError(
      "unavailable",
      "The operator has to set PUBLIC_URL, the address of this server, before anybody can sign in here",
    );
  return `${request.protocol}://${request.headers.host}${path}`;
}
