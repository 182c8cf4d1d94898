// How tests talk to the Responses wire: by real requests, and by events as they come.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type Answer, send } from "./wire-client.ts";

export type Event = {
  readonly type: string;
  readonly sequence_number: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what it expects
  readonly [name: string]: any;
};

/** Requests of one user. */
export function responsesClient(server: { readonly url: string }, user: string = randomUUID()) {
  const headers = { authorization: "Bearer local", "x-user-id": user };
  const call = (
    method: string,
    path: string,
    body?: unknown,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Answer> => send(server, method, `/v1${path}`, body, { ...headers, ...more });
  return {
    user,
    headers,
    call,
    create: (body: object, more: Readonly<Record<string, string>> = {}) =>
      call("POST", "/responses", body, more),
    get: (id: string) => call("GET", `/responses/${id}`),
    /** The events of a new response. */
    stream: (body: object, signal?: AbortSignal) =>
      eventsAt(`${server.url}/v1/responses`, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify({ ...body, stream: true }),
        ...(signal && { signal }),
      }),
    /** The events of a stored one. */
    replay: (id: string, query = "", signal?: AbortSignal, url = server.url) =>
      eventsAt(`${url}/v1/responses/${id}?stream=true${query}`, {
        headers,
        ...(signal && { signal }),
      }),
  };
}

/** Each event, and last the text `[DONE]` as an event of that type. */
async function* eventsAt(url: string, init: RequestInit): AsyncGenerator<Event> {
  const response = await fetch(url, init);
  assert.equal(response.status, 200, await peek(response));
  assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) {
    rest += decoder.decode(bytes as Uint8Array, { stream: true });
    const frames = rest.split("\n\n");
    rest = frames.pop() ?? "";
    for (const frame of frames) {
      const event = eventOf(frame);
      if (event) yield event;
    }
  }
}

const peek = async (response: Response): Promise<string> =>
  response.status === 200 ? "" : await response.text();

function eventOf(frame: string): Event | null {
  const lines = frame.split("\n").filter((line) => !line.startsWith(":"));
  if (lines.length === 0) return null;
  const data = lines.find((line) => line.startsWith("data: "))?.slice("data: ".length) ?? "";
  if (data === "[DONE]") return { type: "[DONE]", sequence_number: -1 };
  const event = JSON.parse(data) as Event;
  assert.equal(lines[0], `event: ${event.type}`);
  assert.equal(lines.length, 2, "no id is sent");
  return event;
}

export async function all(events: AsyncIterable<Event>): Promise<Event[]> {
  const list: Event[] = [];
  for await (const event of events) list.push(event);
  return list;
}

/** The deltas of the text, joined. */
export const textOf = (events: readonly Event[]): string =>
  events
    .filter(({ type }) => type === "response.output_text.delta")
    .map(({ delta }) => delta)
    .join("");

/** The words of a response's messages. */
export const wordsOf = (response: { readonly output: readonly Event[] }): string =>
  response.output
    .filter(({ type }) => type === "message")
    .flatMap(({ content }) => content)
    .map(({ text = "" }) => text)
    .join("");

/** Checks what holds for the events of every response. */
export function checkEvents(events: readonly Event[]): void {
  assert.equal(events.at(-1)?.type, "[DONE]");
  const said = events.slice(0, -1);
  assert.deepEqual(
    said.map(({ sequence_number: number }) => number),
    said.map((_, index) => index),
    "numbers begin at 0 and have no gap",
  );
  assert.equal(said[0]?.type, "response.created");
  const last = said.at(-1);
  assert.match(last?.type ?? "", /^response\.(?:completed|incomplete|failed)$/);
  const items = new Map<number, Event>();
  const texts = new Map<string, string>();
  for (const event of said) {
    const place = `${event.output_index}.${event.content_index ?? ""}`;
    if (event.type === "response.output_item.added") {
      assert.equal(event.output_index, items.size);
      items.set(event.output_index, event.item);
    }
    if (event.type.endsWith(".delta")) texts.set(place, (texts.get(place) ?? "") + event.delta);
    if (event.type.endsWith(".done") && (event.text ?? event.arguments) !== undefined)
      assert.equal(event.text ?? event.arguments, texts.get(place) ?? "");
    if (event.type === "response.output_item.done") {
      assert.equal(event.item.id, items.get(event.output_index)?.id);
      items.set(event.output_index, event.item);
    }
    if (event.item_id) assert.equal(event.item_id, items.get(event.output_index)?.id);
  }
  assert.deepEqual([...items.values()], last?.response.output, "items are those of the response");
}
