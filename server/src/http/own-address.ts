import type { FastifyRequest } from "fastify";
import { AppError } from "../domain/errors.ts";
import { isSecureAddress } from "./session-cookie.ts";

export type OwnAddressOptions = {
  /** The origin of PUBLIC_URL; null where it is not set. */
  readonly publicOrigin: string | null;
  /** The path of PUBLIC_URL; "" where it has none. */
  readonly basePath: string;
};

/** The address of that path of this server, as browsers reach it; null where only the operator can say what it is. */
export function knownAddress(
  { headers, protocol }: FastifyRequest,
  path: string,
  { publicOrigin, basePath }: OwnAddressOptions,
): string | null {
  if (publicOrigin) return `${publicOrigin}${basePath}${path}`;
  return isSecureAddress(headers, publicOrigin) ? null : `${protocol}://${headers.host}${path}`;
}

/** The same, for a server elsewhere to send people back to. @throws AppError unavailable where it is not known */
export function ownAddress(
  request: FastifyRequest,
  path: string,
  options: OwnAddressOptions,
): string {
  const address = knownAddress(request, path, options);
  if (address !== null) return address;
  throw new AppError(
    "unavailable",
    "The operator has to set PUBLIC_URL, the address of this server, before anybody can sign in here",
  );
}
