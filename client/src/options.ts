import type { NetworkStatus, RetryPolicy } from "./retry.ts";

export type ClientOptions = {
  /** Where the server is, without `/v1/chat`: "https://chat.example.org", or "" for the page's own origin. */
  readonly baseUrl: string;
  /** The key or access token, or a function that returns the current one and is called before every try. Never logged. */
  readonly token: string | (() => string | Promise<string>);
  /** The user to act as, for a key that may act as others. */
  readonly userId?: string | undefined;
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  readonly timeouts?: Partial<Timeouts> | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** Replaces `navigator.onLine` and the `online` event of the browser. */
  readonly network?: NetworkStatus | undefined;
};

/** All times are in milliseconds. */
export type Timeouts = {
  /** The limit for one try of a request that waits for no reply; the default is 30 s. */
  readonly requestMs: number;
  /** The limit for one try of `messages.send`, which waits for a whole reply, and of `tools.call`; the default is 5 minutes. */
  readonly replyMs: number;
  /** The limit for one try of an upload or a download; the default is 15 minutes. */
  readonly uploadMs: number;
  /** The silence after which a stream counts as interrupted; the default is 45 s, and the server pings every 15 s. */
  readonly silenceMs: number;
};

export const DEFAULT_TIMEOUTS: Timeouts = {
  requestMs: 30_000,
  replyMs: 300_000,
  uploadMs: 900_000,
  silenceMs: 45_000,
};

export type CallOptions = {
  /** Aborts the request. For a reply it only stops watching; the reply itself goes on. */
  readonly signal?: AbortSignal | undefined;
};

export type DeleteOptions = CallOptions & {
  /** Lets the request outlive the page from which it is sent; the default is false. */
  readonly keepalive?: boolean | undefined;
};

export type StopOptions = CallOptions & {
  /** Stops only the current reply; messages that wait for it are answered afterwards. The default is false. */
  readonly keepWaiting?: boolean | undefined;
  /** Stops only replies on the path of this branch. */
  readonly branch?: number | undefined;
};

export type SendOptions = CallOptions & {
  /**
   * Identifies this message, so that it is stored and answered once however often it is sent. Made
   * by the client where not given; give your own to send the very same message again after a restart.
   */
  readonly idempotencyKey?: string | undefined;
};

export type ReadOptions = CallOptions & {
  /** Whether messages have their `parts`; the default is false. */
  readonly parts?: boolean | undefined;
};

export type ListOptions = CallOptions & {
  /**
   * Whether messages have their `parts`; the default is false. With "steps" only messages with calls of tools or sources
   * have them, and they are those alone, with empty arguments and results: `messages.get` has the whole.
   */
  readonly parts?: boolean | "steps" | undefined;
};

export type WatchOptions = CallOptions & {
  /** Whether the events include `reconnecting` and `resumed`; the default is false. */
  readonly notices?: boolean | undefined;
  /** Whether the events include `ai_part` and messages have their `parts`; the default is false. */
  readonly parts?: boolean | undefined;
  /** Whether the events include `ai_reasoning`; the default is false. */
  readonly reasoning?: boolean | undefined;
};

/** The progress of an upload in bytes. */
export type UploadProgress = { readonly sent: number; readonly total: number };

export type UploadOptions = SendOptions & {
  /** The name of the file; the default is that of a `File`, or "file". */
  readonly name?: string | undefined;
  /** Called with the progress: continuously in browsers, at the end elsewhere. */
  readonly onProgress?: ((progress: UploadProgress) => void) | undefined;
};
