import type { Conversation } from "../../../domain/conversation.ts";
import { AppError } from "../../../domain/errors.ts";
import type {
  FinishReason,
  Interruption,
  Message,
  MessageStatus,
  Role,
} from "../../../domain/message.ts";
import type { Owner } from "../../../domain/principal.ts";
import { createProjectCheck } from "./project-check.ts";
import { fromParts } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type ConversationParameters = {
  id: string;
  tenantId: string;
  userId: string;
  title: string | null;
  isNamedByWords: number;
  isPinned: number;
  agentId: string | null;
  model: string | null;
  mode: string | null;
  origin: string;
  alias: string | null;
  activeBranch: number;
  nextBranch: number;
  isHidden: number;
  expiresAt: number | null;
  isArchived: number;
  projectId: string | null;
  metadata: string | null;
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
  reasoningMs: number | null;
  finishReason: FinishReason | null;
  interruptedBy: Interruption | null;
  attachments: string | null;
  parts: string | null;
  turn: string | null;
};

export type Inserts = ReturnType<typeof createInserts>;

/** Storing whole conversations and messages, as creating, replacing and importing do. */
export function createInserts(write: StatementWriter) {
  const projects = createProjectCheck(write);
  const insertConversation = write<ConversationParameters>()((database, parameter) =>
    database
      .insertInto("conversations")
      .values({
        id: parameter.id,
        tenant_id: parameter.tenantId,
        owner_id: parameter.userId,
        title: parameter.title,
        is_named_by_words: parameter.isNamedByWords,
        is_pinned: parameter.isPinned,
        agent_id: parameter.agentId,
        model: parameter.model,
        mode: parameter.mode,
        origin: parameter.origin,
        alias: parameter.alias,
        active_branch: parameter.activeBranch,
        next_branch: parameter.nextBranch,
        is_hidden: parameter.isHidden,
        expires_at: parameter.expiresAt,
        is_archived: parameter.isArchived,
        project_id: parameter.projectId,
        metadata: parameter.metadata,
        next_sequence: parameter.nextSequence,
        created_at: parameter.createdAt,
        updated_at: parameter.updatedAt,
      })
      .onConflict((conflict) => conflict.doNothing()),
  );

  const insertMessage = write<MessageParameters>()((database, parameter) =>
    database
      .insertInto("messages")
      .values(columnsOf(parameter))
      .onConflict((conflict) => conflict.doNothing()),
  );
  const insertMessages = write<Record<string, string | number | null>>()((database, parameter) =>
    database
      .insertInto("messages")
      .values(ROWS.map((row) => columnsOf(fieldsOf(parameter, row))))
      .onConflict((conflict) => conflict.doNothing()),
  );

  return {
    /**
     * False if its id or alias is taken.
     * @param isNamedByWords its title is the first words of its first message
     * @throws AppError not_found where its project is not there
     */
    *conversation(
      owner: Owner,
      conversation: Conversation,
      nextSequence: number,
      isNamedByWords = false,
    ): Operation<boolean> {
      if (conversation.projectId !== undefined)
        yield* projects.insist(owner, conversation.projectId);
      const inserted = yield* insertConversation.run({
        id: conversation.id,
        tenantId: owner.tenantId,
        userId: owner.userId,
        title: conversation.title,
        isNamedByWords: isNamedByWords ? 1 : 0,
        isPinned: conversation.isPinned ? 1 : 0,
        agentId: conversation.agentId,
        model: conversation.model,
        mode: conversation.mode,
        origin: conversation.origin,
        alias: conversation.alias,
        activeBranch: conversation.activeBranch,
        nextBranch: conversation.nextBranch,
        isHidden: conversation.isHidden ? 1 : 0,
        expiresAt: conversation.expiresAt?.getTime() ?? null,
        isArchived: conversation.isArchived ? 1 : 0,
        projectId: conversation.projectId ?? null,
        metadata: toJson(conversation.metadata ?? null),
        nextSequence,
        createdAt: conversation.createdAt.getTime(),
        updatedAt: conversation.updatedAt.getTime(),
      });
      return inserted > 0;
    },

    /** False if its id, or its place in the conversation, is taken. */
    *message(owner: Owner, message: Message): Operation<boolean> {
      return (yield* insertMessage.run(parametersOf(owner, message))) > 0;
    },

    /** Many at a time. @throws AppError conflict if an id, or a place in the conversation, is taken */
    *messages(owner: Owner, messages: readonly Message[]): Operation<void> {
      const whole = messages.length - (messages.length % ROWS.length);
      let inserted = 0;
      for (let at = 0; at < whole; at += ROWS.length) {
        const fields = ROWS.flatMap((row) =>
          Object.entries(parametersOf(owner, messages[at + row] as Message)).map(
            ([name, value]) => [`${name}${row}`, value] as const,
          ),
        );
        inserted += yield* insertMessages.run(Object.fromEntries(fields));
      }
      for (const message of messages.slice(whole))
        inserted += yield* insertMessage.run(parametersOf(owner, message));
      if (inserted < messages.length)
        throw new AppError("conflict", "A message of that id exists already");
    },
  };
}

/** Of one statement. */
const ROWS = Array.from({ length: 32 }, (_, row) => row);

const columnsOf = (given: MessageParameters) => ({
  id: given.id,
  conversation_id: given.conversationId,
  tenant_id: given.tenantId,
  owner_id: given.userId,
  sequence: given.sequence,
  role: given.role,
  status: given.status,
  model: given.model,
  usage: given.usage,
  error: given.error,
  created_at: given.createdAt,
  finished_at: given.finishedAt,
  content: given.content,
  reasoning: given.reasoning,
  reasoning_ms: given.reasoningMs,
  finish_reason: given.finishReason,
  interrupted_by: given.interruptedBy,
  attachments: given.attachments,
  parts: given.parts,
  turn: given.turn,
});

/** The parameters of one of many rows, which have its number behind their names. */
const fieldsOf = (given: Record<string, unknown>, row: number): MessageParameters =>
  new Proxy({} as MessageParameters, { get: (_, name) => given[`${String(name)}${row}`] });

const parametersOf = (owner: Owner, message: Message): MessageParameters => ({
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
  reasoningMs: message.reasoningMs,
  finishReason: message.finishReason,
  interruptedBy: message.interruptedBy,
  attachments: message.attachments ? JSON.stringify(message.attachments) : null,
  parts: fromParts(message.parts),
  turn: message.turn ? JSON.stringify(message.turn) : null,
});

export const toJson = (value: object | null): string | null =>
  value === null ? null : JSON.stringify(value);
