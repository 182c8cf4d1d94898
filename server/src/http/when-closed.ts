import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyReply } from "fastify";

/** Does it once the connection or answer is closed: at once where that has happened, for it tells only once. */
export function whenClosed(closing: ServerResponse | Duplex, then: () => void): void {
  if (closing.destroyed) then();
  else closing.once("close", then);
}

/** A signal that is aborted when the client is gone. */
export function goneOf(reply: FastifyReply): AbortSignal {
  const leaving = new AbortController();
  whenClosed(reply.raw, () => leaving.abort());
  return leaving.signal;
}
