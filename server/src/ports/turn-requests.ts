import type { Conversation, ConversationMetadata } from "../domain/conversation.ts";
import type { Attachment } from "../domain/file.ts";
import type { JsonObject } from "../domain/json.ts";
import type { Message, TurnRecord } from "../domain/message.ts";
import type { PartLayout } from "../domain/part-layout.ts";
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
  /** As in Conversation; absent: false. */
  readonly isHidden?: true;
  /** As in Conversation. */
  readonly expiresAt?: Date;
  /** As in Conversation. */
  readonly metadata?: ConversationMetadata;
  /** As in Conversation; one that is not there fails the write: AppError not_found. */
  readonly projectId?: string;
  readonly createdAt: Date;
};

/** Which conversation a turn belongs to. Resolved inside the transaction that stores the message. */
export type TurnTarget =
  | {
      readonly kind: "existing";
      readonly conversationId: string;
      /** Where in its tree; absent: at the end of its active branch. The branch of the turn becomes the active one. */
      readonly place?: TurnPlace;
      /**
       * The message that this turn replaces, together with everything after it on every branch (see
       * `restoreReplaced`). Not together with `place`.
       */
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

/** Where a turn begins in a conversation that has, or is to have, several branches. */
export type TurnPlace =
  /** At the end of that branch. */
  | { readonly kind: "branch"; readonly branch: number }
  /** On a branch of its own, as a version of that question. */
  | { readonly kind: "version"; readonly questionId: string }
  /** On a branch of its own, with a new answer to that stored question: the turn's `userMessage` is not stored. */
  | { readonly kind: "answer"; readonly questionId: string }
  /** Right after that message: at the end of its branch if nothing follows it there, and otherwise on a branch of its own. */
  | { readonly kind: "after"; readonly messageId: string };

export type BeginTurn = {
  readonly target: TurnTarget;
  /** Of a turn with an `input` the message of it that the turn is about. */
  readonly userMessage: {
    readonly id: string;
    readonly content: string;
    /** Files of the owner. @throws AppError not_found, of the turn, when one is gone; nothing is stored then */
    readonly attachments?: readonly Attachment[];
    readonly createdAt: Date;
  };
  /**
   * All messages of the turn, oldest first, in place of `userMessage` alone. None: the turn is a reply to what is stored,
   * after the message of its `place`. Only together with `turn`, and not with a new answer to a stored question.
   */
  readonly input?: readonly NewInput[];
  /**
   * What is kept with the reply; `inputs` is how many messages `input` has. That they are untrusted is kept with each of
   * them, too. Absent: nothing.
   */
  readonly turn?: TurnRecord;
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

/** A message of a turn's input. */
export type NewInput = Pick<
  Message,
  "id" | "role" | "content" | "reasoning" | "parts" | "createdAt"
> & {
  readonly attachments?: readonly Attachment[];
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
      /** All messages of the input. */
      readonly input: readonly Message[];
      readonly reply: Message;
      /** The latest of the earlier replies on the turn's path that are in progress; null: there is none. */
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
      readonly input: readonly Message[];
      readonly reply: Message;
    }
  /** The idempotency key was used before, with another fingerprint. */
  | { readonly kind: "conflict" }
  /** The conversation (or the message that `place` or `replaceFrom` names, or the messages of a repeated key) is not there. */
  | { readonly kind: "not_found" };

/** How far a reply of several steps has come. */
export type NotedSteps = {
  /** How often another server has taken it over; 0: the server that began it has it. */
  readonly epoch: number;
  /** As core/tools/step-state.ts describes it. */
  readonly state: JsonObject;
};

export type ReplySteps = NotedSteps & {
  /** Whether it waits for a decision, and no server has it. */
  readonly isParked: boolean;
};

/** What was added to a reply in progress since its last checkpoint. */
export type ReplyAddition = {
  readonly owner: Owner;
  readonly replyId: string;
  /** 0, 1, 2, … for each reply. An addition with the same number replaces the earlier one. */
  readonly number: number;
  readonly content: string;
  readonly reasoning: string;
  /**
   * Null while the reply is its reasoning and then one part of text. The first that is not null lays out all of the
   * reply, those after it what was added.
   */
  readonly layout: PartLayout | null;
};
