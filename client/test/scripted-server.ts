// A server that speaks wire 004 as a test tells it to: each request takes the next step of a script.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export type RecordedRequest = {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** Parsed; undefined when there is none. */
  readonly body: unknown;
};

export type Exchange = {
  readonly request: RecordedRequest;
  json(status: number, body: unknown, headers?: Readonly<Record<string, string>>): void;
  /** Begins an event stream and resolves once the bytes, if any, have left. */
  stream(bytes?: string | Uint8Array): Promise<void>;
  /** Sends an event, as `event` makes it, with this id. */
  event(id: string, type: string, data: unknown): Promise<void>;
  /** Sends [DONE] and ends. */
  done(): void;
  /** Ends the body properly, without [DONE]. */
  end(): void;
  /** Breaks the connection off after what was sent. */
  cut(): void;
  /** Resolves when the client has broken it off. */
  readonly gone: Promise<void>;
};

export type Step = (exchange: Exchange) => void | Promise<void>;

export type ScriptedServer = AsyncDisposable & {
  readonly url: string;
  readonly requests: readonly RecordedRequest[];
};

/** One server-sent event of wire 004. */
export const event = (id: string, type: string, data: unknown): string =>
  `id: ${id}\ndata: ${JSON.stringify({ type, data })}\n\n`;

/** @param steps one for each request, in order; the last goes on answering where it is repeated */
export async function startScriptedServer(
  steps: readonly Step[],
  options: { readonly repeatLast?: boolean } = {},
): Promise<ScriptedServer> {
  const requests: RecordedRequest[] = [];
  const server = createServer(async (incoming, response) => {
    const { method = "", url: path = "", headers } = incoming;
    const sent = await text(incoming);
    const request = { method, path, headers, body: sent === "" ? undefined : JSON.parse(sent) };
    const step = steps[requests.length] ?? (options.repeatLast ? steps.at(-1) : undefined);
    requests.push(request);
    if (step) await step(exchangeOf(request, response));
    else response.writeHead(501).end(`No step for ${method} ${path}`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function exchangeOf(request: RecordedRequest, response: ServerResponse): Exchange {
  const stream = async (bytes: string | Uint8Array = "") => {
    if (!response.headersSent) {
      response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
      response.flushHeaders();
    }
    if (bytes.length > 0)
      await new Promise<void>((resolve) => response.write(bytes, () => resolve()));
  };
  return {
    request,
    json(status, body, headers = {}) {
      response.writeHead(status, {
        "content-type": typeof body === "string" ? "text/html" : "application/json",
        "x-request-id": "req_1",
        ...headers,
      });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    },
    stream,
    event: (id, type, data) => stream(event(id, type, data)),
    done: () => void response.end("data: [DONE]\n\n"),
    end: () => void response.end(),
    cut: () => response.socket?.destroySoon(),
    gone: new Promise((resolve) => {
      response.on("close", () => {
        if (!response.writableFinished) resolve();
      });
    }),
  };
}
