import type { OpenAnswer } from "../../../ports/answer-exchange.ts";
import type { RedisLink } from "../../redis/link.ts";
import { decodeRequest, encodeAnswer, type Request } from "./messages.ts";

type Reader = {
  readonly inbox: string;
  readonly lines: string[];
  readonly leaving: AbortController;
  /** How many lines were sent. */
  sent: number;
  /** How many may be sent until its reader has read on. */
  until: number;
  /** Called when it has. */
  wake: () => void;
  /** Whether something is to be said even if there are no more lines. */
  isAsked: boolean;
  isOver: boolean;
  isFlushing: boolean;
  heardAtMs: number;
};

/** Lines are sent together with what came in so many milliseconds. */
const FLUSH_MS = 10;
/** Of one message, unless one line alone has more. */
const MAX_MESSAGE_CHARACTERS = 64 * 1024;
/** A replica that is silent for so long reads no more. */
const FORGOTTEN_MS = 15_000;
const SWEEP_MS = 5000;

/** What other replicas read of this one's answers. Nothing is sent of an answer that none of them asks for. */
export function answerServing(link: RedisLink) {
  const readers = new Map<string, Reader>();
  let open: OpenAnswer = () => null;

  const forget = (id: string): void => {
    const reader = readers.get(id);
    readers.delete(id);
    reader?.leaving.abort();
    reader?.wake();
  };
  const send = (id: string, inbox: string, from: number, lines: string[], isOver: boolean): void =>
    // A lost message causes a gap, which is asked for again.
    void link.publish(inbox, encodeAnswer({ id, from, lines, isOver })).catch(() => undefined);

  const flush = (id: string, reader: Reader): void => {
    reader.isFlushing = false;
    if (readers.get(id) !== reader) return;
    const from = reader.sent;
    const lines: string[] = [];
    let characters = 0;
    for (let at = from; at < Math.min(reader.lines.length, reader.until); at++) {
      const line = reader.lines[at] ?? "";
      characters += line.length;
      if (lines.length > 0 && characters > MAX_MESSAGE_CHARACTERS) break;
      lines.push(line);
    }
    reader.sent = from + lines.length;
    const hasMore = reader.sent < reader.lines.length;
    const isOver = reader.isOver && !hasMore;
    if (lines.length > 0 || isOver || reader.isAsked) send(id, reader.inbox, from, lines, isOver);
    reader.isAsked = false;
    if (hasMore && reader.sent < reader.until) willFlush(id, reader, 0);
  };
  const willFlush = (id: string, reader: Reader, afterMs: number): void => {
    if (reader.isFlushing) return;
    reader.isFlushing = true;
    if (afterMs === 0) setImmediate(flush, id, reader);
    else setTimeout(flush, afterMs, id, reader).unref();
  };

  const pump = async (id: string, reader: Reader, lines: AsyncIterable<string>): Promise<void> => {
    for await (const line of lines) {
      reader.lines.push(line);
      willFlush(id, reader, reader.lines.length === 1 ? 0 : FLUSH_MS);
      while (reader.lines.length >= reader.until && !reader.leaving.signal.aborted)
        await new Promise<void>((resolve) => {
          reader.wake = resolve;
        });
    }
    reader.isOver = true;
    willFlush(id, reader, 0);
  };

  /** The other replica may have more, and says that it still reads. */
  const goOn = (id: string, reader: Reader, until: number): void => {
    reader.heardAtMs = performance.now();
    reader.until = until;
    reader.wake();
    willFlush(id, reader, 0);
  };

  const read = (request: Extract<Request, { kind: "read" }>): void => {
    const { id, inbox, name, tag, from, until } = request;
    const there = readers.get(id);
    if (there) {
      Object.assign(there, { isAsked: true, sent: Math.min(from, there.lines.length) });
      goOn(id, there, until);
      return;
    }
    const leaving = new AbortController();
    const lines = open(name, tag, leaving.signal);
    if (!lines) {
      send(id, inbox, from, [], true);
      return;
    }
    const reader: Reader = {
      ...{ inbox, leaving, lines: [], sent: from, until, heardAtMs: performance.now() },
      ...{ isAsked: false, isOver: false, isFlushing: false, wake: () => undefined },
    };
    readers.set(id, reader);
    pump(id, reader, lines).catch(() => forget(id));
  };

  const sweeping = setInterval(() => {
    const forgottenAtMs = performance.now() - FORGOTTEN_MS;
    for (const [id, { heardAtMs }] of readers) if (heardAtMs < forgottenAtMs) forget(id);
  }, SWEEP_MS).unref();

  return {
    serve(given: OpenAnswer): void {
      open = given;
    },
    /** Gives whether the message was a request. */
    hear(message: string): boolean {
      const request = decodeRequest(message);
      if (request?.kind === "leave") forget(request.id);
      else if (request?.kind === "read") read(request);
      else if (request) {
        const reader = readers.get(request.id);
        if (reader) goOn(request.id, reader, request.until);
      }
      return request !== null;
    },
    close(): void {
      clearInterval(sweeping);
      for (const id of [...readers.keys()]) forget(id);
    },
  };
}
