import type { Conversation } from "../../../domain/conversation.ts";
import { type Message, NOT_GENERATED, UNTRUSTED } from "../../../domain/message.ts";
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
      /** Of the first message of the input. */
      readonly sequence: number;
      readonly replySequence: number;
      /** Null when it was created now. */
      readonly conversation: Conversation | null;
      /** The one that was stored before and is answered again; null when it was stored now. */
      readonly question: Message | null;
      /** What was stored before as the input of the turn; null: nothing was. */
      readonly input: readonly Message[] | null;
      /** The stored one right before the turn, where its input is empty. */
      readonly answered: Message | null;
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
  const { question } = stored;
  const own = question ? [question] : inputOf(turn, conversation.id, stored);
  const { id: mainId } = turn.userMessage;
  const [first] = own;
  const userMessage = question ?? own.find(({ id }) => id === mainId) ?? first ?? stored.answered;
  // An answer to a stored question with a record of its own has no input.
  const input = stored.input ?? (question && turn.turn ? [] : own);
  if (!userMessage) throw new Error("A turn without input is about no message");
  return {
    kind: "begun",
    conversation,
    created: stored.created,
    runningBefore: stored.runningBefore,
    userMessage,
    input,
    reply: replyOf(turn, conversation.id, stored.replySequence),
  };
}

/** The reply to be. */
export const replyOf = (
  { reply, turn, userMessage }: BeginTurn,
  conversationId: string,
  sequence: number,
): Message => ({
  id: reply.id,
  conversationId,
  sequence,
  role: "assistant",
  content: "",
  model: reply.model,
  status: "streaming",
  ...NOT_GENERATED,
  ...(turn && { turn }),
  createdAt: replyTime(userMessage.createdAt),
  finishedAt: null,
});

/** The messages of the input as they are stored. */
export const inputOf = (
  { input, userMessage, turn }: BeginTurn,
  conversationId: string,
  { sequence }: { readonly sequence: number },
): Message[] =>
  (input ?? [{ role: "user", reasoning: null, parts: null, ...userMessage } as const]).map(
    (message, place) => ({
      id: message.id,
      conversationId,
      sequence: sequence + place,
      role: message.role,
      content: message.content,
      model: null,
      status: "complete",
      ...NOT_GENERATED,
      reasoning: message.reasoning,
      parts: message.parts,
      ...(message.attachments && { attachments: message.attachments }),
      ...(turn?.isUntrusted && { turn: UNTRUSTED }),
      createdAt: message.createdAt,
      finishedAt: message.createdAt,
    }),
  );

/** How many messages a turn stores, with its reply. */
export const placesOf = ({ input }: BeginTurn): number => (input?.length ?? 1) + 1;

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
