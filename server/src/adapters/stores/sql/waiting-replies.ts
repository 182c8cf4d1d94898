import type { Message } from "../../../domain/message.ts";
import { partsOf } from "../../../domain/message.ts";
import { layOut } from "../../../domain/part-layout.ts";
import { after } from "../../../domain/parts.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { ToolQuestion } from "../../../domain/tool-question.ts";
import type { ArchiveRecord, WaitingReply } from "../../../ports/archive.ts";
import { createMessageReads } from "./messages.ts";
import { createQuestionNotes } from "./question-notes.ts";
import { createQuestionReads } from "./questions.ts";
import { createReplyPieceWrites } from "./reply-pieces.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type ReplyParameters = { tenantId: string; userId: string; replyId: string };
type WaitingRecord = Extract<ArchiveRecord, { type: "message" }>;

/** Of an imported reply, which no server has had. */
const FIRST_EPOCH = 0;

/** Replies that wait for decisions, as archives have them. */
export function createWaitingReplyReads(write: StatementWriter) {
  const { getMessage } = createMessageReads(write);
  const { questionsOf } = createQuestionReads(write);
  const count = write<Record<never, never>>()((database, _, sql) =>
    database
      .selectFrom("reply_steps")
      .innerJoin("messages", (join) =>
        join
          .onRef("messages.tenant_id", "=", "reply_steps.tenant_id")
          .onRef("messages.owner_id", "=", "reply_steps.owner_id")
          .onRef("messages.id", "=", "reply_steps.reply_id"),
      )
      .select((expression) => expression.fn.countAll<number>().as("total"))
      .where("reply_steps.parked_at", "is not", null)
      .where("messages.status", "=", sql.lit("streaming")),
  );
  const selectSteps = write<ReplyParameters>()((database, parameter) =>
    database
      .selectFrom("reply_steps")
      .select(["epoch", "state", "parked_at"])
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("reply_id", "=", parameter.replyId),
  );

  return {
    *countWaitingReplies(): Operation<number> {
      return Number((yield* count.first({}))?.total ?? 0);
    },

    /** The reply with what is asked about it; null: it does not wait (any more), or was gone on with while it was read. */
    *waitingRecord(owner: Owner, replyId: string): Operation<WaitingRecord | null> {
      const { tenantId, userId } = owner;
      const steps = yield* selectSteps.first({ tenantId, userId, replyId });
      if (steps?.parked_at == null) return null;
      const message = yield* getMessage(owner, replyId);
      const asked = yield* questionsOf(owner, replyId);
      const still = yield* selectSteps.first({ tenantId, userId, replyId });
      // Whoever takes a reply that waits raises its epoch, so that what was read is of one moment.
      const isUnchanged = still?.epoch === steps.epoch && still.parked_at === steps.parked_at;
      if (!isUnchanged || message?.status !== "streaming") return null;
      const since = new Date(Number(steps.parked_at));
      const questions = asked.filter(({ decision }) => decision === null).map(withoutPlace);
      const waits = { since, state: JSON.parse(steps.state), questions };
      return { type: "message", owner, message, waits };
    },
  };
}

const withoutPlace = (question: ToolQuestion): WaitingReply["questions"][number] => ({
  callId: question.callId,
  source: question.source,
  tool: question.tool,
  arguments: question.arguments,
  argumentsSha256: question.argumentsSha256,
  askedAt: question.askedAt,
  expiresAt: question.expiresAt,
});

export function createWaitingReplyWrites(write: StatementWriter) {
  const { keepPiece } = createReplyPieceWrites(write);
  const { ask } = createQuestionNotes(write);
  const insert = write<ReplyParameters & { epoch: number; state: string; since: number }>()(
    (database, parameter) =>
      database
        .insertInto("reply_steps")
        .values({
          tenant_id: parameter.tenantId,
          owner_id: parameter.userId,
          reply_id: parameter.replyId,
          epoch: parameter.epoch,
          state: parameter.state,
          parked_at: parameter.since,
        })
        .onConflict((conflict) => conflict.doNothing()),
  );

  return {
    /** What a reply has said and asks, beside its row, which is there without any text. */
    *putWaiting(owner: Owner, message: Message, waits: WaitingReply): Operation<void> {
      const { id: replyId, conversationId } = message;
      const laidOut = layOut(after(partsOf(message), 0));
      yield* keepPiece({ owner, replyId, number: 0, ...laidOut });
      const { tenantId, userId } = owner;
      yield* insert.run({
        ...{ tenantId, userId, replyId, epoch: FIRST_EPOCH },
        state: JSON.stringify(waits.state),
        since: waits.since.getTime(),
      });
      // Whoever has not signed in there is asked to once the call is allowed.
      const place = {
        conversationId,
        replyId,
        decision: null,
        result: null,
        kind: "call",
      } as const;
      yield* ask(
        owner,
        waits.questions.map((question) => ({ ...question, ...place })),
      );
    },
  };
}
