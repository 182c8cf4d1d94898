/** One dispatched event of a `text/event-stream`. */
export type ServerSentEvent = {
  /** The `event` field; "message" without one. */
  readonly type: string;
  /** The `data` lines, joined by line feeds. */
  readonly data: string;
  /** The stream's last event id as of this event; "" until there is one. */
  readonly id: string;
};

export type EventStreamParser = {
  /**
   * Takes the next bytes, cut wherever the network cut them, and gives the events they complete.
   * What is unfinished when the stream ends is no event, as the standard has it.
   */
  push(bytes: Uint8Array): ServerSentEvent[];
  /** The reconnection time the server asked for in a `retry` field, in milliseconds. */
  readonly retryMs: number | null;
};

/** A parser for one `text/event-stream` body, after the WHATWG HTML standard. */
export function createEventStreamParser(): EventStreamParser {
  // Drops one byte order mark at the start, and holds back a character that is cut in two.
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
    // A line that begins with a colon is a comment; one without is a field without a value.
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
 * The events of a response body, as they come.
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
