import { sql } from "kysely";
import type { Owner } from "../../../domain/principal.ts";
import type { SearchHit } from "../../../ports/store.ts";
import {
  CONVERSATION_COLUMNS,
  inMessageArrays,
  MESSAGE_COLUMNS,
  toConversation,
  toMessage,
} from "../sql/rows.ts";
import type { Operation, StatementWriter } from "../sql/statement.ts";
import { matchExpression, ownerWord, phrasesOf } from "./search-words.ts";
import { snippetOf } from "./snippet.ts";

type OwnerParameters = { tenantId: string; userId: string };
type PageParameters = { match: string; limit: number; offset: number };

/** Asking the search index. */
export function createSearchReads(write: StatementWriter) {
  const selectItems = write<PageParameters>()((database, { match, limit, offset }) => ({
    compile: () =>
      sql<{ item: number }>`SELECT rowid AS item FROM search_index
        WHERE search_index MATCH ${match} ORDER BY rank LIMIT ${limit} OFFSET ${offset}`.compile(
        database,
      ),
  }));
  const selectConversation = write<OwnerParameters & { rowId: number }>()((database, parameter) =>
    database
      .selectFrom("conversations")
      .select(CONVERSATION_COLUMNS)
      .where("row_id", "=", parameter.rowId)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const selectConversationById = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .selectFrom("conversations")
      .select(CONVERSATION_COLUMNS)
      .where("id", "=", parameter.id)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const selectMessage = inMessageArrays(
    write<OwnerParameters & { rowId: number }>()((database, parameter) =>
      database
        .selectFrom("messages")
        .select(MESSAGE_COLUMNS)
        .where("row_id", "=", parameter.rowId)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId),
    ),
  );

  function* hitOf(
    { tenantId, userId }: Owner,
    item: number,
    phrases: readonly string[][],
  ): Operation<SearchHit | null> {
    const rowId = Math.floor(item / 2);
    if (item % 2 === 1) {
      const row = yield* selectConversation.first({ tenantId, userId, rowId });
      const snippet = snippetOf(row?.title ?? "", phrases);
      return row ? { conversation: toConversation(row), message: null, snippet } : null;
    }
    const row = yield* selectMessage.first({ tenantId, userId, rowId });
    if (!row) return null;
    const message = toMessage(row);
    const id = message.conversationId;
    const conversation = yield* selectConversationById.first({ tenantId, userId, id });
    if (!conversation) return null;
    return {
      conversation: toConversation(conversation),
      message,
      snippet: snippetOf(message.content, phrases),
    };
  }

  return {
    *searchHits(
      owner: Owner,
      query: string,
      { limit, offset }: { readonly limit: number; readonly offset: number },
    ): Operation<SearchHit[]> {
      const phrases = phrasesOf(query);
      if (phrases.length === 0) return [];
      const match = matchExpression(ownerWord(owner.tenantId, owner.userId), phrases);
      const hits: SearchHit[] = [];
      for (const { item } of yield* selectItems.all({ match, limit, offset })) {
        const hit = yield* hitOf(owner, item, phrases);
        if (hit) hits.push(hit);
      }
      return hits;
    },
  };
}
