// Fills a server with conversations, as an import does.
import { createClient } from "@colloquy/client";

const AT_ONCE = 100;
const DAY_MS = 86_400_000;

/** @param days how many days back they go, evenly */
export function madeUpConversations(count: number, days: number, now = Date.now()) {
  return Array.from({ length: count }, (_, index) => {
    const at = now - (index * days * DAY_MS) / count;
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

export function longConversation(messages: number) {
  const start = Date.now() - messages * 1000;
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
