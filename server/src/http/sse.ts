import type { ServerResponse } from "node:http";
import type { FastifyReply } from "fastify";
import { Places } from "../domain/places.ts";
import { giveBodyBack } from "./body.ts";
import { countUnread, cutOff } from "./unread.ts";
import { signalOfClosed, whenClosed } from "./when-closed.ts";

const PING_MS = 15_000;
const MAX_UNREAD_BYTES = 1024 * 1024;
/** Of frames that are sent without waiting for the client in between. */
const MAX_TOGETHER_CHARACTERS = 64 * 1024;

/** A response as Server-Sent Events (WHATWG HTML, section 9.2). */
export type EventStream = {
  readonly isGone: boolean;
  /** Aborts when the client is gone. */
  readonly gone: AbortSignal;
  /** Does it when the client is gone, or at once where it is; also after the end. */
  whenGone(then: () => void): void;
  /** Sends whole frames, in one write with what else comes in the same moment. A client that leaves more than 1 MiB unread is cut off. */
  send(frames: string): void;
  /**
   * Sends frames that came in one moment: short ones in one write, longer ones one after the other as the client reads
   * on, which the promise waits for.
   */
  sendAll(frames: readonly string[]): Promise<void> | undefined;
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

const NOW = Promise.resolve();
const open = new Places<ServerResponse>();
let isPinging = false;

/** Takes the reply over from the framework: nothing but this stream may write to it from here on. */
export function openEventStream(reply: FastifyReply): EventStream {
  reply.hijack();
  giveBodyBack(reply.request);
  const response = reply.raw;
  response.on("error", destroy);
  // Whoever was refused meanwhile has had an answer.
  if (!response.headersSent)
    response.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    });
  const close = open.add(response);
  whenClosed(response, close);
  countUnread(response);
  if (!isPinging) setInterval(pingAll, PING_MS).unref();
  isPinging = true;
  return new ResponseStream(response, reply.server.unreadPatienceMs, close);
}

function destroy(this: ServerResponse): void {
  this.destroy();
}

/** Holds nothing of the request. */
class ResponseStream implements EventStream {
  readonly #response: ServerResponse;
  readonly #patienceMs: number;
  readonly #close: () => void;
  #isBegun = false;
  /** Sent with what else comes in the same moment. */
  #unsent = "";
  #gone: AbortSignal | null = null;

  /** @param close called at the end: from then on it gets no pings */
  constructor(response: ServerResponse, patienceMs: number, close: () => void) {
    this.#response = response;
    this.#patienceMs = patienceMs;
    this.#close = close;
  }

  get isGone(): boolean {
    return this.#response.destroyed;
  }

  get gone(): AbortSignal {
    this.#gone ??= signalOfClosed(this.#response);
    return this.#gone;
  }

  whenGone(then: () => void): void {
    whenClosed(this.#response, then);
  }

  send(frames: string): void {
    if (this.#unsent === "") void NOW.then(this.#flush);
    this.#unsent += frames;
  }

  readonly #flush = (): void => {
    const response = this.#response;
    const frames = this.#unsent;
    this.#unsent = "";
    if (frames === "" || response.destroyed) return;
    // The head goes with the first ones.
    if (this.#isBegun) writeChunk(response, frames);
    else response.write(frames);
    this.#isBegun = true;
    if (response.writableLength > MAX_UNREAD_BYTES) cutOff(response);
  };

  sendAll(frames: readonly string[]): Promise<void> | undefined {
    const [only = ""] = frames;
    const all = frames.length === 1 ? only : frames.join("");
    if (frames.length > 1 && all.length > MAX_TOGETHER_CHARACTERS) return this.#sendEach(frames);
    if (all !== "") this.send(all);
    return undefined;
  }

  async #sendEach(frames: readonly string[]): Promise<void> {
    let next = "";
    for (const one of frames) {
      if (next !== "" && next.length + one.length > MAX_TOGETHER_CHARACTERS) {
        this.send(next);
        await this.caughtUp();
        next = "";
      }
      if (this.isGone) return;
      next += one;
    }
    this.send(next);
  }

  caughtUp(): Promise<void> {
    this.#flush();
    const response = this.#response;
    return response.writableNeedDrain || response.socket?.writableNeedDrain
      ? untilDrained(response, this.#patienceMs)
      : Promise.resolve();
  }

  cut(): void {
    this.#response.destroy();
  }

  end(frames: string): void {
    const response = this.#response;
    this.#close();
    response.end(this.#unsent + frames);
    this.#unsent = "";
    if (!response.writableFinished) cutIfUnread(response, this.#patienceMs);
  }
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
