import type { AbandonedReply } from "../../../ports/store.ts";
import { createPieceSweep } from "../sql/reply-pieces.ts";
import { abandonedOf, createStepTaking } from "../sql/reply-steps.ts";
import type { Operation, Sql, StatementWriter } from "../sql/statement.ts";

/** What the checkpoints of a reply kept, joined. */
const piecesOf = (sql: Sql, column: "content" | "reasoning" | "layout", between = "") =>
  sql`(SELECT group_concat(piece.${sql.ref(column)}, ${sql.lit(between)} ORDER BY piece.number)
    FROM reply_pieces AS piece
    WHERE piece.tenant_id = messages.tenant_id AND piece.owner_id = messages.owner_id
      AND piece.reply_id = messages.id)`;

/** Whether a reply has steps: a server may go on with it, or it waits and no server is to. */
const hasSteps = (sql: Sql, which?: "to go on with") =>
  sql<boolean>`EXISTS (SELECT 1 FROM reply_steps AS steps
    WHERE steps.tenant_id = messages.tenant_id AND steps.owner_id = messages.owner_id
      AND steps.reply_id = messages.id ${sql.raw(which ? "AND steps.parked_at IS NULL" : "")})`;

/** What a process that is gone left in progress: the file had one server, so that is all there was when it was opened. */
export function createAbandonedReplies(write: StatementWriter) {
  const interrupt = write<{ lastRowId: number; at: number }>()((database, parameter, sql) =>
    database
      .updateTable("messages")
      .set({
        status: "interrupted",
        interrupted_by: "crash",
        finished_at: parameter.at,
        content: sql<string>`content || coalesce(${piecesOf(sql, "content")}, '')`,
        reasoning: sql<string | null>`nullif(coalesce(reasoning, '')
          || coalesce(${piecesOf(sql, "reasoning")}, ''), '')`,
        parts: sql<string | null>`'[' || ${piecesOf(sql, "layout", ",")} || ']'`,
      })
      .where("status", "=", sql.lit("streaming"))
      .where("row_id", "<=", parameter.lastRowId)
      .where((expression) => expression.not(hasSteps(sql)))
      .returning(["tenant_id", "owner_id", "id"]),
  );
  const selectWithSteps = write<{ lastRowId: number }>()((database, parameter, sql) =>
    database
      .selectFrom("messages")
      .select(["tenant_id", "owner_id", "id"])
      .where("status", "=", sql.lit("streaming"))
      .where("row_id", "<=", parameter.lastRowId)
      .where(hasSteps(sql, "to go on with")),
  );
  const take = createStepTaking(write);
  const sweepPieces = createPieceSweep(write);
  const selectLast = write<Record<never, never>>()((database) =>
    database.selectFrom("messages").select((expression) => expression.fn.max("row_id").as("last")),
  );

  return {
    *lastMessage(): Operation<number> {
      return (yield* selectLast.first({}))?.last ?? 0;
    },

    *interruptRepliesTo(lastRowId: number, now: Date): Operation<AbandonedReply[]> {
      const ended = yield* interrupt.all({ lastRowId, at: now.getTime() });
      if (ended.length > 0) yield* sweepPieces();
      const taken = (yield* selectWithSteps.all({ lastRowId })).map(abandonedOf(true));
      for (const { owner, replyId } of taken) yield* take(owner, replyId);
      return [...ended.map(abandonedOf(false)), ...taken];
    },
  };
}
