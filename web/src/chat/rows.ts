import type { Message } from "@colloquy/client";
import type { LiveReply } from "./live/live-reply.ts";
import type { Thread } from "./thread-cache.ts";

/** What stands in a thread, one under the other. */
export type Row =
  | {
      readonly kind: "message";
      readonly key: string;
      readonly message: Message;
      readonly isLast: boolean;
      /** The id of the user's message before a reply. */
      readonly questionId: string | null;
    }
  /** What was said here and is not stored yet. */
  | {
      readonly kind: "sending";
      readonly key: string;
      readonly text: string;
      readonly live: LiveReply;
    }
  | { readonly kind: "reply"; readonly key: string; readonly live: LiveReply };

export function rowsOf(thread: Thread | undefined, live: LiveReply | null): readonly Row[] {
  const stored = thread?.messages ?? [];
  const cut = live?.replaces ? stored.findIndex(({ id }) => id === live.replaces) : -1;
  const messages = cut < 0 ? stored : stored.slice(0, cut);
  const lastIndex = live ? -1 : messages.length - 1;
  let questionId: string | null = null;
  const rows: Row[] = messages.map((message, index) => {
    if (message.role === "user") questionId = message.id;
    return { kind: "message", key: message.id, message, isLast: index === lastIndex, questionId };
  });
  if (!live) return rows;
  if (live.phase === "sending" || live.phase === "not_sent")
    rows.push({ kind: "sending", key: "sending", text: live.asked ?? "", live });
  if (live.phase !== "not_sent") rows.push({ kind: "reply", key: "reply", live });
  return rows;
}
