import type { sql as template } from "kysely";
import type { StatementWriter } from "../sql/statement.ts";
import type { TextChanges } from "../sql/text-changes.ts";
import { PIECES_AN_ITEM } from "./search-pieces.ts";

type Changed = { tenantId: string; userId: string; id: string };

/**
 * Takes a changed text, with its pieces, out of the search index and puts it on the list of what is to be indexed.
 * Triggers would do so too, but each of them costs every turn a tenth of its time.
 */
export function createSearchChanges(write: StatementWriter): TextChanges {
  const items = (table: "conversations" | "messages", isTitle: 0 | 1) => {
    const itemsOf = (sql: typeof template, { tenantId, userId, id }: Changed) =>
      sql`SELECT row_id * 2 + ${sql.lit(isTitle)} AS item FROM ${sql.table(table)}
        WHERE id = ${id} AND tenant_id = ${tenantId} AND owner_id = ${userId}`;
    const piecesOf = (sql: typeof template, changed: Changed) =>
      sql`SELECT piece.id FROM (${itemsOf(sql, changed)}) AS changed
        JOIN search_index_docsize AS piece ON piece.id >= -(changed.item * ${sql.lit(PIECES_AN_ITEM)})
          AND piece.id < -((changed.item - 1) * ${sql.lit(PIECES_AN_ITEM)})`;
    return {
      remove: write<Changed>()((database, changed, sql) => ({
        compile: () =>
          sql`DELETE FROM search_index WHERE rowid IN (${itemsOf(sql, changed)} UNION ALL ${piecesOf(sql, changed)})`.compile(
            database,
          ),
      })),
      add: write<Changed>()((database, changed, sql) => ({
        compile: () =>
          sql`INSERT OR REPLACE INTO search_pending (item) ${itemsOf(sql, changed)}`.compile(
            database,
          ),
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
