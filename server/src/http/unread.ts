import type { IncomingMessage, ServerResponse } from "node:http";
import { whenClosed } from "./when-closed.ts";

/** Of all answers together, what clients have not taken yet. */
const MAX_UNREAD_BYTES = 256 * 1024 * 1024;
const CHECK_MS = 100;
/** A client that was answered before its body had come whole has that long to notice. */
const REST_PATIENCE_MS = 5_000;

const answering = new Set<ServerResponse>();
let checking: NodeJS.Timeout | null = null;

/** Breaks the connection off, and leaves nothing unread in the system's memory either. */
export const cutOff = (response: ServerResponse): void => {
  if (response.socket) response.socket.resetAndDestroy();
  else response.destroy();
};

/**
 * Counts an answer that is about to be sent, until it is sent or broken off. When clients leave too
 * much unread together, those who have been at it longest are cut off.
 */
export function countUnread(response: ServerResponse): void {
  if (response.destroyed) return;
  answering.add(response);
  whenClosed(response, () => answering.delete(response));
  checking ??= setInterval(check, CHECK_MS).unref();
}

/**
 * For a request that is answered before it has come whole: the rest of it is thrown away as it comes, and
 * after a while the connection is closed. Closing it at once would take the answer from who still sends.
 */
export function discardRest(request: IncomingMessage): void {
  if (request.complete) return;
  const timer = setTimeout(() => {
    if (!request.complete) request.socket.destroy();
  }, REST_PATIENCE_MS).unref();
  request.once("close", () => clearTimeout(timer));
}

function check(): void {
  if (answering.size === 0 && checking) {
    clearInterval(checking);
    checking = null;
    return;
  }
  let unread = 0;
  for (const response of answering) unread += response.writableLength;
  for (const response of answering) {
    if (unread <= MAX_UNREAD_BYTES) return;
    if (response.writableLength === 0) continue;
    unread -= response.writableLength;
    cutOff(response);
  }
}
