import type { RawBuilder, sql as template } from "kysely";
import type { Owner } from "../../../domain/principal.ts";
import { indexable } from "../sql/search-words.ts";
import type { Operation, StatementWriter, Value } from "../sql/statement.ts";

/** The last rows that are indexed, or are to be. */
export type SearchMark = { readonly conversations: number; readonly messages: number };

/** What is read into the index in one transaction, so that no other write waits long for it. */
const ROWS_A_BATCH = 256;
const CHARACTERS_A_BATCH = 50_000;

export const isTitle = (item: number): boolean => item % 2 === 1;
export const rowIdOf = (item: number): number => Math.floor(item / 2);

type Source = { item: number; tenant_id: string; owner_id: string; text: string | null };

/** Keeps the search index, a batch at a time. */
export function createSearchIndex(write: StatementWriter) {
  const raw = <Given extends Record<string, Value>, Row>(
    build: (sql: typeof template, given: Given) => RawBuilder<Row>,
  ) =>
    write<Given>()((database, parameter, sql) => ({
      compile: () => build(sql, parameter).compile(database),
    }));

  const selectProgress = raw<Record<never, never>, SearchMark>(
    (sql) => sql`SELECT conversations, messages FROM search_progress`,
  );
  const selectUnindexed = raw<SearchMark, { one: number }>(
    (sql, { conversations, messages }) => sql`SELECT 1 AS one FROM search_progress AS done
      WHERE EXISTS (SELECT 1 FROM conversations
          WHERE row_id > done.conversations AND row_id <= ${conversations})
        OR EXISTS (SELECT 1 FROM messages WHERE row_id > done.messages AND row_id <= ${messages})`,
  );
  const selectEnd = raw<Record<never, never>, SearchMark>(
    (sql) => sql`SELECT
      coalesce((SELECT max(row_id) FROM conversations), 0) AS conversations,
      coalesce((SELECT max(row_id) FROM messages), 0) AS messages`,
  );
  const selectPending = raw<{ limit: number }, Source>(
    (
      sql,
      { limit },
    ) => sql`SELECT pending.item, message.tenant_id, message.owner_id, message.content AS text
      FROM search_pending AS pending JOIN messages AS message ON message.row_id = pending.item >> 1
      WHERE pending.item & 1 = 0 AND message.status <> 'streaming'
      UNION ALL
      SELECT pending.item, conversation.tenant_id, conversation.owner_id, conversation.title
      FROM search_pending AS pending JOIN conversations AS conversation ON conversation.row_id = pending.item >> 1
      WHERE pending.item & 1 = 1
      LIMIT ${limit}`,
  );
  const selectTitles = raw<{ after: number; to: number; limit: number }, Source>(
    (
      sql,
      { after, to, limit },
    ) => sql`SELECT row_id * 2 + 1 AS item, tenant_id, owner_id, title AS text
      FROM conversations WHERE row_id > ${after} AND row_id <= ${to} ORDER BY row_id LIMIT ${limit}`,
  );
  /** A reply in progress has no text yet. */
  const selectMessages = raw<{ after: number; to: number; limit: number }, Source>(
    (sql, { after, to, limit }) => sql`SELECT row_id * 2 AS item, tenant_id, owner_id,
      CASE WHEN status <> 'streaming' THEN content END AS text
      FROM messages WHERE row_id > ${after} AND row_id <= ${to} ORDER BY row_id LIMIT ${limit}`,
  );
  const insertText = raw<{ item: number; text: string }, never>(
    (sql, { item, text }) =>
      sql`INSERT OR REPLACE INTO search_index (rowid, text) VALUES (${item}, ${text})`,
  );
  const selectOwner = raw<{ tenantId: string; userId: string }, { number: number }>(
    (sql, { tenantId, userId }) => sql`SELECT number FROM search_owners
      WHERE tenant_id = ${tenantId} AND owner_id = ${userId}`,
  );
  const insertOwner = raw<{ tenantId: string; userId: string }, { number: number }>(
    (sql, { tenantId, userId }) => sql`INSERT INTO search_owners (tenant_id, owner_id)
      VALUES (${tenantId}, ${userId}) RETURNING number`,
  );
  const insertPending = raw<{ item: number }, never>(
    (sql, { item }) => sql`INSERT OR IGNORE INTO search_pending VALUES (${item})`,
  );
  const deletePending = raw<{ item: number }, never>(
    (sql, { item }) => sql`DELETE FROM search_pending WHERE item = ${item}`,
  );
  const saveProgress = raw<SearchMark, never>(
    (sql, { conversations, messages }) =>
      sql`UPDATE search_progress SET conversations = ${conversations}, messages = ${messages}`,
  );

  function* index({ item, tenant_id, owner_id, text }: Source): Operation<void> {
    if (!text) return;
    const owner = { tenantId: tenant_id, userId: owner_id };
    const known = (yield* selectOwner.first(owner)) ?? (yield* insertOwner.first(owner));
    if (!known) return;
    const words = indexable(`${known.number}${isTitle(item) ? "t" : "m"}`, text);
    if (words) yield* insertText.run({ item, text: words });
  }

  /** Those of the sources that one batch takes in. */
  function batchOf(sources: readonly Source[]): Source[] {
    let characters = 0;
    return sources.filter(({ text }) => {
      const isTaken = characters < CHARACTERS_A_BATCH;
      characters += text?.length ?? 0;
      return isTaken;
    });
  }

  function* indexPending(): Operation<boolean> {
    const sources = yield* selectPending.all({ limit: ROWS_A_BATCH });
    const batch = batchOf(sources);
    for (const source of batch) {
      yield* index(source);
      yield* deletePending.run({ item: source.item });
    }
    return batch.length === sources.length && sources.length < ROWS_A_BATCH;
  }

  /** Indexes a batch of them; gives the row id of the last, or `none`. */
  function* indexRows(sources: readonly Source[], none: number): Operation<number> {
    const batch = batchOf(sources);
    for (const source of batch)
      if (source.text === null && !isTitle(source.item))
        yield* insertPending.run({ item: source.item });
      else yield* index(source);
    const last = batch.at(-1);
    return last ? rowIdOf(last.item) : none;
  }

  return {
    /** The number of the owner in the index; null while nothing of the owner's is in it. */
    *searchOwner({ tenantId, userId }: Owner): Operation<number | null> {
      return (yield* selectOwner.first({ tenantId, userId }))?.number ?? null;
    },

    /** As far as there is something to index now. */
    *searchEnd(): Operation<SearchMark> {
      return (yield* selectEnd.first({})) ?? { conversations: 0, messages: 0 };
    },

    *isIndexedTo(end: SearchMark): Operation<boolean> {
      if (yield* selectUnindexed.first(end)) return false;
      return (yield* selectPending.all({ limit: 1 })).length === 0;
    },

    /** Indexes a batch of what is missing up to that end. */
    *indexNext(end: SearchMark): Operation<void> {
      const limit = ROWS_A_BATCH;
      if (!(yield* indexPending())) return;
      const done = yield* selectProgress.first({});
      if (!done) return;
      const titles = yield* selectTitles.all({
        after: done.conversations,
        to: end.conversations,
        limit,
      });
      const conversations = yield* indexRows(titles, done.conversations);
      const texts = yield* selectMessages.all({ after: done.messages, to: end.messages, limit });
      const messages = yield* indexRows(texts, done.messages);
      yield* saveProgress.run({ conversations, messages });
    },
  };
}
