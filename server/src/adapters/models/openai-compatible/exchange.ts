import { Readable } from "node:stream";
import type { Dispatcher, Pool } from "undici";

/** Past this many bytes that nobody has read yet, the provider is made to wait. */
const HIGH_WATER_BYTES = 256 * 1024;

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

const NOTHING: readonly Buffer[] = [];

/**
 * The idle time is counted in so many parts. What a provider sent while this process was busy is read when it no longer is: that
 * time counts as one part of the idle time, however long it was.
 */
const IDLE_PARTS = 4;

type Reader = { resolve: () => void; reject: (error: unknown) => void };

/**
 * One HTTP request and its response, straight on undici's dispatcher: no stream objects between the
 * socket and the reader. Redirects are not followed.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  status = 0;
  headers: ResponseHeaders = {};
  readonly #signal: AbortSignal;
  readonly #idleTimer: NodeJS.Timeout;
  #idleParts = 0;
  #controller: Dispatcher.DispatchController | null = null;
  #chunks: Buffer[] = [];
  #queuedBytes = 0;
  #reader: Reader | null = null;
  #error: unknown = null;
  #begun = false;
  #ended = false;
  /** Nothing more is wanted: what still comes is thrown away. */
  #discarding = false;
  #endTimer: NodeJS.Timeout | null = null;

  /**
   * Sends the request. An aborted signal closes the connection at once.
   * @param idleTimeoutMs without a byte for so long (the head's included) the exchange fails
   */
  constructor(pool: Pool, request: ExchangeRequest, idleTimeoutMs: number, signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#onAbort);
    this.#idleTimer = setTimeout(onIdle, idleTimeoutMs / IDLE_PARTS, this);
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

  /** Waits for the response's head. @throws ExchangeError, or the signal's reason */
  async opened(): Promise<void> {
    if (!this.#begun && this.#error === null) await this.wait();
    if (!this.#begun) throw this.#error;
  }

  /**
   * Everything that has come since the last time, waiting for something if need be; null at the end.
   * @throws ExchangeError, or the signal's reason
   */
  async read(): Promise<readonly Buffer[] | null> {
    let chunks = this.take();
    if (chunks?.length === 0) {
      await this.wait();
      chunks = this.take();
    }
    return chunks;
  }

  /** The same without waiting: nothing where nothing has come. */
  take(): readonly Buffer[] | null {
    if (this.#chunks.length > 0) {
      const chunks = this.#chunks;
      this.#chunks = [];
      this.#queuedBytes = 0;
      if (this.#controller?.paused) {
        this.#notIdle();
        this.#controller.resume();
      }
      return chunks;
    }
    if (this.#error !== null) throw this.#error;
    return this.#ended ? null : NOTHING;
  }

  /** Resolves when there is something to take, or the end. @throws ExchangeError, or the signal's reason */
  wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  /** Takes the response for ended if it has not ended by itself in this time. */
  endWithin(timeMs: number): void {
    if (this.#ended || this.#endTimer !== null) return;
    this.#endTimer = setTimeout(onEndTimer, timeMs, this);
  }

  /** Nothing more is wanted, and the response is about to end: lets the connection be used again. */
  drain(timeMs: number): void {
    this.#discarding = true;
    this.#chunks = [];
    if (this.#controller?.paused) this.#controller.resume();
    this.endWithin(timeMs);
  }

  /** Closes the connection unless the response has ended or is being drained. Harmless later. */
  close(): void {
    if (!this.#discarding) this.#fail(new Error("closed"));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#error !== null) controller.abort(asError(this.#error));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: ResponseHeaders,
  ): void {
    if (status < 200 || this.#error !== null) return;
    this.status = status;
    this.headers = headers;
    this.#begun = true;
    this.#notIdle();
    this.#wake();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#discarding) return;
    this.#notIdle();
    this.#chunks.push(chunk);
    this.#queuedBytes += chunk.length;
    if (this.#queuedBytes > HIGH_WATER_BYTES) controller.pause();
    if (this.#reader !== null) this.#wake();
  }

  onResponseEnd(): void {
    this.#end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(new ExchangeError("connection", this.#begun, error));
  }

  /** @internal */
  idle(): void {
    // Bytes wait for a slow reader: it is not the provider that is idle.
    if (this.#chunks.length > 0) this.#notIdle();
    else if (++this.#idleParts < IDLE_PARTS) this.#idleTimer.refresh();
    else this.#fail(new ExchangeError("idle", this.#begun));
  }

  /** @internal */
  cutOff(): void {
    this.#end();
    this.#controller?.abort(new Error("the response did not end"));
  }

  readonly #onAbort = (): void => {
    this.#fail(this.#signal.reason);
  };

  #notIdle(): void {
    this.#idleParts = 0;
    this.#idleTimer.refresh();
  }

  #wake(): void {
    const reader = this.#reader;
    this.#reader = null;
    reader?.resolve();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#settle();
    this.#wake();
  }

  #fail(error: unknown): void {
    if (this.#ended || this.#error !== null) return;
    this.#error = error;
    this.#settle();
    const reader = this.#reader;
    this.#reader = null;
    reader?.reject(error);
    this.#controller?.abort(asError(error));
  }

  #settle(): void {
    clearTimeout(this.#idleTimer);
    if (this.#endTimer !== null) clearTimeout(this.#endTimer);
    this.#signal.removeEventListener("abort", this.#onAbort);
  }
}

/**
 * The rest of a response as text; null past the bound.
 * @param first the part of the body that was read already
 */
export async function textOf(
  exchange: Exchange,
  maxBytes: number,
  first: readonly Buffer[] = [],
): Promise<string | null> {
  const chunks = [...first];
  let bytes = first.reduce((sum, chunk) => sum + chunk.length, 0);
  for (let read = await exchange.read(); read !== null; read = await exchange.read())
    for (const chunk of read) {
      bytes += chunk.length;
      if (bytes > maxBytes) return null;
      chunks.push(chunk);
    }
  return Buffer.concat(chunks).toString("utf8");
}

const onIdle = (exchange: Exchange): void => exchange.idle();
const onEndTimer = (exchange: Exchange): void => exchange.cutOff();

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error("aborted", { cause: error });
