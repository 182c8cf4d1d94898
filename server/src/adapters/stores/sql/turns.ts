import type { Conversation } from "../../../domain/conversation.ts";
import { AppError } from "../../../domain/errors.ts";
import type { Owner } from "../../../domain/principal.ts";
import { mayGenerateAgain } from "../../../domain/turn.ts";
import type {
  BeginTurn,
  NewConversation,
  ReplyAddition,
  TurnStore,
  TurnTarget,
} from "../../../ports/store.ts";
import { type AppendAuditEvent, eventAbout } from "./audit.ts";
import { createConversationReads } from "./conversations.ts";
import { createFileCheck } from "./files.ts";
import { type Inserts, toJson } from "./inserts.ts";
import { createKeyStatements } from "./once.ts";
import { createRepeatReads } from "./repeats.ts";
import type { Replacements } from "./replacements.ts";
import { createReplyPieceWrites } from "./reply-pieces.ts";
import { fromParts, toConversation } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import type { TextChanges } from "./text-changes.ts";
import { createTurnReads } from "./turn-reads.ts";
import {
  begunConversation,
  begunTurn,
  type Ending,
  replyTime,
  type StoredEnding,
  type StoredTurn,
} from "./turn-results.ts";
import { createTurnStatements } from "./turn-statements.ts";

type Place = {
  conversation: Conversation;
  created: boolean;
  sequence: number;
  runningBefore: string | null;
};

/** Storing turns. Every message goes through here: two statements to begin a turn, two to finish it. */
export function createTurnWrites(
  write: StatementWriter,
  insert: Inserts,
  changes: TextChanges,
  append: AppendAuditEvent,
  replacements: Replacements,
) {
  const conversations = createConversationReads(write);
  const repeats = createRepeatReads(write);
  const reads = createTurnReads(write);
  const statements = createTurnStatements(write);
  const keys = createKeyStatements(write);
  const pieces = createReplyPieceWrites(write);
  const files = createFileCheck(write);

  function* continueIn(owner: Owner, id: string, turn: BeginTurn): Operation<Place | null> {
    const { tenantId, userId } = owner;
    const at = turn.userMessage.createdAt.getTime();
    const row = yield* statements.continueConversation.first({ tenantId, userId, id, at });
    if (!row) return null;
    if (row.title === null) {
      row.title = turn.title;
      yield* statements.setTitle.run({ tenantId, userId, id, title: turn.title });
      yield* changes.titleChanged(owner, id);
    }
    return {
      conversation: toConversation(row),
      created: false,
      sequence: row.next_sequence - 2,
      runningBefore: row.running_before,
    };
  }

  /**
   * Takes the message that is to be replaced out of the conversation, with what came after it; false
   * if it is not there. It can be brought back for a while.
   */
  function* makeRoom(
    owner: Owner,
    { conversationId, replaceFrom = "", actor }: Extract<TurnTarget, { kind: "existing" }>,
    { id: replacedBy, createdAt: at }: BeginTurn["userMessage"],
  ): Operation<boolean> {
    const { tenantId, userId } = owner;
    const messageId = replaceFrom;
    const row = yield* statements.selectPlace.first({
      tenantId,
      userId,
      conversationId,
      messageId,
    });
    if (!row) return false;
    const { sequence } = row;
    yield* replacements.keep({
      tenantId,
      userId,
      conversationId,
      sequence,
      replacedBy,
      at: at.getTime(),
    });
    const gone = yield* statements.deleteFrom.run({ tenantId, userId, conversationId, sequence });
    if (actor !== undefined)
      yield* append(eventAbout("messages_replaced", owner, conversationId, { at, actor }, gone));
    return true;
  }

  function* createFor(
    owner: Owner,
    conversation: NewConversation,
    turn: BeginTurn,
  ): Operation<Place> {
    const created = begunConversation(owner, conversation, turn);
    if (!(yield* insert.conversation(owner, created, 2)))
      throw new AppError("conflict", "A conversation of that id or name exists already");
    return { conversation: created, created: true, sequence: 0, runningBefore: null };
  }

  /** The conversation that the turn goes to, with room made for its two messages. */
  function* placeFor(owner: Owner, turn: BeginTurn): Operation<Place | null> {
    const { target } = turn;
    switch (target.kind) {
      case "existing":
        if (target.replaceFrom !== undefined && !(yield* makeRoom(owner, target, turn.userMessage)))
          return null;
        return yield* continueIn(owner, target.conversationId, turn);
      case "new":
        return yield* createFor(owner, target.conversation, turn);
      case "alias": {
        const { alias } = target.conversation;
        const found = alias && (yield* conversations.findConversationByAlias(owner, alias));
        return found
          ? yield* continueIn(owner, found.id, turn)
          : yield* createFor(owner, target.conversation, turn);
      }
      case "latest": {
        const { origin } = target.conversation;
        const usedAfter = target.usedAfter.getTime();
        const found = yield* conversations.latestConversation(owner, origin, usedAfter);
        return found
          ? yield* continueIn(owner, found.id, turn)
          : yield* createFor(owner, target.conversation, turn);
      }
    }
  }

  /** A new reply in the place of the one that said nothing; the question stays. */
  function* beginAgain(
    owner: Owner,
    turn: BeginTurn,
    key: string,
    { conversation, userMessage, reply }: Extract<StoredTurn, { kind: "repeated" }>,
  ): Operation<StoredTurn> {
    const { tenantId, userId } = owner;
    const { sequence } = userMessage;
    const begun = begunTurn(owner, turn, {
      kind: "begun",
      created: false,
      sequence,
      conversation,
      question: userMessage,
      runningBefore: null,
    });
    yield* statements.deleteReply.run({ tenantId, userId, replyId: reply.id });
    if (begun.kind === "begun") yield* insert.messages(owner, [begun.reply]);
    yield* statements.moveKey.run({ tenantId, userId, key, replyId: turn.reply.id });
    const runningBefore = yield* reads.replyRunningBefore(owner, conversation.id, sequence);
    const question = userMessage;
    return { kind: "begun", created: false, sequence, conversation, question, runningBefore };
  }

  return {
    *beginTurn(owner: Owner, turn: BeginTurn): Operation<StoredTurn> {
      if (turn.idempotency) {
        const repeated = yield* repeats.findRepeated(owner, turn.idempotency);
        if (repeated?.kind === "repeated" && mayGenerateAgain(repeated.reply))
          return yield* beginAgain(owner, turn, turn.idempotency.key, repeated);
        if (repeated) return repeated;
      }
      const place = yield* placeFor(owner, turn);
      if (!place) return { kind: "not_found" };
      const { tenantId, userId } = owner;
      const { conversation, created, sequence, runningBefore } = place;
      const { createdAt, attachments } = turn.userMessage;
      const at = createdAt.getTime();
      if (attachments) yield* files.insist(owner, attachments);
      yield* statements.insertTurn.run({
        tenantId,
        userId,
        conversationId: conversation.id,
        questionId: turn.userMessage.id,
        content: turn.userMessage.content,
        attachments: attachments ? JSON.stringify(attachments) : null,
        questionSequence: sequence,
        replyId: turn.reply.id,
        replySequence: sequence + 1,
        model: turn.reply.model,
        at,
        replyAt: replyTime(createdAt).getTime(),
      });
      if (turn.idempotency) {
        const { key, fingerprint } = turn.idempotency;
        const madeId = turn.reply.id;
        yield* keys.insert.run({ tenantId, userId, key, fingerprint, madeId, at });
      }
      return {
        kind: "begun",
        created,
        sequence,
        conversation: created ? null : conversation,
        question: null,
        runningBefore,
      };
    },

    *checkpoint(additions: readonly ReplyAddition[]): Operation<void> {
      for (const addition of additions) yield* pieces.keepPiece(addition);
    },

    *finishReply(
      owner: Owner,
      replyId: string,
      end: Ending,
      hasCheckpoints = true,
    ): Operation<StoredEnding | null> {
      if (hasCheckpoints) yield* pieces.clearPieces(owner, replyId);
      const { tenantId, userId } = owner;
      const { status, content, model, usage, error, finishedAt } = end;
      const at = finishedAt.getTime();
      const row = yield* statements.finish.first({
        tenantId,
        userId,
        replyId,
        status,
        content,
        model,
        usage: toJson(usage),
        reasoning: end.reasoning,
        reasoningMs: end.reasoningMs,
        finishReason: end.finishReason,
        interruptedBy: end.interruptedBy,
        parts: fromParts(end.parts),
        error: toJson(error),
        at,
      });
      if (!row) return null;
      const conversationId = row.conversation_id;
      yield* statements.touch.run({ tenantId, userId, conversationId, at });
      return { conversationId, sequence: row.sequence, createdAt: row.created_at };
    },

    *truncateReply(
      owner: Owner,
      replyId: string,
      kept: Parameters<TurnStore["truncateReply"]>[2],
    ): Operation<boolean> {
      const { tenantId, userId } = owner;
      const { content, reasoning } = kept;
      const parts = fromParts(kept.parts);
      const cut = { tenantId, userId, replyId, content, reasoning, parts };
      const row = yield* statements.truncate.first(cut);
      if (!row) return false;
      yield* changes.messageChanged(owner, replyId);
      return true;
    },

    *forgetIdempotencyKeys(before: Date): Operation<void> {
      yield* statements.deleteKeys.run({ before: before.getTime() });
    },
  };
}
