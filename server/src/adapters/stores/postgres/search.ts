import type { Owner } from "../../../domain/principal.ts";
import type { SearchHit } from "../../../ports/search.ts";
import {
  CONVERSATION_COLUMNS,
  inMessageArrays,
  MESSAGE_COLUMNS,
  toConversation,
  toMessage,
} from "../sql/rows.ts";
import { type FoundPage, MAX_HITS } from "../sql/search-page.ts";
import { isPrefix } from "../sql/search-words.ts";
import type { Operation, StatementWriter } from "../sql/statement.ts";

type OwnerParameters = { tenantId: string; userId: string };
type Item = { kind: "title" | "message"; id: string };

/** A hit whose snippet is still to be made: that is work for the event loop's pauses. */
export type BareHit = Omit<SearchHit, "snippet">;
export type BarePage = Omit<FoundPage, "hits"> & { readonly hits: readonly BareHit[] };

/**
 * Searching an owner's words, all of them: a row that another owner's statement must not even be
 * compared with cannot be in a common index (row-level security). A hit is better the larger the
 * share of the text that the query's words are.
 */
export function createSearchReads(write: StatementWriter) {
  const selectItems = write<OwnerParameters & { patterns: string; needles: string }>()(
    (database, given, sql) => ({
      compile: () =>
        sql<Item>`WITH hits AS (
          (SELECT 'title' AS kind, id, words FROM search_titles
            WHERE tenant_id = ${given.tenantId} AND owner_id = ${given.userId}
              AND words LIKE ALL (${given.patterns}::text[])
            ORDER BY id DESC LIMIT ${sql.lit(MAX_HITS + 1)})
          UNION ALL
          (SELECT 'message', id, words FROM search_messages
            WHERE tenant_id = ${given.tenantId} AND owner_id = ${given.userId}
              AND words LIKE ALL (${given.patterns}::text[])
            ORDER BY id DESC LIMIT ${sql.lit(MAX_HITS + 1)})
        )
        SELECT kind, id FROM hits
        ORDER BY (
          SELECT sum(times / (times + 0.3 + 0.9 * length(words) / 1000.0))
          FROM (SELECT (length(words) - length(replace(words, needle, '')))::float8
              / length(needle) AS times
            FROM unnest(${given.needles}::text[]) AS needle) AS found
        ) DESC, id DESC`.compile(database),
    }),
  );
  const selectPlaces = write<OwnerParameters & { ids: string }>()((database, parameter, sql) =>
    database
      .selectFrom("messages")
      .select(["id", "conversation_id"])
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where(sql<boolean>`id = ANY (${parameter.ids}::text[])`),
  );
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

  /** The conversation of each, and how many are in it. What is gone meanwhile is left out. */
  function* placesOf({ tenantId, userId }: Owner, items: readonly Item[]) {
    const ids = items.filter(({ kind }) => kind === "message").map(({ id }) => id);
    const rows = yield* selectPlaces.all({ tenantId, userId, ids: arrayOf(ids) });
    const conversationIds = new Map(rows.map((row) => [row.id, row.conversation_id]));
    const counts = new Map<string, number>();
    const places = items.flatMap((item) => {
      const conversationId = item.kind === "title" ? item.id : conversationIds.get(item.id);
      if (conversationId === undefined) return [];
      counts.set(conversationId, (counts.get(conversationId) ?? 0) + 1);
      return [{ ...item, conversationId }];
    });
    return { counts, places };
  }

  return {
    *searchPage(
      owner: Owner,
      phrases: readonly string[][],
      { limit, offset }: { readonly limit: number; readonly offset: number },
    ): Operation<BarePage> {
      if (phrases.length === 0) return { hits: [], total: 0, conversations: 0, isComplete: true };
      const { tenantId, userId } = owner;
      const needles = needlesOf(phrases);
      const found = yield* selectItems.all({
        tenantId,
        userId,
        patterns: arrayOf(needles.map((needle) => `%${needle}%`)),
        needles: arrayOf(needles),
      });
      const ranked = (["title", "message"] as const).flatMap((kind) =>
        found.filter((item) => item.kind === kind).slice(0, MAX_HITS),
      );
      const kept = new Set(ranked);
      const { counts, places } = yield* placesOf(
        owner,
        found.filter((item) => kept.has(item)),
      );
      const page = places.slice(offset, offset + limit);
      const messageIds = page.filter(({ kind }) => kind === "message").map(({ id }) => id);
      const messageRows = yield* selectMessages.all({ tenantId, userId, ids: arrayOf(messageIds) });
      const messages = new Map(messageRows.map(toMessage).map((message) => [message.id, message]));
      const conversationIds = new Set(page.map(({ conversationId }) => conversationId));
      const conversationRows = yield* selectConversations.all({
        tenantId,
        userId,
        ids: arrayOf([...conversationIds]),
      });
      const conversations = new Map(conversationRows.map((row) => [row.id, toConversation(row)]));
      const hits = page.flatMap(({ kind, id, conversationId }): BareHit[] => {
        const message = kind === "message" ? (messages.get(id) ?? null) : null;
        const conversation = conversations.get(conversationId);
        if (!conversation || (kind === "message" && !message)) return [];
        return [{ conversation, message, hitsInConversation: counts.get(conversationId) ?? 1 }];
      });
      return {
        hits,
        total: places.length,
        conversations: counts.size,
        isComplete: ranked.length === found.length,
      };
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
