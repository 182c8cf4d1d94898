import { type Message, partsOf } from "../../domain/message.ts";
import type { Part } from "../../domain/parts.ts";

/**
 * A message as this wire shows it: one of the user's, or a reply with what the page's tools gave and the replies that
 * went on from there.
 */
export type Entry = {
  /** The id under which the client knows it. */
  readonly id: string;
  /** The id of the first message in the store. */
  readonly storedId: string;
  readonly role: "user" | "assistant" | "system";
  /** The messages of the store, in order; empty: the reply is still being generated. */
  readonly messages: readonly Message[];
};

/** What this wire keeps with a turn: what its client calls the messages, by their ids in the store. */
const IDS = "uiIds";

export const recordOf = (ids: Readonly<Record<string, string>>) => ({ [IDS]: ids });

function idsIn({ turn }: Message): Readonly<Record<string, unknown>> {
  const ids = turn?.record?.[IDS];
  return typeof ids === "object" && ids !== null && !Array.isArray(ids) ? { ...ids } : {};
}

/** The messages of a path as this wire shows them. */
export function entriesOf(path: readonly Message[]): Entry[] {
  const names = new Map<string, string>();
  for (const message of path)
    for (const [storedId, id] of Object.entries(idsIn(message)))
      if (typeof id === "string") names.set(storedId, id);
  const entries: Entry[] = [];
  for (const message of path) {
    const { id: storedId, role } = message;
    const last = entries.at(-1);
    const goesOn =
      role === "tool" || (role === "assistant" && last?.messages.at(-1)?.role === "tool");
    if (goesOn && last?.role === "assistant")
      entries[entries.length - 1] = { ...last, messages: [...last.messages, message] };
    else if (role === "user" || role === "assistant" || role === "system")
      entries.push({ id: names.get(storedId) ?? storedId, storedId, role, messages: [message] });
  }
  return entries;
}

/** All parts of an entry, in order. */
export const partsIn = ({ messages }: Pick<Entry, "messages">): Part[] =>
  messages.flatMap((message) => partsOf(message));
