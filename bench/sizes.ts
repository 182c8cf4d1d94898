/** Conversations of the user whose list is asked for, in ours and in the storing baseline alike. */
export const LISTED_TOTAL = 500;

/** Conversations on one page of a list. */
export const LIST_LIMIT = 50;
