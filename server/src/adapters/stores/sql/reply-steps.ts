import type { Part } from "../../../domain/parts.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { ToolQuestion } from "../../../domain/tool-question.ts";
import type {
  AbandonedReply,
  NotedSteps,
  ReplyAddition,
  ReplySteps,
} from "../../../ports/store.ts";
import { createQuestionNotes } from "./question-notes.ts";
import { createReplyPieceWrites } from "./reply-pieces.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type ReplyParameters = { tenantId: string; userId: string; replyId: string };

/* A reply of several steps has a row of its own while it is in progress. Plain replies have none. */

export function createReplyStepReads(write: StatementWriter) {
  const select = write<ReplyParameters>()((database, parameter) =>
    database
      .selectFrom("reply_steps")
      .select(["epoch", "state", "parked_at"])
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("reply_id", "=", parameter.replyId),
  );

  return {
    *replySteps({ tenantId, userId }: Owner, replyId: string): Operation<ReplySteps | null> {
      const row = yield* select.first({ tenantId, userId, replyId });
      return row
        ? {
            epoch: Number(row.epoch),
            state: JSON.parse(row.state),
            isParked: row.parked_at !== null,
          }
        : null;
    },
  };
}

export function createReplyStepWrites(write: StatementWriter) {
  const pieces = createReplyPieceWrites(write);
  const questions = createQuestionNotes(write);
  const note = write<ReplyParameters & { epoch: number; state: string }>()(
    (database, parameter, sql) => ({
      compile: () =>
        sql`INSERT INTO reply_steps (tenant_id, owner_id, reply_id, epoch, state)
          SELECT tenant_id, owner_id, id, CAST(${parameter.epoch} AS bigint),
            CAST(${parameter.state} AS text)
          FROM messages
          WHERE id = ${parameter.replyId} AND tenant_id = ${parameter.tenantId}
            AND owner_id = ${parameter.userId} AND status = ${sql.lit("streaming")}
          ON CONFLICT (tenant_id, owner_id, reply_id)
            DO UPDATE SET state = excluded.state
            WHERE reply_steps.epoch = excluded.epoch`.compile(database),
    }),
  );
  const clear = write<ReplyParameters>()((database, parameter) =>
    database
      .deleteFrom("reply_steps")
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("reply_id", "=", parameter.replyId),
  );

  return {
    *noteSteps(
      { tenantId, userId }: Owner,
      replyId: string,
      { epoch, state }: NotedSteps,
      addition: ReplyAddition | null,
      asked: readonly ToolQuestion[] = [],
    ): Operation<boolean> {
      const noted = { tenantId, userId, replyId, epoch, state: JSON.stringify(state) };
      if ((yield* note.run(noted)) === 0) return false;
      if (addition) yield* pieces.keepPiece(addition);
      yield* questions.ask({ tenantId, userId }, asked);
      return true;
    },

    /** @param end with the parts of the reply at its end: one of several steps has results, its calls being answered by then */
    *clearSteps(
      { tenantId, userId }: Owner,
      replyId: string,
      { parts, finishedAt }: { readonly parts: readonly Part[] | null; readonly finishedAt: Date },
    ): Operation<void> {
      if (!parts?.some(({ type }) => type === "tool_result")) return;
      yield* clear.run({ tenantId, userId, replyId });
      yield* questions.endQuestions({ tenantId, userId }, replyId, finishedAt);
    },
  };
}

/** For the server that takes over a reply: whoever had it before can note nothing more. */
export function createStepTaking(write: StatementWriter) {
  const take = write<ReplyParameters>()((database, parameter) =>
    database
      .updateTable("reply_steps")
      .set((expression) => ({ epoch: expression("epoch", "+", expression.lit(1)) }))
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("reply_id", "=", parameter.replyId),
  );
  return function* ({ tenantId, userId }: Owner, replyId: string): Operation<void> {
    yield* take.run({ tenantId, userId, replyId });
  };
}

export type AbandonedRow = {
  readonly tenant_id: string;
  readonly owner_id: string;
  readonly id: string;
};

/** The reply of a row, as whoever has found it abandoned is told of it. */
export const abandonedOf =
  (isTaken: boolean) =>
  ({ tenant_id, owner_id, id }: AbandonedRow): AbandonedReply => ({
    owner: { tenantId: tenant_id, userId: owner_id },
    replyId: id,
    isTaken,
  });
