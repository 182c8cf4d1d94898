// A language model that says what a test tells it to, over real HTTP on OpenAI's wire.
//   node server/test/model-server.ts --port 9900
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type ChatBody,
  comment,
  ending,
  faultEvent,
  lastUserMessage,
  mixedEvent,
  opening,
  type Place,
  type ReplyScript,
  scriptIn,
  tokenEvent,
  tokensOf,
  wholeReply,
} from "./model-script.ts";

export type { ReplyScript } from "./model-script.ts";

export type ModelServerOptions = {
  /** Default 0: any free port. */
  readonly port?: number;
  /** What `GET /v1/models` answers. Default: a list of one model, `test-model`. */
  readonly listing?: unknown;
  readonly listingStatus?: number;
  /** Names that are answered with 400 and a reason. Default: `refused-model`. */
  readonly refusedModels?: readonly string[];
  /** How to answer where nothing else says so. */
  readonly script?: ReplyScript;
  /** Whether requests are kept in `requests`. Default true; a bench does without. */
  readonly record?: boolean;
};

export type RecordedRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** Parsed; null for a GET. */
  readonly body: ChatBody | null;
};

export type ModelServer = AsyncDisposable & {
  /** Ends in `/v1`. */
  readonly url: string;
  /** The requests for a reply, in order of arrival. */
  readonly requests: readonly RecordedRequest[];
  /** The requests for the list of models. */
  readonly listings: readonly RecordedRequest[];
  /** How many connections were ever made. */
  readonly connections: number;
  /** Answers the next request (after those already queued) like this, whatever its message says. */
  next(...scripts: readonly ReplyScript[]): void;
  /** Lets go of every reply that is held, and waits for none. */
  release(): void;
  /** Resolves once so many requests for a reply have come. */
  requested(count?: number): Promise<RecordedRequest>;
  /** Resolves once so many replies have been held. */
  held(count?: number): Promise<void>;
  /** Resolves once so many replies were broken off by the client. */
  aborted(count?: number): Promise<void>;
  /** As if it had just been started: no request, no script, nothing held. */
  forget(): void;
};

/** A count that can be waited for. */
function counter() {
  let count = 0;
  const waiting = new Set<{ readonly target: number; readonly resolve: () => void }>();
  return {
    add() {
      count += 1;
      for (const waiter of waiting)
        if (count >= waiter.target) {
          waiting.delete(waiter);
          waiter.resolve();
        }
    },
    reset() {
      count = 0;
    },
    async reaches(target: number) {
      if (count < target) await new Promise<void>((resolve) => waiting.add({ target, resolve }));
    },
  };
}

/** Starts the server on 127.0.0.1. */
export async function startModelServer(options: ModelServerOptions = {}): Promise<ModelServer> {
  const { record = true, refusedModels = ["refused-model"] } = options;
  const listing = options.listing ?? { object: "list", data: [{ id: "test-model" }] };
  const requests: RecordedRequest[] = [];
  const listings: RecordedRequest[] = [];
  const queue: ReplyScript[] = [];
  const faultsGiven = new Map<ReplyScript, number>();
  const requested = counter();
  const held = counter();
  const aborted = counter();
  let connections = 0;
  let hold = Promise.withResolvers<void>();

  const server = createServer({ noDelay: true, keepAliveTimeout: 120_000 }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      route(request, response, whole).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : undefined);
      });
    });
  });

  async function route(request: IncomingMessage, response: ServerResponse, bytes: Buffer) {
    const { method = "", url: path = "", headers } = request;
    if (path.includes("/models")) {
      if (record) listings.push({ method, path, headers, body: null });
      return sendJson(response, options.listingStatus ?? 200, listing);
    }
    if (!path.includes("/chat/completions"))
      return sendJson(response, 404, { error: { message: "No such route" } });
    const body: ChatBody = JSON.parse(bytes.toString());
    if (record) requests.push({ method, path, headers, body });
    requested.add();
    response.on("close", () => {
      if (!response.writableFinished && !cutHere.has(response)) aborted.add();
    });
    if (refusedModels.includes(body.model ?? ""))
      return sendJson(response, 400, {
        error: { message: `${body.model} is not a valid model ID`, code: 400 },
      });
    const script = takeNext(body) ?? scriptIn(lastUserMessage(body)) ?? options.script ?? {};
    await answer(response, withoutSpentFaults(script), body);
  }

  function takeNext({ model: asked }: ChatBody): ReplyScript | undefined {
    const place = queue.findIndex(({ model = asked }) => model === asked);
    return place < 0 ? undefined : queue.splice(place, 1)[0];
  }

  const cutHere = new WeakSet<ServerResponse>();

  function withoutSpentFaults(script: ReplyScript): ReplyScript {
    if (script.failTimes === undefined) return script;
    const given = faultsGiven.get(script) ?? 0;
    faultsGiven.set(script, given + 1);
    if (given < script.failTimes) return script;
    const { failStatus, stall, cut, garbage, error, raw, ...rest } = script;
    return rest;
  }

  async function answer(response: ServerResponse, script: ReplyScript, body: ChatBody) {
    if (script.delayMs) await sleep(script.delayMs);
    if (await stopsAt("head", response, script)) return;
    for (const [name, value] of Object.entries(script.headers ?? {}))
      response.setHeader(name, value);
    if (script.failStatus !== undefined) {
      if (script.retryAfter !== undefined) response.setHeader("retry-after", script.retryAfter);
      const error = { message: `Failure ${script.failStatus}`, code: script.failStatus };
      return sendJson(response, script.failStatus, script.failBody ?? { error });
    }
    const tokens = tokensOf(script, body);
    if (body.stream !== true || script.json)
      return sendJson(response, 200, wholeReply(tokens, script, body));
    response.setHeader("content-type", script.contentType ?? "text/event-stream; charset=utf-8");
    if (script.raw !== undefined) {
      for (const piece of script.raw) await writeApart(response, piece);
      return script.noEnd ? undefined : response.end();
    }
    if (isPlain(script)) return response.end(wholeStream(tokens, script, body));
    response.flushHeaders();
    await write(response, script, opening(script, body));
    for (let count = 0; count < (script.waitComments ?? 0); count++) {
      await write(response, script, comment(script));
      await sleep(script.gapMs ?? 0);
    }
    for (let place = 0; place <= tokens.length; place++) {
      if (await stopsAt(place, response, script)) return;
      await write(response, script, faultEvent(place, script, body));
      if (place === tokens.length) break;
      if (script.gapMs && place > 0) await sleep(script.gapMs);
      const token = script.mixed
        ? mixedEvent(tokens, place, script, body)
        : tokenEvent(tokens[place]!, script, body);
      await write(response, script, token);
    }
    await write(response, script, ending(tokens, script, body));
    if (!(await stopsAt("end", response, script)) && !script.noEnd) response.end();
  }

  /** Holds, and says whether the reply ends here. */
  async function stopsAt(place: Place, response: ServerResponse, script: ReplyScript) {
    if (response.destroyed) return true;
    if (script.hold === place) {
      const released = hold.promise;
      held.add();
      await released;
    }
    if (script.cut === place) {
      cutHere.add(response);
      response.socket?.destroySoon();
    }
    return script.cut === place || script.stall === place;
  }

  server.on("connection", () => {
    connections += 1;
  });
  server.listen({ port: options.port ?? 0, host: "127.0.0.1", backlog: 8192 });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const release = () => {
    hold.resolve();
    hold = Promise.withResolvers();
  };
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    listings,
    get connections() {
      return connections;
    },
    next: (...scripts) => {
      queue.push(...scripts);
    },
    release,
    async requested(count = 1) {
      await requested.reaches(count);
      return requests[count - 1]!;
    },
    held: (count = 1) => held.reaches(count),
    aborted: (count = 1) => aborted.reaches(count),
    forget() {
      release();
      for (const list of [requests, listings, queue]) list.length = 0;
      for (const count of [requested, held, aborted]) count.reset();
    },
    async [Symbol.asyncDispose]() {
      hold.resolve();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(status, {
    "content-type": typeof body === "string" ? "text/plain" : "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

/** Writes, in pieces if the script wants it so. */
async function write(response: ServerResponse, script: ReplyScript, text: string): Promise<void> {
  if (text === "" || response.destroyed) return;
  if (script.split === undefined) {
    response.write(text);
    return;
  }
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += script.split)
    await writeApart(response, bytes.subarray(start, start + script.split));
}

/** Writes, and lets it leave before the next. */
async function writeApart(response: ServerResponse, piece: string | Uint8Array): Promise<void> {
  if (response.destroyed) return;
  await new Promise<void>((resolve) => response.write(piece, () => resolve()));
}

const PLAIN = new Set(["text", "tokens", "usage", "noDone", "crlf", "finishReason", "failTimes"]);
const isPlain = (script: ReplyScript): boolean =>
  Object.keys(script).every((name) => PLAIN.has(name));

const streams = new Map<string, Buffer>();

/** A reply without a fault in one write, made once. */
function wholeStream(tokens: readonly string[], script: ReplyScript, body: ChatBody): Buffer {
  const asked = `${body.stream_options?.include_usage}${body.usage?.include}`;
  const key = `${JSON.stringify(script)} ${body.model} ${asked} ${tokens.join("")}`;
  let stream = streams.get(key);
  if (stream === undefined) {
    const middle = tokens.map((token) => tokenEvent(token, script, body)).join("");
    stream = Buffer.from(opening(script, body) + middle + ending(tokens, script, body));
    if (streams.size < 1000) streams.set(key, stream);
  }
  return stream;
}

if (import.meta.main) {
  const at = process.argv.indexOf("--port");
  const port = at < 0 ? 9900 : Number(process.argv[at + 1]);
  const { url } = await startModelServer({ port, record: false });
  console.log(`The scripted model listens on ${url}`);
}
