/*
 * The model of the bench: an OpenAI-compatible server on 127.0.0.1 that costs next to nothing.
 *   node bench/model.ts --port 9900
 * Each request says in its user's text what it wants (see model-settings.ts).
 */
import net from "node:net";
import { parseArgs } from "node:util";
import {
  firstEvent,
  httpChunk,
  jsonReply,
  lastEvents,
  STREAM_END,
  STREAM_HEAD,
  tokenEvent,
  wholeCall,
  wholeCompletion,
  wholeStream,
} from "./model-replies.ts";
import { countResults, findSettings, type ModelSettings } from "./model-settings.ts";
import { type Scheduled, TimerWheel } from "./timer-wheel.ts";

const MAXIMUM_REQUEST_BYTES = 16 * 1024 * 1024;
const wheel = new TimerWheel();

/** A streamed reply, token by token. */
class TokenStream implements Scheduled {
  dueAtMs: number;
  readonly #socket: net.Socket;
  readonly #settings: ModelSettings;
  readonly #withUsage: boolean;
  readonly #onEnd: () => void;
  #sent = 0;

  constructor(socket: net.Socket, settings: ModelSettings, withUsage: boolean, onEnd: () => void) {
    this.#socket = socket;
    this.#settings = settings;
    this.#withUsage = withUsage;
    this.#onEnd = onEnd;
    this.dueAtMs = performance.now() + settings.firstTokenMs;
    socket.write(STREAM_HEAD + httpChunk(firstEvent()));
    if (settings.firstTokenMs > 0) wheel.add(this);
    else this.run();
  }

  run(): void {
    const { tokens, gapMs } = this.#settings;
    while (this.#sent < tokens) {
      if (this.#socket.destroyed) return;
      this.#socket.write(httpChunk(tokenEvent(this.#settings)));
      this.#sent += 1;
      if (gapMs > 0 && this.#sent < tokens) {
        this.dueAtMs += gapMs;
        wheel.add(this);
        return;
      }
    }
    this.#end();
  }

  #end(): void {
    this.#socket.write(httpChunk(lastEvents(this.#settings, this.#withUsage)) + STREAM_END);
    this.#onEnd();
  }
}

/** Answers the requests of one connection, one after the other. */
function serveConnection(socket: net.Socket): void {
  let pending: Buffer | null = null;
  let isAnswering = false;

  const finish = (): void => {
    isAnswering = false;
    if (pending) setImmediate(answerPending);
  };

  const answer = (head: string, body: Buffer): void => {
    if (head.startsWith("GET ")) {
      const models =
        '{"object":"list","data":[{"id":"mock","object":"model","created":1700000000}]}';
      socket.write(jsonReply(200, models));
      return;
    }
    const settings = findSettings(body);
    const { firstTokenMs, gapMs, tokens, isTimestamped } = settings;
    if (!/"stream" ?: ?true/u.test(body.toString("latin1"))) {
      const waitMs = firstTokenMs + gapMs * tokens;
      if (waitMs === 0) {
        socket.write(wholeCompletion(settings));
        return;
      }
      isAnswering = true;
      const send = (): void => {
        if (!socket.destroyed) socket.write(wholeCompletion(settings));
        finish();
      };
      wheel.add({ dueAtMs: performance.now() + waitMs, run: send });
      return;
    }
    const withUsage = body.includes('"include_usage":true');
    if (settings.calls > 0 && countResults(body) < settings.calls) {
      socket.write(wholeCall(settings, withUsage));
      return;
    }
    if (firstTokenMs === 0 && gapMs === 0 && !isTimestamped) {
      socket.write(wholeStream(settings, withUsage));
      return;
    }
    isAnswering = true;
    new TokenStream(socket, settings, withUsage, finish);
  };

  const answerPending = (): void => {
    while (pending && !isAnswering) {
      const headEnd = pending.indexOf("\r\n\r\n");
      if (headEnd < 0) break;
      const head = pending.toString("latin1", 0, headEnd);
      const length = /\r\ncontent-length: *(\d+)/iu.exec(head)?.[1];
      if (length === undefined && head.startsWith("POST ")) {
        socket.end(jsonReply(411, '{"error":{"message":"Content-Length is required"}}'));
        return;
      }
      const bodyStart = headEnd + 4;
      const bodyEnd = bodyStart + Number(length ?? 0);
      if (pending.length < bodyEnd) break;
      const body = pending.subarray(bodyStart, bodyEnd);
      pending = pending.length > bodyEnd ? pending.subarray(bodyEnd) : null;
      answer(head, body);
    }
    if (pending && pending.length > MAXIMUM_REQUEST_BYTES) socket.destroy();
  };

  socket.on("data", (bytes) => {
    pending = pending ? Buffer.concat([pending, bytes]) : bytes;
    answerPending();
  });
  socket.on("error", () => socket.destroy());
}

const { values } = parseArgs({ options: { port: { type: "string", default: "9900" } } });
const server = net.createServer({ noDelay: true }, serveConnection);
server.listen({ port: Number(values.port), host: "127.0.0.1", backlog: 8192 });
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
