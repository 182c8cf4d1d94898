import type { Owner } from "../../../domain/principal.ts";
import type { SearchHit } from "../../../ports/store.ts";
import {
  CONVERSATION_COLUMNS,
  inMessageArrays,
  MESSAGE_COLUMNS,
  toConversation,
  toMessage,
} from "../sql/rows.ts";
import { matchExpression, phrasesOf } from "../sql/search-words.ts";
import { snippetOf } from "../sql/snippet.ts";
import type { Operation, StatementWriter } from "../sql/statement.ts";
import { createSearchIndex, isTitle, rowIdOf } from "./search-index.ts";

type OwnerParameters = { tenantId: string; userId: string };
type PageParameters = {
  titles: string;
  messages: string;
  most: number;
  limit: number;
  offset: number;
};

/** Of more hits than this, the newest are ranked: so a search for "the" takes no longer than others. */
const MOST_HITS = 1_000;

/** Asking the search index. */
export function createSearchReads(write: StatementWriter) {
  const index = createSearchIndex(write);
  const selectItems = write<PageParameters>()((database, given, sql) => ({
    compile: () =>
      sql<{ item: number }>`SELECT item FROM (
        SELECT * FROM (SELECT rowid AS item, rank AS score FROM search_index
          WHERE search_index MATCH ${given.titles} ORDER BY rowid DESC LIMIT ${given.most})
        UNION ALL
        SELECT * FROM (SELECT rowid AS item, rank AS score FROM search_index
          WHERE search_index MATCH ${given.messages} ORDER BY rowid DESC LIMIT ${given.most})
      ) ORDER BY score, item DESC LIMIT ${given.limit} OFFSET ${given.offset}`.compile(database),
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
    const rowId = rowIdOf(item);
    if (isTitle(item)) {
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
    searchEnd: index.searchEnd,
    isIndexedTo: index.isIndexedTo,

    *searchHits(
      owner: Owner,
      query: string,
      { limit, offset }: { readonly limit: number; readonly offset: number },
    ): Operation<SearchHit[]> {
      const phrases = phrasesOf(query);
      const number = yield* index.searchOwner(owner);
      if (phrases.length === 0 || number === null) return [];
      const items = yield* selectItems.all({
        titles: matchExpression(`${number}t`, phrases),
        messages: matchExpression(`${number}m`, phrases),
        most: MOST_HITS,
        limit,
        offset,
      });
      const hits: SearchHit[] = [];
      for (const { item } of items) {
        const hit = yield* hitOf(owner, item, phrases);
        if (hit) hits.push(hit);
      }
      return hits;
    },
  };
}
