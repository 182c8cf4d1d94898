import type { Static } from "typebox";
import { type Conversation, DEFAULT_TITLE } from "../../domain/conversation.ts";
import { unusualEndingOf } from "../../domain/finish-reason.ts";
import type { Message } from "../../domain/message.ts";
import { mapInPieces } from "../../domain/turns-of-the-loop.ts";
import type { ConversationBody } from "./schemas.ts";

export const conversationBody = async ({
  messages,
  ...conversation
}: Conversation & { readonly messages: readonly Message[] }): Promise<
  Static<typeof ConversationBody>
> => ({
  id: conversation.id,
  title: conversation.title ?? DEFAULT_TITLE,
  messages: (await mapInPieces(messages, messageBody)).filter((message) => message !== null),
  createdAt: conversation.createdAt.getTime(),
  updatedAt: conversation.updatedAt.getTime(),
  isPinned: conversation.isPinned,
  userId: conversation.userId,
  agentId: conversation.agentId,
  mode: conversation.mode,
});

const messageBody = (message: Message) =>
  saysSomething(message)
    ? {
        id: message.id,
        role: message.role,
        content: message.content,
        timestamp: message.createdAt.getTime(),
        ...unusualEndingOf(message),
      }
    : null;

/** A reply without text is left out, because a client must be able to send the list back as it got it. */
const saysSomething = ({ role, content }: Message): boolean =>
  role !== "assistant" || /\S/u.test(content);
