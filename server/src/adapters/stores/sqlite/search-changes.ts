import type { sql as template } from "kysely";
import type { StatementWriter } from "../sql/statement.ts";
import type { TextChanges } from "../sql/text-changes.ts";

type Changed = { tenantId: string; userId: string; id: string };

/**
 * Takes a changed text out of the search index and puts it on the list of what is to be indexed.
 * Triggers would do so too, but each of them costs every turn a tenth of its time.
 */
export function createSearchChanges(write: StatementWriter): TextChanges {
  const items = (table: "conversations" | "messages", isTitle: 0 | 1) => {
    const itemsOf = (sql: typeof template, { tenantId, userId, id }: Changed) =>
      sql`SELECT row_id * 2 + ${sql.lit(isTitle)} FROM ${sql.table(table)}
        WHERE id = ${id} AND tenant_id = ${tenantId} AND owner_id = ${userId}`;
    return {
      remove: write<Changed>()((database, changed, sql) => ({
        compile: () =>
          sql`DELETE FROM search_index WHERE rowid IN (${itemsOf(sql, changed)})`.compile(database),
      })),
      add: write<Changed>()((database, changed, sql) => ({
        compile: () =>
          sql`INSERT OR IGNORE INTO search_pending ${itemsOf(sql, changed)}`.compile(database),
      })),
    };
  };
  const titles = items("conversations", 1);
  const messages = items("messages", 0);

  return {
    *titleChanged({ tenantId, userId }, id) {
      yield* titles.remove.run({ tenantId, userId, id });
      yield* titles.add.run({ tenantId, userId, id });
    },
    *messageChanged({ tenantId, userId }, id) {
      yield* messages.remove.run({ tenantId, userId, id });
      yield* messages.add.run({ tenantId, userId, id });
    },
  };
}
