import type { Owner } from "../../../domain/principal.ts";
import type { SearchHit } from "../../../ports/store.ts";
import {
  CONVERSATION_COLUMNS,
  inMessageArrays,
  MESSAGE_COLUMNS,
  toConversation,
  toMessage,
} from "../sql/rows.ts";
import { isPrefix, phrasesOf } from "../sql/search-words.ts";
import { snippetOf } from "../sql/snippet.ts";
import type { Operation, StatementWriter } from "../sql/statement.ts";

type OwnerParameters = { tenantId: string; userId: string };
type PageParameters = OwnerParameters & {
  patterns: string;
  needles: string;
  limit: number;
  offset: number;
};
type Item = { kind: "title" | "message"; id: string };

/** Of more hits than this, the newest are ranked: so a search for "the" takes no longer than others. */
const MOST_HITS = 1_000;

/**
 * Searching an owner's words, all of them: a row that another owner's statement must not even be
 * compared with cannot be in a common index (row-level security). A hit is better the larger the
 * share of the text that the query's words are.
 */
export function createSearchReads(write: StatementWriter) {
  const selectItems = write<PageParameters>()((database, given, sql) => ({
    compile: () =>
      sql<Item>`WITH hits AS (
          (SELECT 'title' AS kind, id, words FROM search_titles
            WHERE tenant_id = ${given.tenantId} AND owner_id = ${given.userId}
              AND words LIKE ALL (${given.patterns}::text[])
            ORDER BY id DESC LIMIT ${sql.lit(MOST_HITS)})
          UNION ALL
          (SELECT 'message', id, words FROM search_messages
            WHERE tenant_id = ${given.tenantId} AND owner_id = ${given.userId}
              AND words LIKE ALL (${given.patterns}::text[])
            ORDER BY id DESC LIMIT ${sql.lit(MOST_HITS)})
        )
        SELECT kind, id FROM hits
        ORDER BY (
          SELECT sum(times / (times + 0.3 + 0.9 * length(words) / 1000.0))
          FROM (SELECT (length(words) - length(replace(words, needle, '')))::float8
              / length(needle) AS times
            FROM unnest(${given.needles}::text[]) AS needle) AS found
        ) DESC, id DESC
        LIMIT ${given.limit} OFFSET ${given.offset}`.compile(database),
  }));
  const selectConversations = write<OwnerParameters & { ids: string }>()(
    (database, parameter, sql) =>
      database
        .selectFrom("conversations")
        .select(CONVERSATION_COLUMNS)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where(sql<boolean>`id = ANY (${parameter.ids}::text[])`),
  );
  const selectMessages = inMessageArrays(
    write<OwnerParameters & { ids: string }>()((database, parameter, sql) =>
      database
        .selectFrom("messages")
        .select(MESSAGE_COLUMNS)
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where(sql<boolean>`id = ANY (${parameter.ids}::text[])`),
    ),
  );

  return {
    *searchHits(
      { tenantId, userId }: Owner,
      query: string,
      { limit, offset }: { readonly limit: number; readonly offset: number },
    ): Operation<SearchHit[]> {
      const phrases = phrasesOf(query);
      if (phrases.length === 0) return [];
      const needles = needlesOf(phrases);
      const items = yield* selectItems.all({
        tenantId,
        userId,
        patterns: arrayOf(needles.map((needle) => `%${needle}%`)),
        needles: arrayOf(needles),
        limit,
        offset,
      });
      const idsOf = (kind: Item["kind"]) =>
        items.filter((item) => item.kind === kind).map(({ id }) => id);
      const messageRows = yield* selectMessages.all({
        tenantId,
        userId,
        ids: arrayOf(idsOf("message")),
      });
      const messages = new Map(
        messageRows.map((row) => {
          const message = toMessage(row);
          return [message.id, message];
        }),
      );
      const conversationIds = [...messages.values()].map(({ conversationId }) => conversationId);
      const conversationRows = yield* selectConversations.all({
        tenantId,
        userId,
        ids: arrayOf([...new Set([...conversationIds, ...idsOf("title")])]),
      });
      const conversations = new Map(conversationRows.map((row) => [row.id, toConversation(row)]));
      return items.flatMap(({ kind, id }): SearchHit[] => {
        const message = kind === "message" ? (messages.get(id) ?? null) : null;
        const conversation = conversations.get(message?.conversationId ?? id);
        if (!conversation || (kind === "message" && !message)) return [];
        const snippet = snippetOf(message?.content ?? conversation.title ?? "", phrases);
        return [{ conversation, message, snippet }];
      });
    },
  };
}

/** What the words of a text hold when the query is in it: whole words, the last one perhaps begun. */
function needlesOf(phrases: readonly string[][]): string[] {
  const mayBeBegun = isPrefix(phrases);
  return phrases.map((words, place) => {
    const isOpen = mayBeBegun && place === phrases.length - 1;
    return ` ${words.join(" ")}${isOpen ? "" : " "}`;
  });
}

const arrayOf = (texts: readonly string[]): string =>
  `{${texts.map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
