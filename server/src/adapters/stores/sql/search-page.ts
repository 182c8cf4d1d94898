import type { SearchPage } from "../../../ports/search.ts";

/** Of more hits than this, titles and messages each, the newest are ranked and counted. */
export const MAX_HITS = 1_000;
/** A search that has taken that long gives what it has found. */
export const MAX_SEARCH_MS = 3_000;
/** A search brings words into the index for so long, and longer only if its first batch takes longer; then it answers. */
export const MAX_INDEXING_MS = 100;

/** What is found in the index as it is. */
export type FoundPage = Omit<SearchPage, "isIndexing">;
