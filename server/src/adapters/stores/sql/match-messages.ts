import type { Message } from "../../../domain/message.ts";
import type { NewMessage } from "../../../ports/store.ts";

/** A message of the new list: one that is stored and stays, or one to be added. */
type Place = { readonly stored: Message } | { readonly stored: null; readonly added: NewMessage };

/** Which stored messages go, and what the list is made of. */
export type Matches = { readonly removed: Message[]; readonly places: Place[] };

/**
 * Finds which stored messages the new list keeps. One that names a stored id is that message, if it
 * is unchanged; any other is the first message that says the same and that nothing else claimed.
 * A reply in progress stays right after its question; without its question it goes. It yields after each message of
 * either list: whoever drives it can do something else meanwhile.
 */
export function* matchMessages(
  stored: readonly Message[],
  list: readonly NewMessage[],
): Generator<void, Matches> {
  const ended = stored.filter((message) => message.status !== "streaming");
  const byId = new Map(ended.map((message) => [message.id, message]));
  const named = new Set(list.map((message) => message.id));

  const unclaimed = new Map<string, Message[]>();
  for (const message of ended.toReversed()) {
    yield;
    if (named.has(message.id)) continue;
    const same = unclaimed.get(sayingOf(message));
    if (same) same.push(message);
    else unclaimed.set(sayingOf(message), [message]);
  }

  const replies = new Map<Message, Message>();
  for (const [place, message] of stored.entries()) {
    const question = stored[place - 1];
    if (message.status === "streaming" && question) replies.set(question, message);
  }

  const kept = new Set<Message>();
  const places: Place[] = [];
  for (const added of list) {
    yield;
    const same = byId.get(added.id);
    const match = same
      ? sayingOf(same) === sayingOf(added) && same
      : unclaimed.get(sayingOf(added))?.pop();
    if (!match || kept.has(match)) {
      places.push({ stored: null, added });
      continue;
    }
    for (const message of [match, replies.get(match)]) {
      if (!message) continue;
      kept.add(message);
      places.push({ stored: message });
    }
  }
  return { removed: stored.filter((message) => !kept.has(message)), places };
}

const sayingOf = ({ role, content, createdAt }: Message | NewMessage): string =>
  `${role} ${createdAt.getTime()} ${content}`;
