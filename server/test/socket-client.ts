// A WebSocket client for tests: what comes can be waited for, in order.
import { once } from "node:events";
import { type ClientOptions, WebSocket } from "ws";

const PATIENCE_MS = 30_000;

/** Waits for what a server that works does at once, so that one that does not fails its test. @throws Error */
export async function inTime<Value>(value: Promise<Value>, what: string): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`${what} did not come within ${PATIENCE_MS / 1000} s`)),
    PATIENCE_MS,
  );
  try {
    return await Promise.race([value, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

export type Refusal = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
  readonly body: any;
};

export type Options = ClientOptions & { readonly protocols?: readonly string[] };

function connect(server: { readonly port: number }, path: string, options: Options): WebSocket {
  const { protocols = [], ...others } = options;
  return new WebSocket(`ws://127.0.0.1:${server.port}${path}`, [...protocols], others);
}

/** Opens a socket. Rejects if it is refused. */
export async function openSocket(
  server: { readonly port: number },
  path: string,
  options: Options = {},
) {
  const socket = connect(server, path, options);
  const received: string[] = [];
  const waiting: ((text: string) => void)[] = [];
  const closed = once(socket, "close").then(([code, reason]) => ({
    code: code as number,
    reason: String(reason),
  }));
  socket.on("message", (data) => {
    const next = waiting.shift();
    if (next) next(String(data));
    else received.push(String(data));
  });
  await once(socket, "open");
  socket.on("error", () => {});
  return {
    socket,
    closed,
    /** A text or bytes go as they are, an object as JSON. */
    say(message: string | Uint8Array | object) {
      const isRaw = typeof message === "string" || message instanceof Uint8Array;
      socket.send(isRaw ? message : JSON.stringify(message));
    },
    /** The next message, parsed. */
    // biome-ignore lint/suspicious/noExplicitAny: as above
    async next(): Promise<any> {
      const known = received.shift();
      return JSON.parse(known ?? (await new Promise<string>((resolve) => waiting.push(resolve))));
    },
    async [Symbol.asyncDispose]() {
      socket.terminate();
      await closed;
    },
  };
}

/** Tries to open a socket that will be refused, and gives the answer; one that opens gives 101. */
export async function refusedSocket(
  server: { readonly port: number },
  path: string,
  options: Options = {},
): Promise<Refusal> {
  const socket = connect(server, path, options);
  const opened = once(socket, "open").then(() => null);
  const answer = await Promise.race([once(socket, "unexpected-response"), opened]);
  opened.catch(() => {});
  if (answer === null) {
    socket.terminate();
    return { status: 101, headers: {}, body: null };
  }
  const [, response] = answer;
  const text = (await response.setEncoding("utf8").toArray()).join("");
  return { status: response.statusCode, headers: response.headers, body: JSON.parse(text) };
}
