import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyReply } from "fastify";

const TASKS = Symbol("what is done once it is closed");

type Closing = (ServerResponse | Duplex) & { [TASKS]?: (() => void)[] };

/** Does it once the connection or answer is closed: at once where that has happened, for it tells only once. */
export function whenClosed(closing: Closing, then: () => void): void {
  const tasks = closing[TASKS];
  if (closing.destroyed) then();
  else if (tasks) tasks.push(then);
  else {
    closing[TASKS] = [then];
    closing.once("close", doTasks);
  }
}

/** One listener for all, because each costs an answer more than what it does. */
function doTasks(this: Closing): void {
  for (const task of this[TASKS] ?? []) task();
}

/** The reason of every signal that tells of a client that is gone: to make an error takes long, and nobody asks where it was made. */
export const CLIENT_GONE = new DOMException("The client is gone", "AbortError");

/** A signal that is aborted when the client is gone. */
export const goneOf = (reply: FastifyReply): AbortSignal => signalOfClosed(reply.raw);

export function signalOfClosed(closing: ServerResponse | Duplex): AbortSignal {
  const leaving = new AbortController();
  whenClosed(closing, () => leaving.abort(CLIENT_GONE));
  return leaving.signal;
}
