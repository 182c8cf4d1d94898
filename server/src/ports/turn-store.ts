import type { Stamp } from "../domain/audit.ts";
import type { JsonObject } from "../domain/json.ts";
import type {
  FinishReason,
  Interruption,
  Message,
  MessageStatus,
  ReplyError,
  TurnRecord,
  Usage,
} from "../domain/message.ts";
import type { Part } from "../domain/parts.ts";
import type { Owner } from "../domain/principal.ts";
import type { ToolQuestion } from "../domain/tool-question.ts";
import type {
  BeginTurn,
  BegunTurn,
  Idempotency,
  NotedSteps,
  RepeatedTurn,
  ReplyAddition,
  ReplySteps,
} from "./turn-requests.ts";

/** A turn as it is stored. `userMessage` is the last of its input of that role, or its last, or what it answers. */
export type StoredTurn = {
  readonly userMessage: Message;
  readonly input: readonly Message[];
  readonly reply: Message;
};

/** A part of a list of turns (`TurnRecord.list`). */
export type TurnListQuery = {
  readonly list: string;
  /** The id of the reply after which it begins, in this order; null: the beginning. */
  readonly after: string | null;
  readonly order: "asc" | "desc";
  readonly limit: number;
};

export type AbandonedReply = {
  readonly owner: Owner;
  readonly replyId: string;
  /** It has steps, is still in progress, and is this server's from now on. Otherwise it has ended. */
  readonly isTaken: boolean;
};

/** How long a server counts as alive after its last sign of life. */
export const LEASE_MS = 6_000;

export interface TurnStore {
  /**
   * Stores the user's message and the reply to be, in the order of the calls. The reply's sequence
   * is the user message's plus one, unless it is a new answer to a stored question. A `place` that cannot
   * be is AppError `invalid_request`, in words.
   */
  beginTurn(owner: Owner, turn: BeginTurn): Promise<BegunTurn>;
  /** The turn that was begun with that key, however it ended; null: the key is unused. */
  findRepeated(owner: Owner, idempotency: Idempotency): Promise<RepeatedTurn | null>;
  /** The last of the owner's idempotency keys that begin so and were first used since then; null: there is none. */
  lastKey(owner: Owner, prefix: string, since: Date): Promise<string | null>;
  /** Stores the additions to replies in progress. A reply that is gone or has ended is skipped. */
  checkpoint(additions: readonly ReplyAddition[]): Promise<void>;
  /**
   * Stores how far a reply of several steps has come, with what was added to its parts, as one write. False if the reply is
   * gone, has ended, or was taken over by another server meanwhile: nothing is stored then.
   * @param questions about calls that wait from now on; one that is stored already stays as it is
   */
  noteSteps(
    owner: Owner,
    replyId: string,
    steps: NotedSteps,
    addition: ReplyAddition | null,
    questions?: readonly ToolQuestion[],
  ): Promise<boolean>;
  /** What was noted last of a reply in progress; null: it has had one step so far, or has ended. */
  replySteps(owner: Owner, replyId: string): Promise<ReplySteps | null>;
  /**
   * Ends a reply, once: null if it is gone or has ended already.
   * @param hasCheckpoints false where it is known that none was asked for: there is nothing to clear away
   */
  finishReply(
    owner: Owner,
    replyId: string,
    end: {
      readonly status: Exclude<MessageStatus, "streaming">;
      readonly content: string;
      readonly parts: readonly Part[] | null;
      readonly model: string;
      readonly usage: Usage | null;
      readonly reasoning: string | null;
      readonly reasoningMs: number | null;
      readonly finishReason: FinishReason | null;
      readonly interruptedBy: Interruption | null;
      readonly error: ReplyError | null;
      readonly finishedAt: Date;
    },
    hasCheckpoints?: boolean,
  ): Promise<Message | null>;
  /**
   * Keeps of an ended reply only that beginning of it, which was heard, and marks it
   * `interrupted` by its listener; also what a search finds. False if it is gone or in progress.
   */
  truncateReply(
    owner: Owner,
    replyId: string,
    kept: Pick<Message, "content" | "reasoning" | "parts">,
  ): Promise<boolean>;
  /** The last reply on the path of that branch (default: 0), in progress or ended, with its question. */
  latestTurn(owner: Owner, conversationId: string, branch?: number): Promise<StoredTurn | null>;
  /** The latest reply in progress before that sequence on the path of its branch; null: there is none. */
  replyRunningBefore(
    owner: Owner,
    conversationId: string,
    sequence: number,
  ): Promise<string | null>;
  /** The replies of the conversation that are in progress, on every branch, by sequence. */
  runningReplies(
    owner: Owner,
    conversationId: string,
  ): Promise<readonly { readonly id: string; readonly sequence: number }[]>;
  /** The turn of that reply. */
  getTurn(owner: Owner, replyId: string): Promise<StoredTurn | null>;
  /** The replies of that list's turns that have ended, in the order of their beginning; null: `after` is none of the owner's. */
  listTurns(owner: Owner, query: TurnListQuery): Promise<readonly Message[] | null>;
  /** Replaces what a wire keeps with the turn of that reply; false if there is none, or if it was begun without. */
  updateTurnRecord(owner: Owner, replyId: string, record: JsonObject): Promise<boolean>;
  /** What is kept with the turns of a conversation, on every branch. */
  turnRecords(owner: Owner, conversationId: string): Promise<TurnRecord[]>;
  /**
   * Takes back a turn of which nothing was said: deletes its reply with its input, and a conversation that is hidden, or
   * that the turn began, if nothing is left in it. False if it is gone.
   */
  removeTurn(owner: Owner, replyId: string, beganConversation?: boolean): Promise<boolean>;
  /**
   * Replies in progress whose server is gone become `interrupted` by a crash, with the text of their last
   * checkpoint; gives them, so that whoever watches one can be told. Never those of a server that
   * lives, and those with steps are not ended but taken over: a server calls this at its start and every second from then on, which is its sign of life.
   * One that was silent for LEASE_MS is gone; when it comes back, its replies have ended without it.
   */
  interruptAbandonedReplies(now: Date): Promise<readonly AbandonedReply[]>;
  /**
   * Undoes a turn that replaced messages: deletes its question and its reply, and restores each message as
   * it was. Returns how many came back.
   * @param replacedBy the id of the turn's question
   * @param stamp noted in the audit log
   * @throws AppError not_found where nothing of that is kept (any more), conflict where more was said since
   */
  restoreReplaced(
    owner: Owner,
    conversationId: string,
    replacedBy: string,
    stamp: Stamp,
  ): Promise<number>;
  /** Forgets for good what was replaced before that time. */
  forgetReplaced(before: Date): Promise<void>;
  /** Forgets idempotency keys that were first used before that time. */
  forgetIdempotencyKeys(before: Date): Promise<void>;
}
