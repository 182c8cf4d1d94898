import { Readable } from "node:stream";
import type { Dispatcher, Pool } from "undici";

/** Past this many bytes that nobody has taken, the other side is made to wait. */
const MAX_HELD_BYTES = 256 * 1024;

export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

export type ExchangeRequest = {
  readonly method: "GET" | "POST";
  /** With the query, starting with a slash. */
  readonly path: string;
  readonly headers: readonly string[];
  /** A function gives the pieces of a body that is not held as a whole; `headers` then have its length. */
  readonly body: string | (() => AsyncIterable<Uint8Array>) | null;
};

/** Why an exchange broke: no byte for the idle time, or what undici or the socket say (`cause`). */
export class ExchangeError extends Error {
  readonly kind: "idle" | "connection";
  /** Whether the response had begun. */
  readonly begun: boolean;

  constructor(kind: ExchangeError["kind"], begun: boolean, cause?: unknown) {
    super(kind === "idle" ? "no byte for the idle time" : "the connection failed", { cause });
    this.name = "ExchangeError";
    this.kind = kind;
    this.begun = begun;
  }
}

/**
 * The idle time is counted in so many parts. What a provider sent while this process was busy is read when it no longer is: that
 * time counts as one part of the idle time, however long it was.
 */
const IDLE_PARTS = 4;

/** What is told of an exchange as it comes from the socket. */
export type ExchangeHandler = {
  opened(status: number, headers: ResponseHeaders): void;
  data(bytes: Buffer): void;
  /** The response has ended, or broken off; nothing follows. Not called once it is drained or closed. */
  ended(error: ExchangeError | null): void;
};

/**
 * One HTTP request and its response, straight on undici's dispatcher: nothing is between the socket and the handler.
 * Redirects are not followed.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #handler: ExchangeHandler;
  readonly #idleTimer: NodeJS.Timeout;
  #idleParts = 0;
  #controller: Dispatcher.DispatchController | null = null;
  #begun = false;
  /** Nothing more is told; what still comes is thrown away. */
  #isOver = false;
  #isClosed = false;
  #isPaused = false;
  /** What came while it was paused. */
  #heldBytes = 0;
  #endTimer: NodeJS.Timeout | null = null;

  /** @param idleTimeoutMs without a byte for so long (the head's included) the exchange fails */
  constructor(idleTimeoutMs: number, handler: ExchangeHandler) {
    this.#handler = handler;
    this.#idleTimer = setTimeout(onIdle, idleTimeoutMs / IDLE_PARTS, this);
  }

  /** Sends the request. */
  send(pool: Pool, request: ExchangeRequest): void {
    pool.dispatch(
      {
        method: request.method,
        path: request.path,
        headers: request.headers as string[],
        body: typeof request.body === "function" ? Readable.from(request.body()) : request.body,
      },
      this,
    );
  }

  /** Lets the other side wait once a good deal has come that nobody takes. */
  pause(): void {
    this.#isPaused = true;
    this.#heldBytes = 0;
  }

  resume(): void {
    this.#isPaused = false;
    this.#heldBytes = 0;
    if (!this.#controller?.paused) return;
    if (!this.#isOver) this.#notIdle();
    this.#controller.resume();
  }

  /** Takes the response for ended if it has not ended by itself in this time. */
  endWithin(timeMs: number): void {
    if (this.#isOver || this.#endTimer !== null) return;
    this.#endTimer = setTimeout(onEndTimer, timeMs, this);
  }

  /** Nothing more is wanted, and the response is about to end: lets the connection be used again. */
  drain(timeMs: number): void {
    if (this.#isOver) return;
    this.#settle();
    this.#endTimer = setTimeout(onEndTimer, timeMs, this);
    this.resume();
  }

  /** Closes the connection unless the response has ended or is being drained. Harmless later. */
  close(): void {
    if (this.#isOver) return;
    this.#settle();
    this.#abort(new Error("closed"));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isClosed) controller.abort(new Error("closed"));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: ResponseHeaders,
  ): void {
    if (status < 200 || this.#isOver) return;
    this.#begun = true;
    this.#notIdle();
    this.#handler.opened(status, headers);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return;
    this.#notIdle();
    if (this.#isPaused) this.#heldBytes += chunk.length;
    if (this.#heldBytes > MAX_HELD_BYTES) controller.pause();
    this.#handler.data(chunk);
  }

  onResponseEnd(): void {
    this.#end(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end(new ExchangeError("connection", this.#begun, error));
  }

  /** @internal */
  idle(): void {
    // Bytes wait for a slow reader: it is not the provider that is idle.
    if (this.#isPaused) this.#notIdle();
    else if (++this.#idleParts < IDLE_PARTS) this.#idleTimer.refresh();
    else {
      const error = new ExchangeError("idle", this.#begun);
      this.#end(error);
      this.#abort(error);
    }
  }

  /** @internal */
  cutOff(): void {
    this.#end(null);
    this.#abort(new Error("the response did not end"));
  }

  #notIdle(): void {
    this.#idleParts = 0;
    this.#idleTimer.refresh();
  }

  #abort(reason: Error): void {
    this.#isClosed = true;
    this.#controller?.abort(reason);
  }

  #end(error: ExchangeError | null): void {
    const wasOver = this.#isOver;
    this.#settle();
    if (!wasOver) this.#handler.ended(error);
  }

  #settle(): void {
    this.#isOver = true;
    clearTimeout(this.#idleTimer);
    if (this.#endTimer !== null) clearTimeout(this.#endTimer);
  }
}

/** Collects the bytes of a body as text, up to a bound. */
export class TextBody {
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether all of it is within the bound. */
  get fits(): boolean {
    return this.#bytes <= this.#maxBytes;
  }

  add(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.fits) this.#chunks.push(chunk);
  }

  /** Null past the bound. */
  text(): string | null {
    return this.fits ? Buffer.concat(this.#chunks).toString("utf8") : null;
  }
}

const onIdle = (exchange: Exchange): void => exchange.idle();
const onEndTimer = (exchange: Exchange): void => exchange.cutOff();
