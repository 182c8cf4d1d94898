import { branchOf } from "../../../domain/branches.ts";
import type { JsonObject } from "../../../domain/json.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { TurnStore } from "../../../ports/store.ts";
import type { BranchWrites } from "./branches.ts";
import { createKeyStatements } from "./once.ts";
import { createReplyPieceWrites } from "./reply-pieces.ts";
import { fromParts } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import type { TextChanges } from "./text-changes.ts";
import { createTurnReads } from "./turn-reads.ts";
import { createTurnStatements } from "./turn-statements.ts";

/** Changing turns that are stored. */
export function createTurnChanges(
  write: StatementWriter,
  changes: TextChanges,
  branches: BranchWrites,
) {
  const reads = createTurnReads(write);
  const statements = createTurnStatements(write);
  const keys = createKeyStatements(write);
  const pieces = createReplyPieceWrites(write);
  return {
    *updateTurnRecord(owner: Owner, replyId: string, record: JsonObject): Operation<boolean> {
      const { tenantId, userId } = owner;
      const row = yield* statements.selectTurn.first({ tenantId, userId, replyId });
      if (!row?.turn) return false;
      const turn = JSON.stringify({ ...JSON.parse(row.turn), record });
      return (yield* statements.setTurn.run({ tenantId, userId, replyId, turn })) > 0;
    },

    *removeTurn(owner: Owner, replyId: string, beganConversation = false): Operation<boolean> {
      const { tenantId, userId } = owner;
      const turn = yield* reads.getTurn(owner, replyId);
      const inputs = turn?.reply.turn?.inputs;
      if (!turn || inputs === undefined) return false;
      const { conversationId, sequence } = turn.reply;
      yield* pieces.clearPieces(owner, replyId);
      const from = sequence - inputs;
      const place = { tenantId, userId, conversationId };
      yield* statements.deleteRange.run({ ...place, from, to: sequence + 1 });
      yield* keys.forget.run({ tenantId, userId, madeId: replyId });
      const everything = { ...place, from: 0, to: Number.MAX_SAFE_INTEGER };
      const isEmpty = !(yield* statements.selectLater.first(everything));
      // A conversation that its owner sees, and that was there before, was begun for more than this turn.
      const deleteEmpty = beganConversation ? statements.deleteAny : statements.deleteHidden;
      if (isEmpty && (yield* deleteEmpty.run({ tenantId, userId, conversationId })) > 0)
        yield* branches.forgetBranches(owner, conversationId);
      else yield* branches.leaveEmpty(owner, conversationId, branchOf(sequence));
      return true;
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
