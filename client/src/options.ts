import type { NetworkStatus, RetryPolicy } from "./retry.ts";

export type ClientOptions = {
  /** Where the server is, without `/v1/chat`: "https://chat.example.org", or "" for the page's own origin. */
  readonly baseUrl: string;
  /** The key or access token, or what gives the current one; asked before every try. Never logged. */
  readonly token: string | (() => string | Promise<string>);
  /** The user to act for, with a key that may act for others. */
  readonly userId?: string | undefined;
  /** Instead of the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  readonly timeouts?: Partial<Timeouts> | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** Instead of the browser's `navigator.onLine` and `online`. */
  readonly network?: NetworkStatus | undefined;
};

/** In milliseconds. */
export type Timeouts = {
  /** For a try at a request that waits for no reply: 30 s. */
  readonly requestMs: number;
  /** For a try at `messages.send`, which waits for a whole reply: 5 minutes. */
  readonly replyMs: number;
  /** For a try at sending or getting a file: 15 minutes. */
  readonly uploadMs: number;
  /** How long a stream may be silent before it counts as cut off: 45 s; the server pings every 15. */
  readonly silenceMs: number;
};

export const DEFAULT_TIMEOUTS: Timeouts = {
  requestMs: 30_000,
  replyMs: 300_000,
  uploadMs: 900_000,
  silenceMs: 45_000,
};

export type CallOptions = {
  /** Gives up on the request; for a reply, stops watching it, not the reply itself. */
  readonly signal?: AbortSignal | undefined;
};

export type DeleteOptions = CallOptions & {
  /** Lets the request outlive the page, for one that is sent as the page is left; false. */
  readonly keepalive?: boolean | undefined;
};

export type StopOptions = CallOptions & {
  /** Stops only the reply that is generated now: messages that wait for it are answered then; false. */
  readonly keepWaiting?: boolean | undefined;
  /** Stops only what is said on the path of that branch. */
  readonly branch?: number | undefined;
};

export type SendOptions = CallOptions & {
  /**
   * Names this one message, so that it is stored and answered once however often it is sent. Made
   * by the client where not given; give your own to send the very same message again after a restart.
   */
  readonly idempotencyKey?: string | undefined;
};

export type ReadOptions = CallOptions & {
  /** Whether messages have their `parts`; false. */
  readonly parts?: boolean | undefined;
};

export type WatchOptions = CallOptions & {
  /** Whether `reconnecting` and `resumed` come among the events; false. */
  readonly notices?: boolean | undefined;
  /** Whether `ai_part` comes among the events, and messages have their `parts`; false. */
  readonly parts?: boolean | undefined;
  /** Whether `ai_reasoning`, what the model thinks, comes among the events; false. */
  readonly reasoning?: boolean | undefined;
};

/** How far an upload has come, in bytes. */
export type UploadProgress = { readonly sent: number; readonly total: number };

export type UploadOptions = SendOptions & {
  /** Default: that of a `File`, else "file". */
  readonly name?: string | undefined;
  /** Told while it is sent: in browsers as it goes, elsewhere at the end. */
  readonly onProgress?: ((progress: UploadProgress) => void) | undefined;
};
