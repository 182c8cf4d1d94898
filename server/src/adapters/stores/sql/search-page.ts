/** Of more hits than this, titles and messages each, the newest are ranked and counted. */
export const MAX_HITS = 1_000;
/** A search that has taken that long gives what it has found. */
export const MAX_SEARCH_MS = 3_000;
