import { branchOf, rangesAfter } from "../../../domain/branches.ts";
import type { Conversation } from "../../../domain/conversation.ts";
import { AppError } from "../../../domain/errors.ts";
import type { Message } from "../../../domain/message.ts";
import type { Owner } from "../../../domain/principal.ts";
import { mayGenerateAgain } from "../../../domain/turn.ts";
import type {
  BeginTurn,
  NewConversation,
  ReplyAddition,
  TurnPlace,
  TurnTarget,
} from "../../../ports/store.ts";
import { type AppendAuditEvent, eventAbout } from "./audit.ts";
import type { BranchWrites } from "./branches.ts";
import { createConversationReads } from "./conversations.ts";
import { createFileCheck } from "./files.ts";
import { type Inserts, toJson } from "./inserts.ts";
import { createKeyStatements } from "./once.ts";
import { createRepeatReads } from "./repeats.ts";
import type { Replacements } from "./replacements.ts";
import { createReplyPieceWrites } from "./reply-pieces.ts";
import { createReplyStepWrites } from "./reply-steps.ts";
import { fromParts, toConversation } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import type { TextChanges } from "./text-changes.ts";
import { createTurnReads } from "./turn-reads.ts";
import {
  begunConversation,
  type Ending,
  inputOf,
  placesOf,
  replyOf,
  replyTime,
  type StoredEnding,
  type StoredTurn,
} from "./turn-results.ts";
import { createTurnSpots } from "./turn-spots.ts";
import { createTurnStatements } from "./turn-statements.ts";

type Place = {
  conversation: Conversation;
  created: boolean;
  sequence: number;
  replySequence: number;
  /** The stored one that is answered; null: the turn's own. */
  question: Message | null;
  answered: Message | null;
  runningBefore: string | null;
};

/**
 * Storing turns. Every message goes through here: two statements to begin a turn, two to finish it, and
 * more only for a turn on a branch other than the trunk.
 */
export function createTurnWrites(
  write: StatementWriter,
  insert: Inserts,
  changes: TextChanges,
  append: AppendAuditEvent,
  replacements: Replacements,
  branches: BranchWrites,
) {
  const conversations = createConversationReads(write);
  const repeats = createRepeatReads(write);
  const reads = createTurnReads(write);
  const statements = createTurnStatements(write);
  const spots = createTurnSpots(write, branches);
  const keys = createKeyStatements(write);
  const pieces = createReplyPieceWrites(write);
  const steps = createReplyStepWrites(write);
  const files = createFileCheck(write);

  function* continueIn(
    owner: Owner,
    id: string,
    turn: BeginTurn,
    wanted?: TurnPlace,
  ): Operation<Place | null> {
    const { tenantId, userId } = owner;
    const at = turn.userMessage.createdAt.getTime();
    const row = yield* statements.continueConversation.first({ tenantId, userId, id, at });
    if (!row) return null;
    if (row.title === null) {
      row.title = turn.title;
      yield* statements.setTitle.run({ tenantId, userId, id, title: turn.title });
      yield* changes.titleChanged(owner, id);
    }
    const spot = yield* spots.find(owner, row, wanted, placesOf(turn));
    const conversation = toConversation({
      ...row,
      active_branch: branchOf(spot.replySequence),
      next_branch: Math.max(row.next_branch, branchOf(spot.replySequence) + 1),
    });
    return { conversation, created: false, ...spot };
  }

  /**
   * Takes the message that is to be replaced out of the conversation, with what came after it on every
   * branch; gives its place, or null if it is not there. It can be brought back for a while.
   */
  function* makeRoom(
    owner: Owner,
    { conversationId, replaceFrom = "", actor }: Extract<TurnTarget, { kind: "existing" }>,
    { id: replacedBy, createdAt: at }: BeginTurn["userMessage"],
  ): Operation<TurnPlace | null> {
    const { tenantId, userId } = owner;
    const place = { tenantId, userId, conversationId };
    const row = yield* statements.selectPlace.first({ ...place, messageId: replaceFrom });
    if (!row) return null;
    const known = row.next_branch > 1 ? yield* spots.branchesOf(owner, conversationId) : [];
    let gone = 0;
    for (const range of rangesAfter(known, row.sequence)) {
      yield* replacements.keep({ ...place, ...range, replacedBy, at: at.getTime() });
      gone += yield* statements.deleteRange.run({ ...place, ...range });
    }
    if (actor !== undefined)
      yield* append(eventAbout("messages_replaced", owner, conversationId, { at, actor }, gone));
    return { kind: "branch", branch: branchOf(row.sequence) };
  }

  function* createFor(
    owner: Owner,
    conversation: NewConversation,
    turn: BeginTurn,
  ): Operation<Place> {
    const created = begunConversation(owner, conversation, turn);
    const places = placesOf(turn);
    if (!(yield* insert.conversation(owner, created, places, conversation.title === null)))
      throw new AppError("conflict", "A conversation of that id or name exists already");
    return {
      conversation: created,
      created: true,
      sequence: 0,
      replySequence: places - 1,
      question: null,
      answered: null,
      runningBefore: null,
    };
  }

  /** The conversation that the turn goes to, with room made for its two messages. */
  function* placeFor(owner: Owner, turn: BeginTurn): Operation<Place | null> {
    const { target } = turn;
    switch (target.kind) {
      case "existing": {
        if (target.replaceFrom === undefined)
          return yield* continueIn(owner, target.conversationId, turn, target.place);
        const place = yield* makeRoom(owner, target, turn.userMessage);
        return place && (yield* continueIn(owner, target.conversationId, turn, place));
      }
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
    { conversation, userMessage, input, reply }: Extract<StoredTurn, { kind: "repeated" }>,
  ): Operation<StoredTurn> {
    const { tenantId, userId } = owner;
    yield* statements.deleteReply.run({ tenantId, userId, replyId: reply.id });
    yield* statements.moveKey.run({ tenantId, userId, key, replyId: turn.reply.id });
    const { sequence } = reply;
    const stored = {
      kind: "begun",
      created: false,
      sequence: userMessage.sequence,
      replySequence: sequence,
      conversation,
      question: userMessage,
      input,
      answered: null,
      runningBefore: yield* reads.replyRunningBefore(owner, conversation.id, sequence),
    } as const;
    yield* insert.messages(owner, [replyOf(turn, conversation.id, sequence)]);
    return stored;
  }

  /** The messages of the input and the reply to be. */
  function* insertInput(
    owner: Owner,
    turn: BeginTurn,
    conversationId: string,
    stored: Extract<StoredTurn, { kind: "begun" }>,
  ): Operation<void> {
    const input = inputOf(turn, conversationId, stored);
    for (const { attachments } of input) if (attachments) yield* files.insist(owner, attachments);
    yield* insert.messages(owner, [...input, replyOf(turn, conversationId, stored.replySequence)]);
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
      const { conversation, created, sequence, replySequence, question, answered } = place;
      const { createdAt, attachments } = turn.userMessage;
      const at = createdAt.getTime();
      const stored = {
        kind: "begun",
        created,
        sequence,
        replySequence,
        conversation: created ? null : conversation,
        question,
        input: null,
        answered,
        runningBefore: place.runningBefore,
      } as const;
      if (question) yield* insert.messages(owner, [replyOf(turn, conversation.id, replySequence)]);
      else if (turn.turn) yield* insertInput(owner, turn, conversation.id, stored);
      else {
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
          replySequence,
          model: turn.reply.model,
          at,
          replyAt: replyTime(createdAt).getTime(),
        });
      }
      if (turn.idempotency) {
        const { key, fingerprint } = turn.idempotency;
        const madeId = turn.reply.id;
        yield* keys.insert.run({ tenantId, userId, key, fingerprint, madeId, at });
      }
      return stored;
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
      yield* steps.clearSteps(owner, replyId, end);
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
  };
}
