import type { RawBuilder, sql as template } from "kysely";
import type { Owner } from "../../../domain/principal.ts";
import { wordsOf } from "../sql/search-words.ts";
import type { Operation, StatementWriter, Value } from "../sql/statement.ts";
import type { TextChanges } from "../sql/text-changes.ts";

type OwnerParameters = { tenantId: string; userId: string };

/** How far an owner's texts were gone through. */
export type IndexPlace = {
  readonly title: string;
  readonly conversationId: string;
  readonly sequence: number;
};

export const INDEX_BEGIN: IndexPlace = { title: "", conversationId: "", sequence: -1 };

/** What is read into the index in one transaction. */
const ROWS_A_BATCH = 100;

/**
 * Keeps the words of an owner, who first has them made by a search: who never looks for anything
 * pays nothing. What is deleted takes its words along (ON DELETE CASCADE).
 */
export function createSearchIndex(write: StatementWriter) {
  const raw = <Given extends Record<string, Value>, Row>(
    build: (sql: typeof template, given: Given) => RawBuilder<Row>,
  ) =>
    write<Given>()((database, parameter, sql) => ({
      compile: () => build(sql, parameter).compile(database),
    }));
  /** A question for each row: as a join, the database compares every row with every one while it has not counted them. */
  const isMissingIn = (sql: typeof template, index: Index) =>
    sql`(SELECT 1 FROM ${sql.table(index)} AS indexed
      WHERE indexed.tenant_id = source.tenant_id AND indexed.owner_id = source.owner_id
        AND indexed.id = source.id LIMIT 1) IS NULL`;
  const titlesOf = (sql: typeof template, { tenantId, userId }: OwnerParameters) =>
    sql<{ id: string; text: string }>`SELECT id, title AS text FROM conversations AS source
      WHERE tenant_id = ${tenantId} AND owner_id = ${userId} AND title IS NOT NULL
        AND ${isMissingIn(sql, "search_titles")}`;
  /** A reply in progress has no text yet. */
  const messagesOf = (sql: typeof template, { tenantId, userId }: OwnerParameters) =>
    sql<{ id: string; text: string; conversation_id: string; sequence: number }>`
      SELECT id, content AS text, conversation_id, sequence FROM messages AS source
      WHERE tenant_id = ${tenantId} AND owner_id = ${userId} AND status <> 'streaming'
        AND ${isMissingIn(sql, "search_messages")}`;

  const selectTitles = raw<OwnerParameters & { after: string }, { id: string; text: string }>(
    (sql, given) => sql`${titlesOf(sql, given)} AND id > ${given.after}
      ORDER BY id LIMIT ${sql.lit(ROWS_A_BATCH)}`,
  );
  const selectMessages = raw<
    OwnerParameters & { conversationId: string; sequence: number },
    { id: string; text: string; conversation_id: string; sequence: number }
  >(
    (sql, given) => sql`${messagesOf(sql, given)}
        AND (conversation_id, sequence) > (${given.conversationId}, ${given.sequence})
      ORDER BY conversation_id, sequence LIMIT ${sql.lit(ROWS_A_BATCH)}`,
  );
  const selectAny = raw<OwnerParameters, { is_missing: number }>(
    (sql, owner) => sql`SELECT (EXISTS (${titlesOf(sql, owner)})
      OR EXISTS (${messagesOf(sql, owner)}))::int AS is_missing`,
  );
  const insertInto = (index: Index) =>
    raw<OwnerParameters & { items: string }, never>(
      (sql, { tenantId, userId, items }) => sql`INSERT INTO ${sql.table(index)}
          (tenant_id, owner_id, id, words)
        SELECT ${tenantId}, ${userId}, item ->> 'id', item ->> 'words'
        FROM json_array_elements(${items}::json) AS item
        ON CONFLICT DO NOTHING`,
    );
  const insertTitles = insertInto("search_titles");
  const insertMessages = insertInto("search_messages");

  return {
    /** Whether all that the owner has can be found. */
    *isIndexed({ tenantId, userId }: Owner): Operation<boolean> {
      return (yield* selectAny.first({ tenantId, userId }))?.is_missing === 0;
    },

    /** Adds the words of some of what is missing after that place; gives the next one, or null at the end. */
    *indexNext({ tenantId, userId }: Owner, after: IndexPlace): Operation<IndexPlace | null> {
      const { conversationId, sequence } = after;
      const titles = yield* selectTitles.all({ tenantId, userId, after: after.title });
      if (titles.length > 0) yield* insertTitles.run({ tenantId, userId, items: itemsOf(titles) });
      const messages = yield* selectMessages.all({ tenantId, userId, conversationId, sequence });
      if (messages.length > 0)
        yield* insertMessages.run({ tenantId, userId, items: itemsOf(messages) });
      if (titles.length < ROWS_A_BATCH && messages.length < ROWS_A_BATCH) return null;
      const last = messages.at(-1);
      return {
        title: titles.at(-1)?.id ?? after.title,
        conversationId: last?.conversation_id ?? conversationId,
        sequence: last?.sequence ?? sequence,
      };
    },
  };
}

type Index = "search_titles" | "search_messages";

const itemsOf = (sources: readonly { id: string; text: string }[]): string =>
  JSON.stringify(sources.map(({ id, text }) => ({ id, words: spaced(text) })));

/** The words of a text, each between spaces. */
function spaced(text: string): string {
  let words = " ";
  for (const { folded } of wordsOf(text)) words += `${folded} `;
  return words;
}

/** Takes a changed text out of the index: the next search finds that it is missing. */
export function createSearchChanges(write: StatementWriter): TextChanges {
  const removeFrom = (index: Index) =>
    write<OwnerParameters & { id: string }>()((database, { tenantId, userId, id }, sql) => ({
      compile: () =>
        sql`DELETE FROM ${sql.table(index)}
          WHERE tenant_id = ${tenantId} AND owner_id = ${userId} AND id = ${id}`.compile(database),
    }));
  const removeTitle = removeFrom("search_titles");
  const removeMessage = removeFrom("search_messages");
  return {
    *titleChanged({ tenantId, userId }, id) {
      yield* removeTitle.run({ tenantId, userId, id });
    },
    *messageChanged({ tenantId, userId }, id) {
      yield* removeMessage.run({ tenantId, userId, id });
    },
  };
}
