import type { AbandonedReply } from "../../../ports/store.ts";
import type { Operation, StatementWriter } from "../sql/statement.ts";

/** What a process that is gone left in progress: the file had one server, so that is all there was when it was opened. */
export function createAbandonedReplies(write: StatementWriter) {
  const interrupt = write<{ lastRowId: number; at: number }>()((database, parameter, sql) =>
    database
      .updateTable("messages")
      .set({ status: "interrupted", finished_at: parameter.at })
      .where("status", "=", sql.lit("streaming"))
      .where("row_id", "<=", parameter.lastRowId)
      .returning(["tenant_id", "owner_id", "id"]),
  );
  const selectLast = write<Record<never, never>>()((database) =>
    database.selectFrom("messages").select((expression) => expression.fn.max("row_id").as("last")),
  );

  return {
    *lastMessage(): Operation<number> {
      return (yield* selectLast.first({}))?.last ?? 0;
    },

    *interruptRepliesTo(lastRowId: number, now: Date): Operation<AbandonedReply[]> {
      const rows = yield* interrupt.all({ lastRowId, at: now.getTime() });
      return rows.map(({ tenant_id, owner_id, id }) => ({
        owner: { tenantId: tenant_id, userId: owner_id },
        replyId: id,
      }));
    },
  };
}
