// What the clients of the fault load have in common: they go on whatever happens and note what they were
// told: what was acknowledged, what came as an answer, and in which words it failed.
import { randomUUID } from "node:crypto";
import { on, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import type { Documents } from "./documents.ts";

export type Acknowledged = { readonly wire: string; readonly userId: string };

export type Notes = {
  /** By the marker of the message. */
  readonly acknowledged: Map<string, Acknowledged>;
  /** What should not be: each line says what and where. */
  readonly wrong: string[];
  /** Refusals in words, by wire and status or code. */
  readonly refusals: Map<string, number>;
  streams: number;
  /** How streams ended. */
  readonly endings: Map<string, number>;
  /** What was acknowledged of files, versions and replies of parts. */
  readonly documents: Documents;
};

const WORDS = 8;
/** Some replies take so long that a fault finds them in the middle. */
const MANY_WORDS = 80;
/** Of replies of parts: every fifth of them is a thought, and the last of them are a call. */
const DOCUMENT_WORDS = 40;
const CALL_WORDS = 20;
const GAP_MS = 12;
export const PAUSE_MS = 15;
const TRY_MS = 30_000;

/** What the model answers to the message of that marker. */
export const replyTo = (marker: string): string => {
  if (isDocument(marker))
    return wordsOf(marker, DOCUMENT_WORDS - CALL_WORDS)
      .filter((_, place) => place % 5 !== 4)
      .map((word) => `${word} `)
      .join("");
  return wordsOf(marker, /[05]z$/.test(marker) ? MANY_WORDS : WORDS).join(" ");
};
const isDocument = (marker: string): boolean => marker.startsWith("d");
const wordsOf = (marker: string, length: number): string[] =>
  Array.from({ length }, (_, word) => `${marker}.${word}`);
export const messageOf = (marker: string): string =>
  `${marker} {{reply text=${JSON.stringify(replyTo(marker))} gapMs=${GAP_MS}}}`;
/** A message whose reply has thoughts among its words, and a call at its end where a tool is offered. */
export const documentMessageOf = (marker: string): string => {
  const text = JSON.stringify(wordsOf(marker, DOCUMENT_WORDS).join(" "));
  return `${marker} {{reply text=${text} gapMs=${GAP_MS} mixed}}`;
};
/** The marker of a stored message or reply. */
export const markerIn = (content: string): string | undefined => /^[dk]\d+z/.exec(content)?.[0];

export type Load = {
  readonly url: string;
  readonly port: number;
  readonly notes: Notes;
  readonly signal: AbortSignal;
};
/** Sends one message, and notes what it was told. */
export type FaultClient = (load: Load, userId: string) => Promise<void>;

let made = 0;
/** @param kind `d`: of a message whose reply has parts */
export const newMarker = (kind: "d" | "k" = "k") => `${kind}${made++}z`;
export const count = (counts: Map<string, number>, name: string) =>
  void counts.set(name, (counts.get(name) ?? 0) + 1);

/** An answer is the beginning of what was asked for, if not all of it; anything else is somebody else's. */
export function checkAnswer({ notes }: Load, wire: string, marker: string, text: unknown): void {
  if (typeof text !== "string" || !replyTo(marker).startsWith(text))
    notes.wrong.push(`${wire}: ${marker} was answered ${JSON.stringify(text)}`);
}

/** Sends until it is acknowledged: the key makes a repeat safe. Null when the load ends before. */
export async function post(
  { url, notes, signal }: Load,
  wire: string,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
  mayRepeat = true,
  // biome-ignore lint/suspicious/noExplicitAny: each wire knows the shape of its answers
): Promise<any> {
  const key = mayRepeat ? { "idempotency-key": randomUUID() } : {};
  while (!signal.aborted) {
    const answer = await fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...key, ...headers },
      body: body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body),
      signal: AbortSignal.timeout(TRY_MS),
    }).catch(() => null);
    const text = await answer?.text().catch(() => null);
    if (answer && typeof text === "string") {
      const parsed = parse(text);
      if (answer.ok && parsed) return parsed;
      count(notes.refusals, `${wire} ${answer.status}`);
      const words = JSON.stringify(parsed ?? "");
      // 500 is a bug, and whoever is refused is told why.
      if (answer.status < 502 || !/[a-z]{3,} [a-z]{2,}/.test(words))
        notes.wrong.push(`${wire}: ${answer.status} ${text.slice(0, 200)}`);
    } else count(notes.refusals, `${wire} broken off`);
    if (!mayRepeat) return null;
    await sleep(100);
  }
  return null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export const acknowledge = (load: Load, wire: string, userId: string, marker: string) =>
  void load.notes.acknowledged.set(marker, { wire, userId });

type Talk = {
  /** The next message, whenever it came. */
  next(): Promise<Record<string, unknown>>;
  say(message: object): Promise<Record<string, unknown>>;
};

/** One connection, as long as it lasts. */
export async function converse(
  load: Load,
  path: string,
  talk: (talk: Talk) => Promise<void>,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${load.port}${path}`, { headers });
  socket.on("error", () => {});
  const messages = on(socket, "message", { close: ["close"] });
  const next = async () => {
    const timer = setTimeout(() => {
      load.notes.wrong.push(`${path}: no answer in ${TRY_MS} ms on an open socket`);
      socket.terminate();
    }, TRY_MS);
    const { value, done } = await messages.next();
    clearTimeout(timer);
    if (done) throw new Error("closed");
    return JSON.parse(String(value[0])) as Record<string, unknown>;
  };
  const say = (message: object) => {
    socket.send(JSON.stringify(message));
    return next();
  };
  try {
    await Promise.race([once(socket, "open"), once(socket, "close").then(() => next())]);
    while (!load.signal.aborted) await talk({ next, say });
  } catch {
    count(load.notes.refusals, `${path.slice(0, 6)} closed`);
    await sleep(100);
  } finally {
    socket.terminate();
  }
}
