import { MAX_MESSAGE_BYTES, problemIn, refusal, TOO_LONG } from "./bounds.ts";

const EVENT_STREAM = /^text\/event-stream\b/iu;
/** Between two events. */
const EVENT_END = /\r\n\r\n|\n\n|\r\r/u;
const MAX_END_CHARACTERS = 4;

export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/**
 * `fetch` for a source: it follows no redirect, and gives no message that is beyond the bounds. In the place of such an
 * answer stands an error with the id of the request.
 */
export const boundedFetch: Fetch = async (url, init) => {
  const response = await fetch(url, { ...init, redirect: "manual" });
  if (response.status >= 300 && response.status < 400) {
    await response.body?.cancel();
    throw new Error("It redirects elsewhere, which is not followed. Set its url to where it is");
  }
  if (!response.body) return response;
  const type = response.headers.get("content-type") ?? "";
  const id = idOf(init?.body);
  const { status, statusText, headers } = response;
  const body = EVENT_STREAM.test(type)
    ? response.body.pipeThrough(boundedEvents(id))
    : await wholeText(response.body, id);
  const plain = new Headers(headers);
  // The body is unpacked, and may be another one.
  for (const name of ["content-length", "content-encoding"]) plain.delete(name);
  return new Response(body, { status, statusText, headers: plain });
};

/** The id of a request, as JSON; null where it is none. */
function idOf(body: RequestInit["body"]): string | null {
  if (typeof body !== "string") return null;
  const message: unknown = JSON.parse(body);
  const { id } = Object(message);
  return id === undefined ? null : JSON.stringify(id);
}

async function wholeText(body: ReadableStream<Uint8Array>, id: string | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_MESSAGE_BYTES) return refused(id, TOO_LONG);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  const problem = problemIn(text);
  return problem ? refused(id, problem) : text;
}

function refused(id: string | null, words: string): string {
  if (id === null) throw new Error(words);
  return refusal(id, words);
}

/** Events, each of which is given whole and within the bounds. */
function boundedEvents(id: string | null): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  /** Of the event that has not ended, and the last characters of it: its end may be in two pieces. */
  let pieces: string[] = [];
  let length = 0;
  let tail = "";
  const refuse = (words: string, controller: TransformStreamDefaultController<Uint8Array>) => {
    if (id === null) controller.error(new Error(words));
    else {
      controller.enqueue(encoder.encode(`event: message\ndata: ${refusal(id, words)}\n\n`));
      controller.terminate();
    }
  };
  return new TransformStream({
    transform(chunk, controller) {
      const added = decoder.decode(chunk, { stream: true });
      pieces.push(added);
      length += added.length;
      if (length > MAX_MESSAGE_BYTES) return refuse(TOO_LONG, controller);
      const hasEnd = EVENT_END.test(tail + added);
      tail = (tail + added).slice(1 - MAX_END_CHARACTERS);
      if (!hasEnd) return;
      const events = pieces.join("").split(EVENT_END);
      const rest = events.pop() ?? "";
      pieces = [rest];
      length = rest.length;
      for (const event of events) {
        const problem = problemIn(dataOf(event));
        if (problem) return refuse(problem, controller);
        controller.enqueue(encoder.encode(`${event}\n\n`));
      }
    },
  });
}

const dataOf = (event: string): string =>
  event
    .split(/\r\n|\r|\n/u)
    .flatMap((line) => (line.startsWith("data:") ? line.slice(5) : []))
    .join("\n");
