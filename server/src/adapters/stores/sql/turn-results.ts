import type { Conversation } from "../../../domain/conversation.ts";
import { type Message, NOT_GENERATED } from "../../../domain/message.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { BeginTurn, BegunTurn, NewConversation, TurnStore } from "../../../ports/store.ts";
import { conversationOf } from "./rows.ts";

/*
 * What storing a turn gives is only what the caller does not know: a store may do its writes in
 * another thread, and what comes back from there has its price. The rest is put together here.
 */

export type Ending = Parameters<TurnStore["finishReply"]>[2];

export type StoredTurn =
  | Exclude<BegunTurn, { kind: "begun" }>
  | {
      readonly kind: "begun";
      readonly created: boolean;
      /** Of the user's message. */
      readonly sequence: number;
      readonly replySequence: number;
      /** Null when it was created now. */
      readonly conversation: Conversation | null;
      /** The one that was stored before and is answered again; null when it was stored now. */
      readonly question: Message | null;
      readonly runningBefore: string | null;
    };

export type StoredEnding = {
  readonly conversationId: string;
  readonly sequence: number;
  readonly createdAt: number;
};

/** A conversation as the first turn in it makes it. */
export const begunConversation = (
  owner: Owner,
  conversation: NewConversation,
  turn: BeginTurn,
): Conversation =>
  conversationOf(owner, conversation, conversation.title ?? turn.title, turn.userMessage.createdAt);

export function begunTurn(owner: Owner, turn: BeginTurn, stored: StoredTurn): BegunTurn {
  if (stored.kind !== "begun") return stored;
  const conversation =
    stored.conversation ??
    (turn.target.kind === "existing"
      ? null
      : begunConversation(owner, turn.target.conversation, turn));
  if (!conversation) throw new Error("A conversation that exists was not given back");
  const { createdAt } = turn.userMessage;
  return {
    kind: "begun",
    conversation,
    created: stored.created,
    runningBefore: stored.runningBefore,
    userMessage: stored.question ?? {
      id: turn.userMessage.id,
      conversationId: conversation.id,
      sequence: stored.sequence,
      role: "user",
      content: turn.userMessage.content,
      model: null,
      status: "complete",
      ...NOT_GENERATED,
      ...(turn.userMessage.attachments && { attachments: turn.userMessage.attachments }),
      createdAt,
      finishedAt: createdAt,
    },
    reply: {
      id: turn.reply.id,
      conversationId: conversation.id,
      sequence: stored.replySequence,
      role: "assistant",
      content: "",
      model: turn.reply.model,
      status: "streaming",
      ...NOT_GENERATED,
      createdAt: replyTime(createdAt),
      finishedAt: null,
    },
  };
}

/** A reply is later than its question, also for clients that put messages in order by their times. */
export const replyTime = (questionCreatedAt: Date): Date =>
  new Date(questionCreatedAt.getTime() + 1);

export const finishedReply = (
  replyId: string,
  end: Ending,
  stored: StoredEnding | null,
): Message | null =>
  stored && {
    id: replyId,
    conversationId: stored.conversationId,
    sequence: stored.sequence,
    role: "assistant",
    content: end.content,
    parts: end.parts,
    model: end.model,
    status: end.status,
    usage: end.usage,
    reasoning: end.reasoning,
    reasoningMs: end.reasoningMs,
    finishReason: end.finishReason,
    interruptedBy: end.interruptedBy,
    error: end.error,
    createdAt: new Date(stored.createdAt),
    finishedAt: end.finishedAt,
  };
