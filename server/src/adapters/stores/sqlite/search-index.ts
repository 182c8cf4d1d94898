import type { RawBuilder, sql as template } from "kysely";
import { SHOWN_ROLES } from "../../../domain/message.ts";
import type { Owner } from "../../../domain/principal.ts";
import { indexable, indexablePiece, type WordMark } from "../sql/search-words.ts";
import type { Operation, StatementWriter, Value } from "../sql/statement.ts";
import {
  bytesOfPiece,
  countPieces,
  PIECE_BYTES,
  PIECES_AN_ITEM,
  rowidOfPiece,
  textOfPiece,
} from "./search-pieces.ts";

/** The last rows that are indexed, or are to be. */
export type SearchMark = { readonly conversations: number; readonly messages: number };

/** What is read into the index in one transaction, so that no other write waits long for it. */
const ROWS_A_BATCH = 256;
const CHARACTERS_A_BATCH = PIECE_BYTES;

export const isTitle = (item: number): boolean => item % 2 === 1;
export const rowIdOf = (item: number): number => Math.floor(item / 2);

/** What is to be indexed; `text` is null where it is long, or does not exist yet. */
type Source = { item: number; tenant_id: string; owner_id: string; text: string | null };
/** The number of bytes is that of a long text, and otherwise null. */
type PendingSource = Source & { long_bytes: number | null; next_piece: number };

/** Whether a text is in the index: as a whole, or its first piece. */
export const isIn = (sql: typeof template, item: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`EXISTS (SELECT 1 FROM search_index_docsize
    WHERE id IN (${item}, -(${item}) * ${sql.lit(PIECES_AN_ITEM)}))`;

/** Whether a search is to find the message: what lists show, in conversations that lists show. */
const isFound = (sql: typeof template, message: string): RawBuilder<unknown> =>
  sql`${sql.table(message)}.role IN (${sql.join(SHOWN_ROLES.map((role) => sql.lit(role)))})
    AND NOT EXISTS (SELECT 1 FROM conversations AS holder
      WHERE holder.id = ${sql.table(message)}.conversation_id AND holder.is_hidden = 1
        AND holder.tenant_id = ${sql.table(message)}.tenant_id
        AND holder.owner_id = ${sql.table(message)}.owner_id)`;

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
  const pendingOf = (sql: typeof template, isWanted: RawBuilder<unknown>, limit: number) =>
    sql<PendingSource>`SELECT pending.item, pending.next_piece, message.tenant_id, message.owner_id,
        CASE WHEN octet_length(message.content) <= ${sql.lit(PIECE_BYTES)}
          AND ${isFound(sql, "message")} THEN message.content END AS text,
        CASE WHEN octet_length(message.content) > ${sql.lit(PIECE_BYTES)}
          AND ${isFound(sql, "message")} THEN octet_length(message.content) END AS long_bytes
      FROM search_pending AS pending JOIN messages AS message ON message.row_id = pending.item >> 1
      WHERE pending.item & 1 = 0 AND message.status <> 'streaming' AND ${isWanted}
      UNION ALL
      SELECT pending.item, 0, conversation.tenant_id, conversation.owner_id,
        CASE WHEN conversation.is_hidden = 0 THEN conversation.title END, NULL
      FROM search_pending AS pending JOIN conversations AS conversation ON conversation.row_id = pending.item >> 1
      WHERE pending.item & 1 = 1 AND ${isWanted}
      LIMIT +${limit}`;
  const selectPending = raw<{ limit: number }, PendingSource>((sql, { limit }) =>
    pendingOf(sql, sql`1`, limit),
  );
  const selectPendingOf = raw<{ limit: number; tenantId: string; userId: string }, PendingSource>(
    (sql, { limit, tenantId, userId }) =>
      pendingOf(sql, sql`tenant_id = ${tenantId} AND owner_id = ${userId}`, limit),
  );
  /** @param items a JSON array of items */
  const selectItems = raw<{ items: string; tenantId: string; userId: string }, Source>(
    (sql, { items, tenantId, userId }) => sql`SELECT row_id * 2 + 1 AS item, tenant_id, owner_id,
        title AS text
      FROM json_each(${items}) AS wanted CROSS JOIN conversations ON row_id = wanted.value >> 1
      WHERE wanted.value & 1 = 1 AND tenant_id = ${tenantId} AND owner_id = ${userId}
        AND is_hidden = 0
      UNION ALL
      SELECT row_id * 2, tenant_id, owner_id,
        CASE WHEN octet_length(content) <= ${sql.lit(PIECE_BYTES)} THEN content END
      FROM json_each(${items}) AS wanted CROSS JOIN messages ON row_id = wanted.value >> 1
      WHERE wanted.value & 1 = 0 AND tenant_id = ${tenantId} AND owner_id = ${userId}
        AND status <> 'streaming' AND ${isFound(sql, "messages")}`,
  );
  const selectBytes = raw<{ rowId: number; from: number; count: number }, { bytes: Uint8Array }>(
    (sql, { rowId, from, count }) =>
      sql`SELECT substr(CAST(content AS BLOB), ${from}, ${count}) AS bytes
        FROM messages WHERE row_id = ${rowId}`,
  );
  const selectTitles = raw<{ after: number; to: number; limit: number }, Source>(
    (sql, { after, to, limit }) => sql`SELECT row_id * 2 + 1 AS item, tenant_id, owner_id,
      CASE WHEN is_hidden = 0 AND NOT ${isIn(sql, sql`row_id * 2 + 1`)} THEN title END AS text
      FROM conversations WHERE row_id > ${after} AND row_id <= ${to} ORDER BY row_id LIMIT +${limit}`,
  );
  /** A reply in progress has no text yet; one that a search has brought into the index has none that is missing. */
  const selectMessages = raw<{ after: number; to: number; limit: number }, Source>(
    (sql, { after, to, limit }) => sql`SELECT row_id * 2 AS item, tenant_id, owner_id,
      CASE WHEN ${isIn(sql, sql`row_id * 2`)} THEN '' WHEN status <> 'streaming' AND octet_length(content) <= ${sql.lit(PIECE_BYTES)}
        AND ${isFound(sql, "messages")} THEN content END AS text
      FROM messages WHERE row_id > ${after} AND row_id <= ${to} ORDER BY row_id LIMIT +${limit}`,
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
    (sql, { item }) => sql`INSERT OR IGNORE INTO search_pending (item) VALUES (${item})`,
  );
  const deletePending = raw<{ item: number }, never>(
    (sql, { item }) => sql`DELETE FROM search_pending WHERE item = ${item}`,
  );
  const updatePending = raw<{ item: number; piece: number }, never>(
    (sql, { item, piece }) =>
      sql`UPDATE search_pending SET next_piece = ${piece} WHERE item = ${item}`,
  );
  const saveProgress = raw<SearchMark, never>(
    (sql, { conversations, messages }) =>
      sql`UPDATE search_progress SET conversations = ${conversations}, messages = ${messages}`,
  );

  function* markOf({ item, tenant_id, owner_id }: Source): Operation<WordMark | null> {
    const owner = { tenantId: tenant_id, userId: owner_id };
    const known = (yield* selectOwner.first(owner)) ?? (yield* insertOwner.first(owner));
    return known ? `${known.number}${isTitle(item) ? "t" : "m"}` : null;
  }

  function* index(source: Source): Operation<void> {
    if (!source.text) return;
    const mark = yield* markOf(source);
    const words = mark && indexable(mark, source.text);
    if (words) yield* insertText.run({ item: source.item, text: words });
  }

  /** The same for a text that may be above the mark: one without words is noted, too, so that it is done. */
  function* indexAhead(source: Source): Operation<void> {
    const mark = yield* markOf(source);
    const words = (mark && source.text && indexable(mark, source.text)) || "";
    yield* insertText.run({ item: source.item, text: words });
  }

  /** Indexes the next piece of a long text. */
  function* indexPiece(source: PendingSource, bytes: number): Operation<void> {
    const { item, next_piece: piece } = source;
    const read = yield* selectBytes.first({ rowId: rowIdOf(item), ...bytesOfPiece(piece) });
    const mark = yield* markOf(source);
    const words = (read && mark && indexablePiece(mark, textOfPiece(piece, read.bytes))) || "";
    // The first piece tells that the text is in the index.
    if (words || piece === 0)
      yield* insertText.run({ item: rowidOfPiece(item, piece), text: words });
    if (piece + 1 < countPieces(bytes)) yield* updatePending.run({ item, piece: piece + 1 });
    else yield* deletePending.run({ item });
  }

  /** Those of the sources that one batch takes in; a long one counts as the piece that is next. */
  function batchOf<From extends Source>(sources: readonly From[], nullWeight = 0): From[] {
    let characters = 0;
    return sources.filter(({ text }) => {
      const isTaken = characters < CHARACTERS_A_BATCH;
      characters += text?.length ?? nullWeight;
      return isTaken;
    });
  }

  /** Gives whether nothing is left of them. @param owner whose texts; null: everybody's */
  function* indexPending(owner: Owner | null): Operation<boolean> {
    const sources = yield* pendingSources(owner, ROWS_A_BATCH);
    const batch = batchOf(sources, PIECE_BYTES);
    for (const source of batch) {
      if (source.long_bytes !== null) {
        yield* indexPiece(source, source.long_bytes);
        continue;
      }
      yield* index(source);
      yield* deletePending.run({ item: source.item });
    }
    const isAllDone = batch.every(({ long_bytes }) => long_bytes === null);
    return isAllDone && batch.length === sources.length && sources.length < ROWS_A_BATCH;
  }

  function* pendingSources(owner: Owner | null, limit: number): Operation<PendingSource[]> {
    if (owner === null) return yield* selectPending.all({ limit });
    const { tenantId, userId } = owner;
    return yield* selectPendingOf.all({ limit, tenantId, userId });
  }

  /** @param owner whose texts; null: everybody's */
  function* isIndexedTo(end: SearchMark, owner: Owner | null): Operation<boolean> {
    if (yield* selectUnindexed.first(end)) return false;
    return (yield* pendingSources(owner, 1)).length === 0;
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

    isIndexedTo,
    /** Whether long texts of the owner's were left for later. */
    *hasPending(owner: Owner): Operation<boolean> {
      return (yield* pendingSources(owner, 1)).length > 0;
    },

    /**
     * Indexes a batch of an owner's texts before everybody else's: of those items, and of the long ones that were
     * left for later.
     */
    *indexOf(owner: Owner, items: readonly number[]): Operation<void> {
      const { tenantId, userId } = owner;
      const sources = yield* selectItems.all({ tenantId, userId, items: JSON.stringify(items) });
      for (const source of batchOf(sources))
        if (source.text === null) yield* insertPending.run({ item: source.item });
        else yield* indexAhead(source);
      yield* indexPending(owner);
    },

    /** Indexes a batch of what is missing up to that end. Long texts are left for later. Gives whether nothing is left. */
    *indexNext(end: SearchMark): Operation<boolean> {
      const limit = ROWS_A_BATCH;
      if (!(yield* indexPending(null))) return false;
      const done = yield* selectProgress.first({});
      if (!done) return true;
      const titles = yield* selectTitles.all({
        after: done.conversations,
        to: end.conversations,
        limit,
      });
      const conversations = yield* indexRows(titles, done.conversations);
      const texts = yield* selectMessages.all({ after: done.messages, to: end.messages, limit });
      const messages = yield* indexRows(texts, done.messages);
      yield* saveProgress.run({ conversations, messages });
      return yield* isIndexedTo(end, null);
    },
  };
}
