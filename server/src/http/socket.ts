import type { IncomingHttpHeaders } from "node:http";
import type { WebSocket } from "ws";
import type { ConnectionFacts, Credential } from "../domain/access.ts";
import { AppError, toAppError } from "../domain/errors.ts";
import type { Principal } from "../domain/principal.ts";
import { MAX_MESSAGES_PER_SECOND, type MessageRate } from "./message-rate.ts";
import { CLIENT_GONE } from "./when-closed.ts";

/** How a wire says that something went wrong. */
export type ErrorReply = { readonly status: number; readonly body: unknown };

/** A request to open a WebSocket. */
export type Handshake = {
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly connection: ConnectionFacts;
  readonly credential: Credential;
};

/** An open WebSocket (RFC 6455). */
export type Socket = {
  readonly isGone: boolean;
  /** Aborts when the client is gone. */
  readonly gone: AbortSignal;
  /** Does it when the client is gone, or at once where it is. */
  whenGone(then: () => void): void;
  /** Sends a text message. A client that leaves more than the largest message and 1 MiB unread is cut off; one that is gone gets nothing. */
  send(text: string): void;
  close(code: number, reason: string): void;
  /** Tells the operator of an error that is the server's own fault. */
  report(error: AppError): void;
};

/** A text message is a string, a binary one is its bytes. */
export type OnMessage = (message: string | Uint8Array) => void;

/** One published API over WebSockets. */
export type SocketHandler = {
  /** Whether it serves that address. No two handlers may match the same one. */
  matches(url: URL): boolean;
  /** A larger message closes the socket with 1009. */
  readonly maxMessageBytes: number;
  /** The subprotocol that is spoken where a client offers it; default: SUBPROTOCOL. */
  readonly subprotocol?: string;
  /** Tells why a handshake was refused. */
  errorReply(error: AppError): ErrorReply;
  /**
   * Decides about a handshake; a rejection refuses it. `open` is called once the socket is open, and
   * gives what is called with each message, in order.
   */
  accept(handshake: Handshake): Promise<Accepted>;
};

export type Accepted = {
  readonly principal: Principal;
  /** An error as the text of a message. */
  readonly errorMessage: (error: AppError) => string;
  readonly open: (socket: Socket) => OnMessage;
};

/** One more request or socket of that user; gives what takes it away again. @throws AppError rate_limited */
export type Enter = (principal: Principal) => () => void;

/** Calls when that credential is no longer valid; gives what ends the watch. */
export type WatchCredential = (principal: Principal, onLost: () => void) => () => void;

const MAX_UNSENT_BYTES = 1024 * 1024;
const INTERNAL_ERROR = 1011;
const POLICY_VIOLATION = 1008;
const LOST_PATIENCE_MS = 500;

/**
 * Serves it until it closes or its credential is lost: then nothing more is said or heard.
 * @param report told also of what a message made its handler throw; that socket is closed with 1011
 */
export function serveSocket(
  socket: WebSocket,
  { principal, errorMessage, open }: Accepted,
  {
    watch,
    rate,
    report,
  }: { watch: WatchCredential; rate: MessageRate; report: (error: AppError) => void },
): void {
  const served = new ServedSocket(socket, report);
  const onMessage = open(served);
  const endWatch = watch(principal, () => {
    served.leave();
    socket.close(POLICY_VIOLATION, "This credential is no longer valid");
    setTimeout(() => socket.terminate(), LOST_PATIENCE_MS).unref();
  });
  socket.on("close", () => {
    rate.close();
    endWatch();
    served.leave();
  });
  socket.on("ping", endIfUnread);
  socket.on("message", (data, isBinary) => {
    if (served.isGone) return;
    const verdict = rate.take();
    if (verdict === "tell") socket.send(errorMessage(tooFast()));
    if (verdict === "close") socket.close(POLICY_VIOLATION, "Too many messages");
    if (verdict !== "serve") return;
    try {
      const bytes = bytesOf(data);
      onMessage(isBinary ? bytes : bytes.toString("utf8"));
    } catch (error) {
      report(toAppError(error));
      socket.close(INTERNAL_ERROR, "Internal server error");
    }
  });
}

/** A class, because thousands of them may be open with nothing to do. */
class ServedSocket implements Socket {
  readonly #socket: WebSocket;
  readonly #report: (error: AppError) => void;
  /** One large message is no sign of a client that does not read: it may be unread until it has left. */
  #mostUnsentBytes = MAX_UNSENT_BYTES;
  #leaving: AbortController | null = null;
  #tasks: (() => void)[] | null = null;
  #isGone = false;

  constructor(socket: WebSocket, report: (error: AppError) => void) {
    this.#socket = socket;
    this.#report = report;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  get gone(): AbortSignal {
    if (this.#leaving) return this.#leaving.signal;
    const leaving = new AbortController();
    this.#leaving = leaving;
    this.whenGone(() => leaving.abort(CLIENT_GONE));
    return leaving.signal;
  }

  whenGone(then: () => void): void {
    if (this.#isGone) then();
    else if (this.#tasks) this.#tasks.push(then);
    else this.#tasks = [then];
  }

  /** The client is gone, or may hear nothing more. Harmless when called again. */
  leave(): void {
    this.#isGone = true;
    const tasks = this.#tasks ?? [];
    this.#tasks = null;
    for (const task of tasks) task();
  }

  send(text: string): void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount === 0) this.#mostUnsentBytes = MAX_UNSENT_BYTES;
    if (socket.bufferedAmount > this.#mostUnsentBytes) {
      socket.terminate();
      return;
    }
    this.#mostUnsentBytes = Math.max(this.#mostUnsentBytes, MAX_UNSENT_BYTES + text.length);
    socket.send(text);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  report(error: AppError): void {
    this.#report(error);
  }
}

/** Each ping is answered by a pong: whoever sends them and reads none is cut off like any that does not read. */
function endIfUnread(this: WebSocket): void {
  if (this.bufferedAmount > MAX_UNSENT_BYTES) this.terminate();
}

const tooFast = (): AppError =>
  new AppError(
    "rate_limited",
    `Too many messages: at most ${MAX_MESSAGES_PER_SECOND} a second of one socket are taken, and a few times that of all sockets of a user or an address. This one was left out`,
  );

function bytesOf(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
