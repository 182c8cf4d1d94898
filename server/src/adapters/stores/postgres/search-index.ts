import type { RawBuilder, sql as template } from "kysely";
import type { Owner } from "../../../domain/principal.ts";
import { wordsOf } from "../sql/search-words.ts";
import type { Operation, StatementWriter, Value } from "../sql/statement.ts";
import type { TextChanges } from "../sql/text-changes.ts";

type OwnerParameters = { tenantId: string; userId: string };
type Source = { id: string; text: string | null };

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
  const sourcesOf = (sql: typeof template, owner: OwnerParameters, kind: Kind) =>
    sql<Source>`SELECT id, ${sql.raw(kind.column)} AS text FROM ${sql.table(kind.source)} AS source
      WHERE tenant_id = ${owner.tenantId} AND owner_id = ${owner.userId}
        AND ${sql.raw(kind.condition)}
        AND NOT EXISTS (SELECT FROM ${sql.table(kind.index)} AS indexed
          WHERE indexed.tenant_id = source.tenant_id AND indexed.owner_id = source.owner_id
            AND indexed.id = source.id)
      LIMIT ${sql.lit(ROWS_A_BATCH)}`;
  const statementsFor = (kind: Kind) => ({
    select: raw<OwnerParameters, Source>((sql, owner) => sourcesOf(sql, owner, kind)),
    insert: raw<OwnerParameters & { items: string }, never>(
      (
        sql,
        { tenantId, userId, items },
      ) => sql`INSERT INTO ${sql.table(kind.index)} (tenant_id, owner_id, id, words)
        SELECT ${tenantId}, ${userId}, item ->> 'id', item ->> 'words'
        FROM json_array_elements(${items}::json) AS item
        ON CONFLICT DO NOTHING`,
    ),
    remove: raw<OwnerParameters & { id: string }, never>(
      (sql, { tenantId, userId, id }) => sql`DELETE FROM ${sql.table(kind.index)}
        WHERE tenant_id = ${tenantId} AND owner_id = ${userId} AND id = ${id}`,
    ),
  });
  const titles = statementsFor(TITLES);
  const messages = statementsFor(MESSAGES);
  const selectAny = raw<OwnerParameters, { is_missing: number }>(
    (sql, owner) => sql`SELECT (EXISTS (${sourcesOf(sql, owner, TITLES)})
      OR EXISTS (${sourcesOf(sql, owner, MESSAGES)}))::int AS is_missing`,
  );

  function* indexFrom(
    statements: typeof titles,
    { tenantId, userId }: OwnerParameters,
  ): Operation<boolean> {
    const sources = yield* statements.select.all({ tenantId, userId });
    if (sources.length === 0) return true;
    const items = sources.map(({ id, text }) => ({ id, words: spaced(text ?? "") }));
    yield* statements.insert.run({ tenantId, userId, items: JSON.stringify(items) });
    return sources.length < ROWS_A_BATCH;
  }

  return {
    /** Whether all that the owner has can be found. */
    *isIndexed({ tenantId, userId }: Owner): Operation<boolean> {
      return (yield* selectAny.first({ tenantId, userId }))?.is_missing === 0;
    },

    /** Adds the words of some of what is missing; true when that was all. */
    *indexNext(owner: Owner): Operation<boolean> {
      const hasTitles = yield* indexFrom(titles, owner);
      return (yield* indexFrom(messages, owner)) && hasTitles;
    },

    removeTitle: titles.remove,
    removeMessage: messages.remove,
  };
}

type Kind = {
  readonly source: "conversations" | "messages";
  readonly index: "search_titles" | "search_messages";
  readonly column: string;
  readonly condition: string;
};

const TITLES: Kind = {
  source: "conversations",
  index: "search_titles",
  column: "title",
  condition: "title IS NOT NULL",
};
/** A reply in progress has no text yet. */
const MESSAGES: Kind = {
  source: "messages",
  index: "search_messages",
  column: "content",
  condition: "status <> 'streaming'",
};

/** The words of a text, each between spaces. */
function spaced(text: string): string {
  let words = " ";
  for (const { folded } of wordsOf(text)) words += `${folded} `;
  return words;
}

/** Takes a changed text out of the index: the next search finds that it is missing. */
export function createSearchChanges(write: StatementWriter): TextChanges {
  const { removeTitle, removeMessage } = createSearchIndex(write);
  return {
    *titleChanged({ tenantId, userId }, id) {
      yield* removeTitle.run({ tenantId, userId, id });
    },
    *messageChanged({ tenantId, userId }, id) {
      yield* removeMessage.run({ tenantId, userId, id });
    },
  };
}
