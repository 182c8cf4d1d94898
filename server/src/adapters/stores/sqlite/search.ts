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
import { phraseExpressions, phrasesOf } from "../sql/search-words.ts";
import { snippetOf } from "../sql/snippet.ts";
import type { Operation, StatementWriter } from "../sql/statement.ts";
import { createSearchIndex, isTitle, rowIdOf } from "./search-index.ts";
import { createMissingReads } from "./search-missing.ts";
import { itemOfPiece } from "./search-pieces.ts";

type OwnerParameters = { tenantId: string; userId: string };
type Found = { item: number; score: number };

/** Of long texts, and of each phrase: the pieces of the newest ones are looked through. */
const MAX_FOUND_PIECES = 100_000;

/**
 * Asking the search index.
 * @param isOver whether the time of the search that runs has passed
 */
export function createSearchReads(write: StatementWriter, isOver: () => boolean) {
  const index = createSearchIndex(write);
  const selectFound = write<{ words: string; most: number }>()((database, given, sql) => ({
    compile: () =>
      sql<Found>`SELECT rowid AS item, rank AS score FROM search_index
        WHERE search_index MATCH ${given.words} AND rowid > 0
        ORDER BY rowid DESC LIMIT +${given.most}`.compile(database),
  }));
  /** Pieces of the newest texts first. */
  const selectFoundPieces = write<{ words: string; most: number }>()((database, given, sql) => ({
    compile: () =>
      sql<Found>`SELECT rowid AS item, rank AS score FROM search_index
        WHERE search_index MATCH ${given.words} AND rowid < 0
        ORDER BY rowid LIMIT +${given.most}`.compile(database),
  }));
  const selectConversation = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .selectFrom("conversations")
      .select(CONVERSATION_COLUMNS)
      .where("id", "=", parameter.id)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const selectTitlePlace = write<OwnerParameters & { rowId: number }>()((database, parameter) =>
    database
      .selectFrom("conversations")
      .select("id")
      .where("row_id", "=", parameter.rowId)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const selectMessagePlace = write<OwnerParameters & { rowId: number }>()((database, parameter) =>
    database
      .selectFrom("messages")
      .select("conversation_id as id")
      .where("row_id", "=", parameter.rowId)
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

  /** The newest that hold the words; one more than are ranked tells that there are more. */
  function* found(words: string): Operation<Found[]> {
    return yield* selectFound.all({ words, most: MAX_HITS + 1 });
  }

  /** The long texts that hold all the phrases, in whatever pieces, the newest first. */
  function* foundInPieces(phrases: readonly string[]) {
    let scores = new Map<number, number>();
    let isComplete = true;
    for (const [place, words] of phrases.entries()) {
      const pieces = yield* selectFoundPieces.all({ words, most: MAX_FOUND_PIECES });
      if (pieces.length === MAX_FOUND_PIECES) isComplete = false;
      const best = new Map<number, number>();
      for (const { item: rowid, score } of pieces) {
        const item = itemOfPiece(rowid);
        if (place === 0 || scores.has(item)) best.set(item, Math.min(best.get(item) ?? 0, score));
      }
      const before = scores;
      scores = new Map([...best].map(([item, score]) => [item, score + (before.get(item) ?? 0)]));
      if (scores.size === 0) break;
    }
    return { found: [...scores].map(([item, score]) => ({ item, score })), isComplete };
  }

  /** The conversation of each, and how many are in it. What is gone meanwhile is left out. */
  function* placesOf({ tenantId, userId }: Owner, items: readonly Found[]) {
    const counts = new Map<string, number>();
    const places: { item: number; conversationId: string }[] = [];
    for (const { item } of items) {
      const select = isTitle(item) ? selectTitlePlace : selectMessagePlace;
      const place = yield* select.first({ tenantId, userId, rowId: rowIdOf(item) });
      if (!place) continue;
      counts.set(place.id, (counts.get(place.id) ?? 0) + 1);
      places.push({ item, conversationId: place.id });
    }
    return { counts, places };
  }

  function* hitOf(
    { tenantId, userId }: Owner,
    { item, conversationId }: { item: number; conversationId: string },
    phrases: readonly string[][],
  ): Operation<Omit<SearchHit, "hitsInConversation"> | null> {
    const row = yield* selectConversation.first({ tenantId, userId, id: conversationId });
    if (!row) return null;
    const conversation = toConversation(row);
    if (isTitle(item))
      return { conversation, message: null, snippet: snippetOf(row.title ?? "", phrases, isOver) };
    const messageRow = yield* selectMessage.first({ tenantId, userId, rowId: rowIdOf(item) });
    if (!messageRow) return null;
    const message = toMessage(messageRow);
    return { conversation, message, snippet: snippetOf(message.content, phrases, isOver) };
  }

  return {
    searchEnd: index.searchEnd,
    isIndexedTo: index.isIndexedTo,
    ...createMissingReads(write),

    *searchPage(
      owner: Owner,
      query: string,
      { limit, offset }: { readonly limit: number; readonly offset: number },
    ): Operation<FoundPage> {
      const phrases = phrasesOf(query);
      const number = yield* index.searchOwner(owner);
      if (phrases.length === 0 || number === null)
        return { hits: [], total: 0, conversations: 0, isComplete: true };
      const allOf = (mark: "t" | "m") => phraseExpressions(`${number}${mark}`, phrases);
      const titles = yield* found(allOf("t").join(" AND "));
      const short = yield* found(allOf("m").join(" AND "));
      const long = yield* foundInPieces(allOf("m"));
      const messages = [...short, ...long.found].sort((one, other) => other.item - one.item);
      const isAll = titles.length <= MAX_HITS && messages.length <= MAX_HITS && long.isComplete;
      const isComplete = isAll && !isOver();
      const ranked = [...titles.slice(0, MAX_HITS), ...messages.slice(0, MAX_HITS)].sort(
        (one, other) => one.score - other.score || other.item - one.item,
      );
      const { counts, places } = yield* placesOf(owner, ranked);
      const hits: SearchHit[] = [];
      for (const place of places.slice(offset, offset + limit)) {
        const hit = yield* hitOf(owner, place, phrases);
        const hitsInConversation = counts.get(place.conversationId) ?? 1;
        if (hit) hits.push({ ...hit, hitsInConversation });
      }
      return { hits, total: places.length, conversations: counts.size, isComplete };
    },
  };
}
