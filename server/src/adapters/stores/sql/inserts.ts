import type { Conversation } from "../../../domain/conversation.ts";
import type { Message, MessageStatus, Role } from "../../../domain/message.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type ConversationParameters = {
  id: string;
  tenantId: string;
  userId: string;
  title: string | null;
  isPinned: number;
  agentId: string | null;
  mode: string | null;
  origin: string;
  alias: string | null;
  nextSequence: number;
  createdAt: number;
  updatedAt: number;
};

type MessageParameters = {
  id: string;
  conversationId: string;
  tenantId: string;
  userId: string;
  sequence: number;
  role: Role;
  status: MessageStatus;
  model: string | null;
  usage: string | null;
  error: string | null;
  createdAt: number;
  finishedAt: number | null;
  content: string;
  reasoning: string | null;
};

export type Inserts = ReturnType<typeof createInserts>;

/** Storing whole conversations and messages, as creating, replacing and importing do. */
export function createInserts(write: StatementWriter) {
  const insertConversation = write<ConversationParameters>()((database, parameter) =>
    database
      .insertInto("conversations")
      .values({
        id: parameter.id,
        tenant_id: parameter.tenantId,
        owner_id: parameter.userId,
        title: parameter.title,
        is_pinned: parameter.isPinned,
        agent_id: parameter.agentId,
        mode: parameter.mode,
        origin: parameter.origin,
        alias: parameter.alias,
        next_sequence: parameter.nextSequence,
        created_at: parameter.createdAt,
        updated_at: parameter.updatedAt,
      })
      .onConflict((conflict) => conflict.doNothing()),
  );

  const insertMessage = write<MessageParameters>()((database, parameter) =>
    database
      .insertInto("messages")
      .values({
        id: parameter.id,
        conversation_id: parameter.conversationId,
        tenant_id: parameter.tenantId,
        owner_id: parameter.userId,
        sequence: parameter.sequence,
        role: parameter.role,
        status: parameter.status,
        model: parameter.model,
        usage: parameter.usage,
        error: parameter.error,
        created_at: parameter.createdAt,
        finished_at: parameter.finishedAt,
        content: parameter.content,
        reasoning: parameter.reasoning,
      })
      .onConflict((conflict) => conflict.doNothing()),
  );

  return {
    /** False if its id or alias is taken. */
    *conversation(
      owner: Owner,
      conversation: Conversation,
      nextSequence: number,
    ): Operation<boolean> {
      const inserted = yield* insertConversation.run({
        id: conversation.id,
        tenantId: owner.tenantId,
        userId: owner.userId,
        title: conversation.title,
        isPinned: conversation.isPinned ? 1 : 0,
        agentId: conversation.agentId,
        mode: conversation.mode,
        origin: conversation.origin,
        alias: conversation.alias,
        nextSequence,
        createdAt: conversation.createdAt.getTime(),
        updatedAt: conversation.updatedAt.getTime(),
      });
      return inserted > 0;
    },

    /** False if its id, or its place in the conversation, is taken. */
    *message(owner: Owner, message: Message): Operation<boolean> {
      const inserted = yield* insertMessage.run({
        id: message.id,
        conversationId: message.conversationId,
        tenantId: owner.tenantId,
        userId: owner.userId,
        sequence: message.sequence,
        role: message.role,
        status: message.status,
        model: message.model,
        usage: toJson(message.usage),
        error: toJson(message.error),
        createdAt: message.createdAt.getTime(),
        finishedAt: message.finishedAt === null ? null : message.finishedAt.getTime(),
        content: message.content,
        reasoning: message.reasoning,
      });
      return inserted > 0;
    },
  };
}

export const toJson = (value: object | null): string | null =>
  value === null ? null : JSON.stringify(value);
