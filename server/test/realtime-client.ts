// A client of the Realtime wire by bare events, for tests: each event that comes can be waited for.
import { once } from "node:events";
import { type ClientOptions, WebSocket } from "ws";
import { type Refusal, refusedSocket } from "./socket-client.ts";

// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
export type Event = any;

export type Realtime = Awaited<ReturnType<typeof openRealtime>>;

export type RealtimeOptions = ClientOptions & {
  /** After `?`; default: a model. */
  readonly query?: string;
  readonly protocols?: readonly string[];
};

/** Opens a session. Rejects if it is refused. */
export async function openRealtime(
  server: { readonly port: number },
  { query = "model=echo", protocols = [], ...options }: RealtimeOptions = {},
) {
  const socket = new WebSocket(
    `ws://127.0.0.1:${server.port}/v1/realtime?${query}`,
    [...protocols],
    options.headers || protocols.length > 1
      ? options
      : { ...options, headers: { authorization: "Bearer any" } },
  );
  const events: Event[] = [];
  let changed = Promise.withResolvers<void>();
  socket.on("message", (data) => {
    events.push(JSON.parse(String(data)));
    changed.resolve();
    changed = Promise.withResolvers();
  });
  const closed = once(socket, "close").then(([code, reason]) => ({ code, reason: String(reason) }));
  await once(socket, "open");
  socket.on("error", () => {});
  let seen = 0;
  /** The next event of that type after those that were waited for before. */
  async function next(type: string): Promise<Event> {
    for (;;) {
      const at = events.findIndex((event, index) => index >= seen && event.type === type);
      if (at >= 0) {
        seen = at + 1;
        return events[at];
      }
      await changed.promise;
    }
  }
  const say = (event: object) => socket.send(JSON.stringify(event));
  return {
    socket,
    events,
    closed,
    next,
    say,
    /** Puts in a message of the user. */
    type: (text: string, more: object = {}) =>
      say({
        type: "conversation.item.create",
        item: { type: "message", role: "user", content: [{ type: "input_text", text }] },
        ...more,
      }),
    /** The types of the events from that place on, each once in a row. */
    types: (from = 0) =>
      events
        .slice(from)
        .map(({ type }) => type as string)
        .filter((type, index, all) => type !== all[index - 1]),
    [Symbol.asyncDispose]: async () => {
      socket.terminate();
      await closed;
    },
  };
}

/** Tries to open a session that is refused, and gives the answer. */
export function refusedRealtime(
  server: { readonly port: number },
  { query = "model=echo", headers = { authorization: "Bearer any" } }: RealtimeOptions,
): Promise<Refusal> {
  return refusedSocket(server, `/v1/realtime?${query}`, { headers });
}
