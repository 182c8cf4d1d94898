import type { Static } from "typebox";
import { type Conversation, DEFAULT_TITLE } from "../../domain/conversation.ts";
import { unusualEndingOf } from "../../domain/finish-reason.ts";
import type { Message } from "../../domain/message.ts";
import type { ConversationBody } from "./schemas.ts";

export const conversationBody = ({
  messages,
  ...conversation
}: Conversation & { readonly messages: readonly Message[] }): Static<typeof ConversationBody> => ({
  id: conversation.id,
  title: conversation.title ?? DEFAULT_TITLE,
  messages: messages.filter(saysSomething).map((message) => ({
    id: message.id,
    role: message.role,
    content: message.content,
    timestamp: message.createdAt.getTime(),
    ...unusualEndingOf(message),
  })),
  createdAt: conversation.createdAt.getTime(),
  updatedAt: conversation.updatedAt.getTime(),
  isPinned: conversation.isPinned,
  userId: conversation.userId,
  agentId: conversation.agentId,
  mode: conversation.mode,
});

/** A reply without words is not shown: a list that is sent back as it came must be one that is taken. */
const saysSomething = ({ role, content }: Message): boolean =>
  role !== "assistant" || /\S/u.test(content);
