// Fills a server with conversations, as an import does.
import { randomUUID } from "node:crypto";
import { createClient } from "@colloquy/client";

const AT_ONCE = 100;

/**
 * The newest at `now`; every other one is of an earlier day, as many on each day, around its noon, so that neither the
 * hour nor a change of the clocks moves one to another day.
 * @param days how many days back they go
 */
export function madeUpConversations(count: number, days: number, now: Date) {
  const aDay = Math.ceil((count - 1) / days);
  const noonBefore = (daysAgo: number): number =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() - daysAgo, 12).getTime();
  return Array.from({ length: count }, (_, index) => {
    const earlier = index - 1;
    const at =
      index === 0
        ? now.getTime()
        : noonBefore(1 + Math.floor(earlier / aDay)) - (earlier % aDay) * 1000;
    return {
      id: `made-up-${index}`,
      title: `Conversation ${index}`,
      createdAt: at,
      updatedAt: at,
      messages: [
        { id: "q", role: "user", content: `Question ${index}`, timestamp: at },
        { id: "a", role: "assistant", content: `Answer ${index}`, timestamp: at },
      ],
    };
  });
}

/** Older than anything that a test says by itself, at whatever date it runs. */
const LONG_AGO = new Date(2020, 2, 1, 12);

export function longConversation(messages: number) {
  const start = LONG_AGO.getTime();
  return {
    id: "long",
    title: "A long conversation",
    createdAt: start,
    messages: Array.from({ length: messages }, (_, index) => ({
      id: `m${index}`,
      role: index % 2 ? "assistant" : "user",
      content: index % 2 ? `Reply ${index}\n\n- with a **list**\n- of two` : `Message ${index}`,
      timestamp: start + index * 1000,
    })),
  };
}

export async function seed(serverUrl: string, conversations: readonly object[]): Promise<void> {
  const client = createClient({ baseUrl: serverUrl, token: "local" });
  for (let start = 0; start < conversations.length; start += AT_ONCE) {
    const { failed } = await client.conversations.import(
      conversations.slice(start, start + AT_ONCE),
    );
    if (failed.length) throw new Error(JSON.stringify(failed));
  }
}

/**
 * A conversation of so many messages for one test alone.
 * @returns its id, title and address in the page, and what the server has of it
 */
export async function conversationOf(serverUrl: string, count: number) {
  const title = `About ${randomUUID().slice(0, 8)}`;
  await seed(serverUrl, [{ ...longConversation(count), id: title, title }]);
  const client = createClient({ baseUrl: serverUrl, token: "local" });
  const { items } = await client.conversations.list({ limit: 100 });
  const id = items.find((conversation) => conversation.title === title)?.id ?? "";
  const list = (branch?: number) => client.messages.list(id, { branch });
  const { length } = await list();
  if (length !== count) throw new Error(`It has ${length} messages instead of ${count}`);
  return { id, title, path: `c/${id}`, client, list };
}
