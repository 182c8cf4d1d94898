import type { TurnTarget } from "../../core/turns/turn.ts";
import { type ChatParts, ORIGIN } from "./parts.ts";

/**
 * Where a message goes: on in that conversation; with null into a new one; and where none is named
 * on in the user's latest, unless that has been idle for too long.
 */
export function targetOf(
  { conversations, chatIdleMs, now }: Pick<ChatParts, "conversations" | "chatIdleMs" | "now">,
  conversationId: string | null | undefined,
): TurnTarget {
  if (conversationId) return { kind: "existing", conversationId };
  const conversation = conversations.draft(ORIGIN);
  if (conversationId === null) return { kind: "new", conversation };
  return { kind: "latest", usedAfter: new Date(now().getTime() - chatIdleMs), conversation };
}
