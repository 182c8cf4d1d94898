import type { Conversation } from "../domain/conversation.ts";
import type { Attachment } from "../domain/file.ts";
import type { Message } from "../domain/message.ts";
import type { Owner } from "../domain/principal.ts";

export type NewConversation = {
  readonly id: string;
  readonly title: string | null;
  readonly isPinned: boolean;
  readonly agentId: string | null;
  readonly model: string | null;
  readonly mode: string | null;
  readonly origin: string;
  readonly alias: string | null;
  readonly createdAt: Date;
};

/** Which conversation a turn belongs to. Resolved inside the transaction that stores the message. */
export type TurnTarget =
  | {
      readonly kind: "existing";
      readonly conversationId: string;
      /** The message that this turn replaces, together with everything after it (see `restoreReplaced`). */
      readonly replaceFrom?: string;
      /** The actor of the replacement, for the audit log. */
      readonly actor?: string;
    }
  | { readonly kind: "new"; readonly conversation: NewConversation }
  /** The owner's conversation of that alias (`conversation.alias`), or the new one. */
  | { readonly kind: "alias"; readonly conversation: NewConversation }
  /**
   * The owner's conversation of `conversation.origin` that was used last, if that was after `usedAfter`,
   * or the new one.
   */
  | { readonly kind: "latest"; readonly usedAfter: Date; readonly conversation: NewConversation };

export type BeginTurn = {
  readonly target: TurnTarget;
  readonly userMessage: {
    readonly id: string;
    readonly content: string;
    /** Files of the owner. @throws AppError not_found, of the turn, when one is gone; nothing is stored then */
    readonly attachments?: readonly Attachment[];
    readonly createdAt: Date;
  };
  /** The assistant's message to be: stored at once with status `streaming`, so that a crash finds it. */
  readonly reply: { readonly id: string; readonly model: string };
  /** Title for a conversation that has none yet. */
  readonly title: string;
  /**
   * The same key and fingerprint give the first turn again; where its reply may be generated again
   * (domain/turn.ts), it begins that: with a new reply to the stored message, which keeps its place.
   */
  readonly idempotency?: Idempotency;
};

/**
 * What makes a request repeatable, for every method that takes it. The key is stored in the transaction
 * of what the first request made. Another request of the owner with that key makes nothing: with the same
 * fingerprint it gets what was made, as it is now, or AppError `not_found` where that is gone; with another
 * one AppError `conflict`. What is shown only once (keys, tickets) is `conflict` for every repeat.
 */
export type Idempotency = { readonly key: string; readonly fingerprint: string };

/** Of a request for something that belongs to no owner: whose request it was. */
export type OwnedIdempotency = Idempotency & { readonly owner: Owner };

export type BegunTurn =
  | {
      readonly kind: "begun";
      readonly conversation: Conversation;
      readonly created: boolean;
      readonly userMessage: Message;
      readonly reply: Message;
      /** The latest of the conversation's earlier replies that are in progress; null: there is none. */
      readonly runningBefore: string | null;
    }
  | RepeatedTurn;

/** Nothing was stored. */
export type RepeatedTurn =
  /** The idempotency key was used before, with the same fingerprint. */
  | {
      readonly kind: "repeated";
      readonly conversation: Conversation;
      readonly userMessage: Message;
      readonly reply: Message;
    }
  /** The idempotency key was used before, with another fingerprint. */
  | { readonly kind: "conflict" }
  /** The conversation (or its message to be replaced, or the messages of a repeated key) is not there. */
  | { readonly kind: "not_found" };
