import { SHOWN_ROLES } from "../../../domain/message.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { Operation, StatementWriter } from "../sql/statement.ts";
import { createSearchIndex, isIn, type SearchMark } from "./search-index.ts";

/** What of an owner's is not in the search index yet. */
export type MissingTexts = {
  /** Items of the index, the ones that were used last first; some of them, if there are many. */
  readonly items: readonly number[];
  /** Whether long texts wait for their pieces. */
  readonly hasPending: boolean;
};

const MAX_MISSING = 256;

type MissingParameters = { tenantId: string; userId: string; to: number; limit: number };

/**
 * Finds what an owner has above the mark of the index, so that a search need not wait for what others have there.
 * The index by use leads to the conversations, and the keys of their messages to what is above the mark.
 */
export function createMissingReads(write: StatementWriter) {
  const { hasPending } = createSearchIndex(write);
  const selectTitles = write<MissingParameters>()((database, given, sql) => ({
    compile: () =>
      sql<{ item: number }>`SELECT row_id * 2 + 1 AS item FROM conversations
        WHERE tenant_id = ${given.tenantId} AND owner_id = ${given.userId} AND is_hidden = 0
          AND +row_id > (SELECT conversations FROM search_progress) AND +row_id <= ${given.to}
          AND title IS NOT NULL AND NOT ${isIn(sql, sql`row_id * 2 + 1`)}
        ORDER BY updated_at DESC LIMIT +${given.limit}`.compile(database),
  }));
  const selectMessages = write<MissingParameters>()((database, given, sql) => ({
    compile: () =>
      sql<{ item: number }>`SELECT message.row_id * 2 AS item
        FROM conversations AS conversation
        CROSS JOIN messages AS message ON message.conversation_id = conversation.id
        WHERE conversation.tenant_id = ${given.tenantId}
          AND conversation.owner_id = ${given.userId} AND conversation.is_hidden = 0
          AND message.row_id > (SELECT messages FROM search_progress)
          AND message.row_id <= ${given.to}
          AND NOT ${isIn(sql, sql`message.row_id * 2`)}
          AND NOT EXISTS (SELECT 1 FROM search_pending WHERE item = message.row_id * 2)
          AND message.tenant_id = ${given.tenantId} AND message.owner_id = ${given.userId}
          AND message.status <> 'streaming'
          AND message.role IN (${sql.join(SHOWN_ROLES.map((role) => sql.lit(role)))})
        ORDER BY conversation.updated_at DESC LIMIT +${given.limit}`.compile(database),
  }));

  return {
    /** What is missing up to that end. */
    *missingOf({ tenantId, userId }: Owner, end: SearchMark): Operation<MissingTexts> {
      const given = { tenantId, userId, limit: MAX_MISSING };
      const titles = yield* selectTitles.all({ ...given, to: end.conversations });
      const messages = yield* selectMessages.all({ ...given, to: end.messages });
      return {
        items: [...titles, ...messages].slice(0, MAX_MISSING).map(({ item }) => item),
        hasPending: yield* hasPending({ tenantId, userId }),
      };
    },
  };
}
