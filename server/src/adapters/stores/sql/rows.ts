import type { Selectable } from "kysely";
import type { Agent } from "../../../domain/agent.ts";
import { TRUNK } from "../../../domain/branches.ts";
import type { Conversation } from "../../../domain/conversation.ts";
import type { StoredFile } from "../../../domain/file.ts";
import type { ApiKey } from "../../../domain/key.ts";
import { type Message, NOT_GENERATED } from "../../../domain/message.ts";
import type { ModelPatterns } from "../../../domain/model-patterns.ts";
import { layOut, partsFrom } from "../../../domain/part-layout.ts";
import { after, type Part } from "../../../domain/parts.ts";
import type { Owner } from "../../../domain/principal.ts";
import { nearestMoment } from "../../../domain/time.ts";
import type { NewConversation, NewMessage } from "../../../ports/store.ts";
import type { Statement, Value } from "./statement.ts";
import type { Tables } from "./tables.ts";

export const CONVERSATION_COLUMNS = [
  "id",
  "owner_id",
  "title",
  "is_pinned",
  "agent_id",
  "model",
  "mode",
  "origin",
  "alias",
  "active_branch",
  "next_branch",
  "is_hidden",
  "metadata",
  "created_at",
  "updated_at",
  "expires_at",
  "is_archived",
  "project_id",
] as const;

export const MESSAGE_COLUMNS = [
  "id",
  "conversation_id",
  "sequence",
  "role",
  "status",
  "model",
  "usage",
  "error",
  "created_at",
  "finished_at",
  "content",
  "reasoning",
  "reasoning_ms",
  "finish_reason",
  "interrupted_by",
  "attachments",
  "parts",
  "turn",
] as const;

type ConversationRow = Pick<
  Selectable<Tables["conversations"]>,
  (typeof CONVERSATION_COLUMNS)[number]
>;
type MessageRow = Pick<Selectable<Tables["messages"]>, (typeof MESSAGE_COLUMNS)[number]>;
type ArrayOf<Row, Columns extends readonly (keyof Row)[]> = {
  readonly [Place in keyof Columns]: Row[Columns[Place]];
};
/** The columns of a conversation, in their order. */
type ConversationArray = ArrayOf<ConversationRow, typeof CONVERSATION_COLUMNS>;
/** The columns of a message, in their order. */
export type MessageArray = ArrayOf<MessageRow, typeof MESSAGE_COLUMNS>;

/** The statement, which selects MESSAGE_COLUMNS, with its rows as `toMessage` takes them. */
export const inMessageArrays = <Given extends Record<string, Value>>(
  statement: Statement<Given, MessageRow>,
): Statement<Given, MessageArray> => statement.inArrays<MessageArray>();

/** The statement, which selects CONVERSATION_COLUMNS, with its rows as `conversationOfArray` takes them. */
export const inConversationArrays = <Given extends Record<string, Value>>(
  statement: Statement<Given, ConversationRow>,
): Statement<Given, ConversationArray> => statement.inArrays<ConversationArray>();

export const conversationOfArray = (row: ConversationArray): Conversation => ({
  id: row[0],
  userId: row[1],
  title: row[2],
  isPinned: row[3] !== 0,
  agentId: row[4],
  model: row[5],
  mode: row[6],
  origin: row[7],
  alias: row[8],
  activeBranch: row[9],
  nextBranch: row[10],
  ...(row[11] !== 0 && { isHidden: true as const }),
  ...(row[12] !== null && { metadata: JSON.parse(row[12]) }),
  createdAt: nearestMoment(row[13]),
  updatedAt: nearestMoment(row[14]),
  ...(row[15] !== null && { expiresAt: nearestMoment(row[15]) }),
  ...(row[16] !== 0 && { isArchived: true as const }),
  ...(row[17] !== null && { projectId: row[17] }),
});

/** The same where a statement selects more than CONVERSATION_COLUMNS. */
export const toConversation = (row: ConversationRow): Conversation =>
  conversationOfArray([
    ...([row.id, row.owner_id, row.title, row.is_pinned, row.agent_id, row.model] as const),
    ...([row.mode, row.origin, row.alias, row.active_branch, row.next_branch] as const),
    ...([row.is_hidden, row.metadata, row.created_at, row.updated_at, row.expires_at] as const),
    row.is_archived,
    row.project_id,
  ]);

export function toMessage(row: MessageArray): Message {
  const usage = row[6];
  const error = row[7];
  const finishedAt = row[9];
  const attachments = row[15];
  const turn = row[17];
  return {
    id: row[0],
    conversationId: row[1],
    sequence: row[2],
    role: row[3],
    content: row[10],
    parts: toParts(row[10], row[11], row[16]),
    model: row[5],
    status: row[4],
    usage: usage === null ? null : JSON.parse(usage),
    reasoning: row[11],
    reasoningMs: row[12],
    finishReason: row[13],
    interruptedBy: row[14],
    error: error === null ? null : JSON.parse(error),
    ...(attachments !== null && { attachments: JSON.parse(attachments) }),
    ...(turn !== null && { turn: JSON.parse(turn) }),
    createdAt: nearestMoment(row[8]),
    finishedAt: finishedAt === null ? null : nearestMoment(finishedAt),
  };
}

/** The parts of a message whose column `parts` has that. */
export const toParts = (
  content: string,
  reasoning: string | null,
  layout: string | null,
): readonly Part[] | null =>
  layout === null
    ? null
    : partsFrom({ content, reasoning: reasoning ?? "", layout: JSON.parse(layout) });

/** What the column `parts` has of a message. */
export const fromParts = (parts: readonly Part[] | null): string | null =>
  parts && JSON.stringify(layOut(after(parts, 0)).layout);

export const toAgent = (row: Selectable<Tables["agents"]>): Agent => ({
  id: row.id,
  name: row.name,
  instructions: row.instructions,
  model: row.model,
  temperature: row.temperature,
  voice: row.voice,
  tools: row.tools === null ? null : JSON.parse(row.tools),
  createdAt: new Date(row.created_at),
  updatedAt: new Date(row.updated_at),
});

export const toFile = (row: Selectable<Tables["files"]>): StoredFile => ({
  id: row.id,
  name: row.name,
  mediaType: row.media_type,
  bytes: Number(row.bytes),
  sha256: row.sha256,
  state: row.state,
  width: row.width,
  height: row.height,
  createdAt: new Date(row.created_at),
});

export const toPatterns = (models: string | null): ModelPatterns | null =>
  models === null ? null : JSON.parse(models);

export const fromPatterns = (models: ModelPatterns | null): string | null =>
  models && JSON.stringify(models);

export const toApiKey = (row: Selectable<Tables["api_keys"]>): ApiKey => ({
  id: row.id,
  prefix: row.prefix,
  hash: row.hash,
  name: row.name,
  tenantId: row.tenant_id,
  userId: row.user_id,
  actAs: row.act_as !== 0,
  isOperator: row.is_operator !== 0,
  models: toPatterns(row.models),
  createdAt: new Date(row.created_at),
  revokedAt: row.revoked_at === null ? null : new Date(row.revoked_at),
});

/** What a new conversation is once it is stored. */
export const conversationOf = (
  owner: Owner,
  conversation: NewConversation,
  title: string | null,
  updatedAt: Date,
): Conversation => ({
  id: conversation.id,
  userId: owner.userId,
  title,
  isPinned: conversation.isPinned,
  agentId: conversation.agentId,
  model: conversation.model,
  mode: conversation.mode,
  origin: conversation.origin,
  alias: conversation.alias,
  activeBranch: TRUNK,
  nextBranch: 1,
  ...(conversation.isHidden && { isHidden: true as const }),
  ...(conversation.expiresAt && { expiresAt: conversation.expiresAt }),
  ...(conversation.metadata && { metadata: conversation.metadata }),
  ...(conversation.projectId && { projectId: conversation.projectId }),
  createdAt: conversation.createdAt,
  updatedAt,
});

/** What a new message is once it is stored. */
export const messageOf = (
  conversationId: string,
  sequence: number,
  message: NewMessage,
): Message => ({
  id: message.id,
  conversationId,
  sequence,
  role: message.role,
  content: message.content,
  model: message.model,
  status: "complete",
  ...NOT_GENERATED,
  parts: message.parts ?? null,
  reasoning: message.reasoning ?? null,
  ...(message.attachments && { attachments: message.attachments }),
  createdAt: message.createdAt,
  finishedAt: message.createdAt,
});
