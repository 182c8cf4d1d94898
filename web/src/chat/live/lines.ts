import type { Message, Reply } from "@colloquy/client";
import { atNextFrame } from "./at-next-frame.ts";
import {
  type LiveReply,
  newKey,
  type SendEvents,
  type Sending,
  START,
  type Unsent,
} from "./live-reply.ts";

/** A message on its way, or a reply that is watched. */
export type Running = {
  /** The conversation's id, or NEW. */
  key: string;
  snapshot: LiveReply;
  reply: Reply | null;
  /** What to send; null for a reply that is only watched. */
  readonly sending: Sending | null;
  readonly events: SendEvents | null;
  /** Whether the attempt that runs, or ran last, has stored the message. */
  storing: Promise<boolean>;
  readonly watching: AbortController;
};

export type Lines = ReturnType<typeof createLines>;

const NONE: readonly LiveReply[] = [];

/**
 * What runs in each conversation, in order. The first of a line is its running reply, or the message
 * that will have it; those behind it are messages that have not reached the server.
 * @param onAsked called where a reply begins or ceases to wait for a decision
 */
export function createLines(onAsked: (key: string) => void) {
  const lines = new Map<string, readonly Running[]>();
  /** The snapshots of those behind, the same list until one changes. */
  const behind = new Map<string, readonly LiveReply[]>();
  const listeners = new Set<() => void>();
  const publish = () => {
    for (const listener of listeners) listener();
  };
  const publishSoon = atNextFrame(publish);
  const put = (key: string, line: readonly Running[]) => {
    if (line.length === 0) lines.delete(key);
    else lines.set(key, line);
    behind.set(
      key,
      line.slice(1).map(({ snapshot }) => snapshot),
    );
    if (line.length < 2) behind.delete(key);
  };
  const of = (key: string): readonly Running[] => lines.get(key) ?? [];

  return {
    of,
    first: (key: string): Running | undefined => of(key)[0],
    all: () => [...lines.values()],
    get: (key: string): LiveReply | null => of(key)[0]?.snapshot ?? null,
    behind: (key: string): readonly LiveReply[] => behind.get(key) ?? NONE,

    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    update(entry: Running, change: Partial<LiveReply>, isUrgent = true): void {
      const isWaiting = entry.snapshot.phase === "waiting";
      entry.snapshot = { ...entry.snapshot, ...change };
      if (isWaiting !== (entry.snapshot.phase === "waiting")) onAsked(entry.key);
      const line = of(entry.key);
      if (line.includes(entry) && line[0] !== entry) put(entry.key, line);
      if (isUrgent) publish();
      else publishSoon();
    },

    /** At the end of the line. */
    add(
      key: string,
      snapshot: Partial<LiveReply>,
      sending: Sending | null = null,
      events: SendEvents | null = null,
    ): Running {
      const entry: Running = {
        key,
        snapshot: { ...START, id: newKey(), ...snapshot },
        reply: null,
        sending,
        events,
        storing: Promise.resolve(false),
        watching: new AbortController(),
      };
      put(key, [...of(key), entry]);
      publish();
      return entry;
    },

    remove(entry: Running): void {
      if (entry.snapshot.phase === "waiting") onAsked(entry.key);
      put(
        entry.key,
        of(entry.key).filter((one) => one !== entry),
      );
      publish();
    },

    /** The new conversation has an id. */
    move(from: string, to: string): void {
      const line = of(from);
      for (const entry of line) entry.key = to;
      put(from, []);
      put(to, line);
      publish();
    },

    clear(): void {
      lines.clear();
      behind.clear();
    },
  };
}

/** Their words and files, one after the other; null: there is none of them. */
export function unsentOf(entries: readonly Running[]): Unsent | null {
  if (entries.length === 0) return null;
  const snapshots = entries.map(({ snapshot }) => snapshot);
  return {
    text: snapshots.map(({ asked }) => asked).join("\n\n"),
    files: snapshots.flatMap(({ files }) => files),
  };
}

/** Whether the reply to that message is among them. */
export function isAnswered(
  messages: readonly Message[] | undefined,
  userMessage: Message | null,
): boolean {
  const at = messages?.findIndex(({ id }) => id === userMessage?.id) ?? -1;
  return at >= 0 && messages?.[at + 1]?.role === "assistant";
}

/** The first message after that one which has no reply yet. */
export function nextWaiting(
  messages: readonly Message[] | undefined,
  after: Message | null,
): Message | null {
  const at = messages?.findIndex(({ id }) => id === after?.id) ?? -1;
  if (!messages || at < 0) return null;
  return (
    messages.find(
      ({ role }, index) =>
        index > at && role === "user" && messages[index + 1]?.role !== "assistant",
    ) ?? null
  );
}
