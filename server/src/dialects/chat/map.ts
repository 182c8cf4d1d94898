import type { Static } from "typebox";
import type { Conversation } from "../../domain/conversation.ts";
import type { Message } from "../../domain/message.ts";
import type { ConversationBody } from "./schemas.ts";

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
  })),
});

/** A reply that failed before its first word is not shown: this wire has no status to tell it by. */
const saysSomething = ({ role, content }: Message): boolean =>
  role !== "assistant" || content !== "";
