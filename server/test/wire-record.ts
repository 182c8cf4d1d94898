// Writes down what a server answers, byte for byte, so that two versions of it can be compared. Only what cannot be the
// same twice is replaced: ids, times, the numbers of requests and connections, and where a stream was cut into chunks.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { openSocket } from "./socket-client.ts";
import type { Server } from "./wire-client.ts";

/** The headers that are part of a wire's answer; the others belong to the connection, the day or the proxy. */
const HEADERS = [
  "content-type",
  "cache-control",
  "retry-after",
  "allow",
  "x-ratelimit-limit",
  "x-accel-buffering",
  "idempotency-replayed",
];

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

export type WireRecord = ReturnType<typeof wireRecord>;

export function wireRecord(server: Server) {
  const lines: string[] = [];
  const ids = new Map<string, string>();

  /** The same id is the same number wherever it stands. */
  const numbered = (id: string): string => {
    const known = ids.get(id) ?? `<id ${ids.size + 1}>`;
    ids.set(id, known);
    return known;
  };
  const plain = (text: string): string =>
    text
      .replaceAll(UUID, numbered)
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, "<time>")
      .replaceAll(/("(?:timestamp|createdAt|updatedAt)":)1[6-9]\d{11}/g, "$1<time>")
      .replaceAll(/(session_)?conn_\d+(?:_\d{10})?/g, "$1<connection>")
      .replaceAll(/\breq_\w+/g, "<request>")
      .replaceAll(/("reasoning_ms":)\d+/g, "$1<duration>")
      .replaceAll(/("audio_data":")([\w+/=]{100,})/g, (_, field, sound) => field + digest(sound));
  const write = (line: string) => lines.push(plain(line));

  const send = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> => {
    const isRaw = typeof body === "string";
    const told = body === undefined ? "" : ` ${isRaw ? body : JSON.stringify(body)}`;
    const more = Object.entries(headers).map(([name, value]) => ` [${name}: ${value}]`);
    write(`\n> ${method} ${path}${more.join("")}${told}`);
    const response = await fetch(server.url + path, {
      method,
      headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
      ...(body !== undefined && { body: isRaw ? body : JSON.stringify(body) }),
    });
    const shown = HEADERS.flatMap((name) => {
      const value = response.headers.get(name);
      return value === null ? [] : [`${name}: ${value}`];
    });
    write([response.status, ...shown].join(" | "));
    return response;
  };

  return {
    /** Sends a request and writes its whole answer down. */
    // biome-ignore lint/suspicious/noExplicitAny: a test says by its requests what it expects
    async call(...request: Parameters<typeof send>): Promise<any> {
      const response = await send(...request);
      const text = await response.text();
      write(text);
      return text === "" ? null : JSON.parse(text);
    },

    /** Opens an event stream; what it says is written down as it is read. */
    async stream(...request: Parameters<typeof send>) {
      const response = await send(...request);
      const events = framesOf(response);
      const last = { id: "" };
      /** What came of one text: the chunks of a stream are cut where the network likes. */
      const chunk = { id: "", text: "" };
      const bytesOf = (id: string, text: string) =>
        `id: ${id}\ndata: {"type":"ai_chunk","data":${JSON.stringify(text)}}`;
      const flush = () => {
        if (chunk.text !== "") write(`${bytesOf(chunk.id, chunk.text)}\n`);
        chunk.text = "";
      };
      const take = (frame: string): string => {
        const id = /^id: (.*)$/m.exec(frame)?.[1] ?? "";
        const data = /^data: (.*)$/m.exec(frame)?.[1] ?? "";
        if (id !== "") last.id = id;
        const event = data.startsWith("{") ? JSON.parse(data) : {};
        if (event.type === "ai_chunk") {
          assert.equal(frame, bytesOf(id, event.data));
          chunk.id = id;
          chunk.text += event.data;
        } else if (frame !== "") {
          flush();
          write(`${frame}\n`);
        }
        return data === "[DONE]" ? "DONE" : (event.type ?? "comment");
      };
      return {
        /** The id of the last event. */
        get lastId() {
          return last.id;
        },
        /** Reads to the first event of that type. */
        async until(type: string) {
          for (let next = await events.next(); !next.done; next = await events.next())
            if (take(next.value) === type) return;
          assert.fail(`The stream ended without ${type}`);
        },
        /** Reads to the end. */
        async rest() {
          for (let next = await events.next(); !next.done; next = await events.next())
            take(next.value);
          flush();
        },
        /** Goes away in the middle. */
        async leave() {
          flush();
          write("(left)");
          await events.return(undefined);
        },
      };
    },

    /** Opens a WebSocket; what is said on it, by either side, is written down. */
    async socket(path: string) {
      write(`\n> socket ${path}`);
      const talk = await openSocket(server, path);
      return {
        say(message: string | object) {
          write(`> ${typeof message === "string" ? message : JSON.stringify(message)}`);
          talk.say(message);
        },
        // biome-ignore lint/suspicious/noExplicitAny: as above
        async next(): Promise<any> {
          const message = await talk.next();
          write(JSON.stringify(message));
          return message;
        },
        async close() {
          talk.socket.close();
          await talk.closed;
        },
        /** Waits until the server has closed it. */
        async closed() {
          const { code, reason } = await talk.closed;
          write(`(closed ${code} ${reason})`);
        },
      };
    },

    get text(): string {
      return `${lines.join("\n").trim()}\n`;
    },
  };
}

const digest = (sound: string): string =>
  `<${sound.length} characters, ${createHash("sha256").update(sound).digest("hex").slice(0, 16)}>`;

/** The frames of an event stream as they stand in it, without the blank line that ends each. */
async function* framesOf(response: Response): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      yield text.slice(0, end);
      text = text.slice(end + 2);
    }
  }
  assert.equal(text, "", "an event without its end");
}
