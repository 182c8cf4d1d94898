import type { Conversation } from "../../../domain/conversation.ts";
import type { Owner } from "../../../domain/principal.ts";
import { CONVERSATION_COLUMNS, toConversation } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type OwnerParameters = { tenantId: string; userId: string };

/** A place in the order of creation. */
export type CreationPlace = { readonly createdAt: number; readonly rowId: number };

const AFTER_ALL: CreationPlace = {
  createdAt: Number.MAX_SAFE_INTEGER,
  rowId: Number.MAX_SAFE_INTEGER,
};

/** What iterating over all conversations of an owner asks for. */
export function createConversationPages(write: StatementWriter) {
  const selectPlace = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .selectFrom("conversations")
      .select(["created_at", "row_id"])
      .where("id", "=", parameter.id)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const selectCreatedBefore = write<
    OwnerParameters & { createdAt: number; rowId: number; limit: number }
  >()((database, parameter, sql) =>
    database
      .selectFrom("conversations")
      .select([...CONVERSATION_COLUMNS, "row_id"])
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("is_hidden", "=", sql.lit(0))
      .where(({ eb, refTuple, tuple }) =>
        eb(
          refTuple("created_at", "row_id"),
          "<",
          tuple(eb.val(parameter.createdAt), eb.val(parameter.rowId)),
        ),
      )
      .orderBy("created_at", "desc")
      .orderBy("row_id", "desc")
      .limit(parameter.limit),
  );
  const selectRowIds = write<OwnerParameters>()((database, parameter, sql) =>
    database
      .selectFrom("conversations")
      .select("row_id")
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("is_hidden", "=", sql.lit(0))
      .orderBy("is_pinned", "desc")
      .orderBy("updated_at", "desc")
      .orderBy("row_id", "desc"),
  );
  const selectByRowId = write<OwnerParameters & { rowId: number }>()((database, parameter) =>
    database
      .selectFrom("conversations")
      .select(CONVERSATION_COLUMNS)
      .where("row_id", "=", parameter.rowId)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );

  return {
    /** Right after that conversation; at the very beginning without one; null if there is no such one. */
    *creationPlace(owner: Owner, id: string | undefined): Operation<CreationPlace | null> {
      if (id === undefined) return AFTER_ALL;
      const { tenantId, userId } = owner;
      const row = yield* selectPlace.first({ tenantId, userId, id });
      return row ? { createdAt: row.created_at, rowId: row.row_id } : null;
    },

    /** Newest first; `next` is null when these are the last ones. */
    *conversationsCreatedBefore(
      owner: Owner,
      place: CreationPlace,
      limit: number,
    ): Operation<{ items: Conversation[]; next: CreationPlace | null }> {
      const { tenantId, userId } = owner;
      const rows = yield* selectCreatedBefore.all({ tenantId, userId, ...place, limit });
      const last = rows.at(-1);
      return {
        items: rows.map(toConversation),
        next:
          last && rows.length === limit ? { createdAt: last.created_at, rowId: last.row_id } : null,
      };
    },

    *rowIdsPinnedFirst(owner: Owner): Operation<number[]> {
      const { tenantId, userId } = owner;
      return (yield* selectRowIds.all({ tenantId, userId })).map((row) => row.row_id);
    },

    /** In the order of the row ids; those that are gone are left out. */
    *conversationsOf(owner: Owner, rowIds: readonly number[]): Operation<Conversation[]> {
      const { tenantId, userId } = owner;
      const conversations: Conversation[] = [];
      for (const rowId of rowIds) {
        const row = yield* selectByRowId.first({ tenantId, userId, rowId });
        if (row) conversations.push(toConversation(row));
      }
      return conversations;
    },
  };
}
