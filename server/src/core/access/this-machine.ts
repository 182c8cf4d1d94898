import type { ConnectionFacts } from "../../domain/access.ts";
import { AppError } from "../../domain/errors.ts";

/**
 * Why a connection is not a program of this machine's own, as the beginning of a sentence; null: it is one.
 * Only facts that nobody else can forge count, because a foreign web page, proxy or tunnel may run on this machine, too.
 */
export async function whyNotOfThisMachine(connection: ConnectionFacts): Promise<string | null> {
  if (!connection.peerIsLoopback) return "This request came from another machine";
  const { forwardedBy } = connection;
  if (forwardedBy)
    return `This request came through a proxy (${forwardedBy} says so), so it can be anybody's`;
  if (!connection.hostIsLocal)
    return "This request names the server by another name than localhost, so it can be anybody's";
  const owner = await connection.peerOwner();
  if (owner === "other")
    return "The program that made this request runs as another user than the server, as proxies and tunnels do, so it can be anybody's";
  if (owner === "unknown")
    return "It could not be found out which user's program made this request, so it can be anybody's";
  return null;
}

/** @throws AppError forbidden for a web page that is neither ours nor listed */
export function checkOrigin(
  { origin, originName }: ConnectionFacts,
  isOfThisMachine: boolean,
): void {
  if (origin === "foreign" || (origin === "local" && !isOfThisMachine))
    throw foreignOrigin(originName);
}

const foreignOrigin = (name: string | null): AppError =>
  new AppError(
    "forbidden",
    name === null
      ? "Pages of another site may not use this server: name their origin in CORS_ORIGINS"
      : `Pages of ${name} may not use this server: name that origin in CORS_ORIGINS`,
  );
