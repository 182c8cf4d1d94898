import type { ServerResponse } from "node:http";
import type { FastifyReply } from "fastify";
import { giveBodyBack } from "./body.ts";
import { countUnread, cutOff } from "./unread.ts";
import { CLIENT_GONE, whenClosed } from "./when-closed.ts";

const PING_MS = 15_000;
const MAX_UNREAD_BYTES = 1024 * 1024;

/** A response as Server-Sent Events (WHATWG HTML, section 9.2). */
export type EventStream = {
  /** Aborts when the client is gone. */
  readonly gone: AbortSignal;
  /** Sends whole frames. A client that leaves more than 1 MiB unread is cut off. */
  send(frames: string): void;
  /** Resolves when the client has read on; cuts it off if it does not for the server's `unreadPatienceMs`. */
  caughtUp(): Promise<void>;
  /** Breaks the connection off, so that the client comes back for the rest. */
  cut(): void;
  /** Sends the last frames and ends. */
  end(frames: string): void;
};

/** A frame. @param data without a line break */
export const frame = (id: string, data: string): string => `id: ${id}\ndata: ${data}\n\n`;

/** A frame that leaves the client's last id as it is. @param data without a line break */
export const unnumberedFrame = (data: string): string => `data: ${data}\n\n`;

const open = new Set<ServerResponse>();
let isPinging = false;

/** Takes the reply over from the framework: nothing but this stream may write to it from here on. */
export function openEventStream(reply: FastifyReply): EventStream {
  reply.hijack();
  giveBodyBack(reply.request);
  const response = reply.raw;
  const { unreadPatienceMs } = reply.server;
  const leaving = new AbortController();
  response.on("error", () => leaving.abort(CLIENT_GONE));
  // Whoever was refused meanwhile has had an answer.
  if (!response.headersSent)
    response.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    });
  open.add(response);
  whenClosed(response, () => {
    open.delete(response);
    leaving.abort(CLIENT_GONE);
  });
  countUnread(response);
  if (!isPinging) setInterval(pingAll, PING_MS).unref();
  isPinging = true;

  let isBegun = false;
  return {
    gone: leaving.signal,
    send(frames) {
      // The head goes with the first ones.
      if (isBegun) writeChunk(response, frames);
      else response.write(frames);
      isBegun = true;
      if (response.writableLength > MAX_UNREAD_BYTES) cutOff(response);
    },
    caughtUp: () =>
      response.writableNeedDrain || response.socket?.writableNeedDrain
        ? untilDrained(response, unreadPatienceMs)
        : Promise.resolve(),
    cut: () => void response.destroy(),
    end(frames) {
      open.delete(response);
      response.end(frames);
      if (!response.writableFinished) cutIfUnread(response, unreadPatienceMs);
    },
  };
}

/**
 * Writes a chunk (RFC 9112, section 7.1) as one text, where Node would write its length, the text and two line breaks
 * as four, which takes twice the time.
 */
function writeChunk(response: ServerResponse, frames: string): void {
  const { socket } = response;
  const isNext = response.chunkedEncoding && socket?.writableLength === response.writableLength;
  if (socket && isNext) socket.write(`${Buffer.byteLength(frames).toString(16)}\r\n${frames}\r\n`);
  else response.write(frames);
}

function pingAll(): void {
  for (const response of open) {
    response.write(": ping\n\n");
    if (response.writableLength > MAX_UNREAD_BYTES) cutOff(response);
  }
}

function untilDrained(response: ServerResponse, patienceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => cutOff(response), patienceMs);
    const { socket } = response;
    const done = () => {
      clearTimeout(timer);
      socket?.off("drain", done);
      response.off("drain", done).off("close", done);
      resolve();
    };
    socket?.on("drain", done);
    response.on("drain", done).on("close", done);
  });
}

function cutIfUnread(response: ServerResponse, patienceMs: number): void {
  const timer = setTimeout(() => cutOff(response), patienceMs).unref();
  response.once("close", () => clearTimeout(timer));
}
