import type { CountListed } from "../sql/conversation-lists.ts";
import type { StatementWriter } from "../sql/statement.ts";

/** Reads the totals that triggers keep (conversation-counts-migration.ts). */
export function createKeptCount(write: StatementWriter): CountListed {
  const sum = write<{
    tenantId: string;
    userId: string;
    pinnedFrom: number;
    pinnedTo: number;
    archivedFrom: number;
    archivedTo: number;
  }>()((database, given, sql) => ({
    compile: () =>
      sql<{ total: number | null }>`SELECT sum(total) AS total FROM conversation_counts
        WHERE tenant_id = ${given.tenantId} AND owner_id = ${given.userId}
          AND is_pinned BETWEEN ${given.pinnedFrom} AND ${given.pinnedTo}
          AND is_archived BETWEEN ${given.archivedFrom} AND ${given.archivedTo}`.compile(database),
  }));
  return function* countListed(parameters, isArchived) {
    const counted = yield* sum.first({
      ...parameters,
      archivedFrom: isArchived === true ? 1 : 0,
      archivedTo: isArchived === false ? 0 : 1,
    });
    return counted?.total ?? 0;
  };
}
