import type {
  CallOptions,
  DeleteOptions,
  SendOptions,
  StopOptions,
  Timeouts,
  UploadOptions,
  WatchOptions,
} from "./options.ts";
import type { ReplyOptions } from "./reply.ts";
import { type NetworkStatus, type RetryPolicy, within } from "./retry.ts";
import { type Answer, type ApiRequest, path, type Transport } from "./transport.ts";
import type { Wakeups } from "./wakeups.ts";

/** The kinds of request in the API. */
export type Calls = ReturnType<typeof createCalls>;

export function createCalls(
  transport: Transport,
  timeouts: Timeouts,
  retry: RetryPolicy,
  network: NetworkStatus,
  wakeups: Wakeups,
) {
  const answer = <T>(request: ApiRequest): Promise<Answer<T>> =>
    transport.json<T>(request, timeouts.requestMs, "repeatable");

  const change = async <T>(
    method: ApiRequest["method"],
    path: string,
    body: unknown,
    { signal }: CallOptions,
  ): Promise<T> => (await answer<T>({ method, path, body, signal })).data;

  /** A request that starts a reply. Its idempotency key, sent with the same body, makes it safe to repeat. */
  const sending = (path: string, body: object, options: SendOptions): ApiRequest => ({
    method: "POST",
    path,
    body: { ...body },
    headers: { "idempotency-key": options.idempotencyKey ?? newKey() },
    signal: options.signal,
  });

  const stop = async (conversationId: string, options: StopOptions = {}): Promise<boolean> => {
    const { keepWaiting, branch, signal } = options;
    const { data } = await answer<{ stopped: boolean }>({
      method: "POST",
      path: path`/conversations/${conversationId}/messages/stop`,
      query: { waiting: keepWaiting ? "keep" : undefined, branch },
      signal,
    });
    return data.stopped;
  };

  return {
    answer,
    change,
    sending,
    stop,

    async get<T>(path: string, { signal }: CallOptions, query: ApiRequest["query"] = {}) {
      return (await answer<T>({ method: "GET", path, query, signal })).data;
    },

    async remove(path: string, { signal, keepalive }: DeleteOptions): Promise<void> {
      await answer({ method: "DELETE", path, signal, keepalive });
    },

    /** A POST whose repetition would create a second object; it is tried once. */
    async create<T>(path: string, body: unknown, { signal }: CallOptions): Promise<T> {
      const request: ApiRequest = { method: "POST", path, body, signal };
      return (await transport.json<T>(request, timeouts.requestMs, "once")).data;
    },

    /** The same where the answer may take as long as a reply. */
    async perform<T>(path: string, body: unknown, { signal }: CallOptions): Promise<T> {
      const request: ApiRequest = { method: "POST", path, body, signal };
      return (await transport.json<T>(request, timeouts.replyMs, "once")).data;
    },

    /** Sends a message and waits for the whole reply. */
    async exchange<T>(path: string, body: object, options: SendOptions): Promise<T> {
      const request = sending(path, body, options);
      return (await transport.json<T>(request, timeouts.replyMs, "repeatable")).data;
    },

    /** Sends a file. Its idempotency key makes it safe to repeat. */
    async upload<T>(path: string, content: Blob, name: string, options: UploadOptions): Promise<T> {
      const request: ApiRequest = {
        method: "POST",
        path,
        content,
        headers: {
          "idempotency-key": options.idempotencyKey ?? newKey(),
          "x-file-name": encodeURIComponent(name),
        },
        signal: options.signal,
        onProgress: options.onProgress,
      };
      return (await transport.json<T>(request, timeouts.uploadMs, "repeatable")).data;
    },

    /** @param body makes it a POST */
    async download(path: string, { signal }: CallOptions, body?: object): Promise<Blob> {
      const request: ApiRequest = { method: body ? "POST" : "GET", path, body, signal };
      const { response, close } = await transport.open(request, timeouts.requestMs);
      try {
        return await within(response.blob(), timeouts.uploadMs, signal);
      } finally {
        close();
      }
    },

    /** Sends a message whose reply is streamed. */
    streaming: (path: string, input: object, options: SendOptions & WatchOptions): ApiRequest => {
      const { reasoning, parts } = options;
      const view = { ...(reasoning && { reasoning }), ...(parts && { parts }) };
      return sending(path, { ...input, ...view }, options);
    },

    replyOptions: ({
      signal,
      notices = false,
      reasoning = false,
      parts = false,
    }: WatchOptions): ReplyOptions => ({
      transport,
      network,
      retry,
      timeouts,
      wakeups,
      notices,
      reasoning,
      parts,
      signal,
      stopConversation: stop,
    }),
  };
}

/** Makes 128 random bits, because `crypto.randomUUID` is missing on pages that were loaded over plain http. */
const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
