import type { TSchema } from "typebox";
import type { Conversation } from "../../domain/conversation.ts";
import { type AppError, notFound } from "../../domain/errors.ts";
import type { Owner, Principal } from "../../domain/principal.ts";
import { Type } from "../../http/schema.ts";
import { isUuid } from "../../http/uuid.ts";
import type { Fields } from "./messages.ts";
import type { McpParts } from "./parts.ts";

/** One call of a tool. */
export type ToolCall<Given> = {
  readonly principal: Principal;
  /** The arguments, which are as the tool's schema says. */
  readonly given: Given;
  /** What the message says of itself. */
  readonly meta: Fields;
  /** The request's Idempotency-Key, as it came. */
  readonly key: unknown;
  /** Tells a client that wants to know how far the call has come. `amount` grows. */
  readonly tell: (amount: number, words: string) => void;
  /** Aborted when nobody waits any more. */
  readonly gone: AbortSignal;
};

/** What a call gave: as the tool's schema of results says, unless it failed. */
export type ToolResult = { readonly result: object; readonly isError?: true };

export type McpTool = {
  /** As clients are told of it. */
  readonly definition: Readonly<Record<string, unknown>> & { readonly name: string };
  /** Whether its result may be long in coming, so that clients are told how far it has come. */
  readonly isLong: boolean;
  /** What is wrong with arguments; null: nothing. Fills in the defaults. */
  check(given: unknown): AppError | null;
  /** Null: nobody waits any more. @throws AppError */
  run(call: ToolCall<unknown>): Promise<ToolResult | null>;
};

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const Time = Type.String({ description: "ISO 8601, UTC." });

/** What a conversation is shown as. */
export const ConversationShape = Type.Object({
  conversation_id: Type.String(),
  title: Nullable(Type.String()),
  created_at: Time,
  updated_at: Time,
  is_pinned: Type.Boolean(),
  is_archived: Type.Boolean(),
});

export const shownConversation = (conversation: Conversation) => ({
  conversation_id: conversation.id,
  title: conversation.title,
  created_at: conversation.createdAt.toISOString(),
  updated_at: conversation.updatedAt.toISOString(),
  is_pinned: conversation.isPinned,
  is_archived: conversation.isArchived ?? false,
});

/**
 * A conversation that lists and searches show, too. Temporary ones, and those that a wire keeps for itself, are as
 * absent as no conversation. @throws AppError not_found
 */
export async function conversationOf(
  { conversations }: Pick<McpParts, "conversations">,
  owner: Owner,
  conversationId: string,
): Promise<Conversation> {
  const found = isUuid(conversationId) ? await conversations.get(owner, conversationId) : null;
  if (!found || found.isHidden) throw notFound("conversation");
  return found;
}
