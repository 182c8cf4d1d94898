import { createHash } from "node:crypto";
import type { RawBuilder, sql as template } from "kysely";
import { SHOWN_ROLES } from "../../../domain/message.ts";
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

/** What is read into the index in one transaction, and at least one text. */
const ROWS_A_BATCH = 100;
const CHARACTERS_A_BATCH = 200_000;
const WORDS_A_STEP = 500;

type Source = { id: string; text: string };
type MessageSource = Source & { conversation_id: string; sequence: number; batch_size: number };

/** Texts that are not in the index. */
export type MissingTexts = {
  readonly titles: readonly Source[];
  readonly messages: readonly Source[];
  /** Where the next ones begin; null at the end. */
  readonly next: IndexPlace | null;
};

/** Rows for the index, as JSON. */
export type IndexWords = { readonly titles: string; readonly messages: string };

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
      WHERE tenant_id = ${tenantId} AND owner_id = ${userId} AND title IS NOT NULL AND is_hidden = 0
        AND ${isMissingIn(sql, "search_titles")}`;
  /** A reply in progress has no text yet. */
  const messagesOf = (sql: typeof template, { tenantId, userId }: OwnerParameters) =>
    sql<{ id: string; text: string; conversation_id: string; sequence: number }>`
      SELECT id, content AS text, conversation_id, sequence FROM messages AS source
      WHERE tenant_id = ${tenantId} AND owner_id = ${userId} AND status <> 'streaming'
        AND role IN (${sql.join(SHOWN_ROLES.map((role) => sql.lit(role)))})
        AND ${isMissingIn(sql, "search_messages")}
        AND (SELECT 1 FROM conversations AS holder WHERE holder.tenant_id = source.tenant_id
          AND holder.owner_id = source.owner_id AND holder.id = source.conversation_id
          AND holder.is_hidden = 1 LIMIT 1) IS NULL`;

  const selectTitles = raw<OwnerParameters & { after: string }, { id: string; text: string }>(
    (sql, given) => sql`${titlesOf(sql, given)} AND id > ${given.after}
      ORDER BY id LIMIT ${sql.lit(ROWS_A_BATCH)}`,
  );
  const selectMessages = raw<
    OwnerParameters & { conversationId: string; sequence: number },
    MessageSource
  >(
    (sql, given) => sql`SELECT id, text, conversation_id, sequence, batch_size FROM (
        SELECT batch.*, count(*) OVER () AS batch_size,
          sum(length(text)) OVER (ORDER BY conversation_id, sequence) - length(text) AS before
        FROM (${messagesOf(sql, given)}
            AND (conversation_id, sequence) > (${given.conversationId}, ${given.sequence})
          ORDER BY conversation_id, sequence LIMIT ${sql.lit(ROWS_A_BATCH)}) AS batch
      ) AS counted
      WHERE before < ${sql.lit(CHARACTERS_A_BATCH)} ORDER BY conversation_id, sequence`,
  );
  const selectAny = raw<OwnerParameters, { is_missing: number }>(
    (sql, owner) => sql`SELECT (EXISTS (${titlesOf(sql, owner)})
      OR EXISTS (${messagesOf(sql, owner)}))::int AS is_missing`,
  );
  /** The words were made outside this transaction: they count only if the text is still the same. */
  const insertInto = (index: Index, table: "conversations" | "messages", column: string) =>
    raw<OwnerParameters & { items: string }, never>(
      (sql, { tenantId, userId, items }) => sql`INSERT INTO ${sql.table(index)}
          (tenant_id, owner_id, id, words)
        SELECT source.tenant_id, source.owner_id, source.id, item ->> 'words'
        FROM json_array_elements(${items}::json) AS item
        JOIN ${sql.table(table)} AS source ON source.tenant_id = ${tenantId}
          AND source.owner_id = ${userId} AND source.id = item ->> 'id'
        WHERE md5(source.${sql.ref(column)}) = item ->> 'hash'
        ON CONFLICT DO NOTHING`,
    );
  const insertTitles = insertInto("search_titles", "conversations", "title");
  const insertMessages = insertInto("search_messages", "messages", "content");

  return {
    /** Whether all that the owner has can be found. */
    *isIndexed({ tenantId, userId }: Owner): Operation<boolean> {
      return (yield* selectAny.first({ tenantId, userId }))?.is_missing === 0;
    },

    /** Some of what is missing after that place. */
    *nextMissing({ tenantId, userId }: Owner, after: IndexPlace): Operation<MissingTexts> {
      const { conversationId, sequence } = after;
      const titles = yield* selectTitles.all({ tenantId, userId, after: after.title });
      const messages = yield* selectMessages.all({ tenantId, userId, conversationId, sequence });
      const last = messages.at(-1);
      const areAllMessages =
        !last || (last.batch_size < ROWS_A_BATCH && last.batch_size === messages.length);
      const isEnd = areAllMessages && titles.length < ROWS_A_BATCH;
      const next = {
        title: titles.at(-1)?.id ?? after.title,
        conversationId: last?.conversation_id ?? conversationId,
        sequence: last?.sequence ?? sequence,
      };
      return { titles, messages, next: isEnd ? null : next };
    },

    *addWords({ tenantId, userId }: Owner, { titles, messages }: IndexWords): Operation<void> {
      yield* insertTitles.run({ tenantId, userId, items: titles });
      yield* insertMessages.run({ tenantId, userId, items: messages });
    },
  };
}

type Index = "search_titles" | "search_messages";

/** Makes the rows of the index; it yields after every so many words. */
export function* wordSteps({ titles, messages }: MissingTexts): Generator<void, IndexWords> {
  return { titles: yield* itemSteps(titles), messages: yield* itemSteps(messages) };
}

function* itemSteps(sources: readonly Source[]): Generator<void, string> {
  const items: { id: string; words: string; hash: string }[] = [];
  for (const { id, text } of sources) {
    const hash = createHash("md5").update(text, "utf8").digest("hex");
    items.push({ id, words: yield* spacedSteps(text), hash });
    yield;
  }
  return JSON.stringify(items);
}

/** The words of a text, each between spaces. */
function* spacedSteps(text: string): Generator<void, string> {
  let words = " ";
  let count = 0;
  for (const { folded } of wordsOf(text)) {
    words += `${folded} `;
    count++;
    if (count % WORDS_A_STEP === 0) yield;
  }
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
