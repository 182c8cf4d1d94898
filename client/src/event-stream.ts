/** One dispatched event of a `text/event-stream`. */
export type ServerSentEvent = {
  /** The `event` field, or "message" if there is none. */
  readonly type: string;
  /** The `data` lines, joined by line feeds. */
  readonly data: string;
  /** The last event id of the stream at this event; "" if there was none yet. */
  readonly id: string;
};

export type EventStreamParser = {
  /**
   * Takes the next bytes, split anywhere, and returns the events that they complete.
   * As the standard says, an event that is incomplete at the end of the stream is dropped.
   */
  push(bytes: Uint8Array): ServerSentEvent[];
  /** The reconnection time from a `retry` field, in milliseconds. */
  readonly retryMs: number | null;
};

/** A parser for one `text/event-stream` body, according to the WHATWG HTML standard. */
export function createEventStreamParser(): EventStreamParser {
  // The decoder drops a byte order mark at the start, and withholds a character that is split.
  const decoder = new TextDecoder("utf-8");
  let unfinishedLine = "";
  let endedWithCarriageReturn = false;
  let type = "";
  let data: string | null = null;
  let id = "";
  let retryMs: number | null = null;

  const takeField = (name: string, value: string): void => {
    if (name === "data") data = data === null ? value : `${data}\n${value}`;
    else if (name === "event") type = value;
    else if (name === "id" && !value.includes("\0")) id = value;
    else if (name === "retry" && /^[0-9]+$/.test(value)) retryMs = Number(value);
  };

  const takeLine = (line: string): void => {
    const colon = line.indexOf(":");
    // A line that begins with a colon is a comment. A line without a colon is a field without a value.
    if (colon < 0) takeField(line, "");
    else if (colon > 0) takeField(line.slice(0, colon), line.slice(colon + 1).replace(/^ /, ""));
  };

  const dispatch = (events: ServerSentEvent[]): void => {
    if (data !== null) events.push({ type: type || "message", data, id });
    data = null;
    type = "";
  };

  return {
    push(bytes) {
      const events: ServerSentEvent[] = [];
      let text = decoder.decode(bytes, { stream: true });
      if (text === "") return events;
      if (endedWithCarriageReturn && text.startsWith("\n")) text = text.slice(1);
      endedWithCarriageReturn = text === "" ? false : text.endsWith("\r");

      const lineEnd = /\r\n|\r|\n/g;
      let start = 0;
      for (let match = lineEnd.exec(text); match !== null; match = lineEnd.exec(text)) {
        const line = unfinishedLine + text.slice(start, match.index);
        unfinishedLine = "";
        start = lineEnd.lastIndex;
        if (line === "") dispatch(events);
        else takeLine(line);
      }
      unfinishedLine += text.slice(start);
      return events;
    },
    get retryMs() {
      return retryMs;
    },
  };
}

/**
 * The events of a response body as they arrive.
 * @param bounded wraps each wait for bytes, so that the caller can end it
 */
export async function* readEventStream(
  body: ReadableStream<Uint8Array>,
  parser: EventStreamParser,
  bounded: <T>(reading: Promise<T>) => Promise<T>,
): AsyncGenerator<ServerSentEvent, void, void> {
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await bounded(reader.read());
    if (done) return;
    yield* parser.push(value);
  }
}
