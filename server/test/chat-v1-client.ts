// What the tests of wire 004 have in common: a caller, and a reader of event streams.
export type Envelope = {
  readonly success: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
  readonly data: any;
  readonly message?: string;
  readonly meta?: Record<string, number>;
  readonly error?: { readonly code: string; readonly details?: { readonly field?: string } };
};

export type CallOptions = {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly signal?: AbortSignal;
};

/** Calls wire 004 of that server; without a key as any program of this machine may. */
export function caller(url: string, key = "anything") {
  const open = (path: string, { method, body, headers, user, signal }: CallOptions = {}) =>
    fetch(`${url}/v1/chat${path}`, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(user ? { "x-user-id": user } : {}),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  const call = async (path: string, options?: CallOptions) => {
    const response = await open(path, options);
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Envelope,
    };
  };
  return {
    open,
    call,
    async newConversation(options: CallOptions = {}): Promise<string> {
      return (await call("/conversations", { method: "POST", ...options })).body.data.id;
    },
  };
}

export type StreamEvent = {
  readonly id: string;
  readonly type: string;
  /** Of an opening: where the reply is said, unless that is branch 0. */
  readonly branch?: number;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly data: any;
};

/** The events of a stream as they come; `[DONE]` is one of type DONE. */
export async function* eventsOf(response: Response): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body!) {
    text += decoder.decode(bytes, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = field("data");
      if (data === undefined) continue;
      const id = field("id") ?? "";
      yield data === "[DONE]" ? { id, type: "DONE", data: null } : { id, ...JSON.parse(data) };
    }
  }
}

export const allEvents = async (response: Response): Promise<StreamEvent[]> =>
  Array.fromAsync(eventsOf(response));

/** The text of all chunks, joined. */
export const textOf = (events: readonly StreamEvent[]): string =>
  events
    .filter((event) => event.type === "ai_chunk")
    .map((event) => event.data)
    .join("");
