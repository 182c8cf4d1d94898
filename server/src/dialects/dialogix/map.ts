import type { Static } from "typebox";
import type { Conversation } from "../../domain/conversation.ts";
import { unusualEndingOf } from "../../domain/finish-reason.ts";
import type { Message } from "../../domain/message.ts";
import type { HistoryBody } from "./schemas.ts";

export const SESSION_PREFIX = "session-";

/** What this wire calls a message. */
export const messageId = ({ id }: Message): string => `msg-${id}`;

/** What this wire calls a conversation: as its client named it, or by an id of ours. */
export const sessionId = ({ id, alias }: Conversation): string => alias ?? `${SESSION_PREFIX}${id}`;

/** A conversation's name in both spellings that clients of this wire read. */
export const nameBody = (name: string) => ({ conversation_id: name, conversationId: name });

/** The ending of a reply that did not end normally. */
export function unusualEnding(message: Message) {
  const { finishReason, ...rest } = unusualEndingOf(message);
  return { ...(finishReason && { finish_reason: finishReason }), ...rest };
}

export const historyBody = (messages: readonly Message[]): Static<typeof HistoryBody> => ({
  messages: messages.filter(saysSomething).map((message) => ({
    id: messageId(message),
    content: message.content,
    role: message.role,
    timestamp: message.createdAt.toISOString(),
    ...unusualEnding(message),
  })),
});

/** A reply that failed before its first word is not shown: this wire has no status to tell it by. */
const saysSomething = ({ role, content }: Message): boolean =>
  role !== "assistant" || content !== "";
