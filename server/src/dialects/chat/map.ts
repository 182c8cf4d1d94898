import type { Static } from "typebox";
import type { Conversation } from "../../domain/conversation.ts";
import { unusualEndingOf } from "../../domain/finish-reason.ts";
import type { Message } from "../../domain/message.ts";
import type { ConversationBody } from "./schemas.ts";

/** The ending of a reply that did not end normally. */
export function unusualEnding(message: Message) {
  const { finishReason, ...rest } = unusualEndingOf(message);
  return { ...(finishReason && { finish_reason: finishReason }), ...rest };
}

export const conversationBody = (
  { id, userId, createdAt }: Conversation,
  messages: readonly Message[],
): Static<typeof ConversationBody> => ({
  id,
  user_id: userId,
  created_at: createdAt.toISOString(),
  messages: messages.filter(saysSomething).map((message) => ({
    id: message.id,
    content: message.content,
    role: message.role,
    created_at: message.createdAt.toISOString(),
    ...unusualEnding(message),
  })),
});

/** A reply that failed before its first word is not shown: this wire has no status to tell it by. */
const saysSomething = ({ role, content }: Message): boolean =>
  role !== "assistant" || content !== "";
