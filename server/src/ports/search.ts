import type { Conversation } from "../domain/conversation.ts";
import type { Message } from "../domain/message.ts";
import type { Owner } from "../domain/principal.ts";

export type SearchHit = {
  readonly conversation: Conversation;
  /** The message that matched; null: the title matched. */
  readonly message: Message | null;
  /**
   * The text around the match without the signs of Markdown; matches are between U+E000 and U+E001
   * (private use, taken out of the text itself).
   */
  readonly snippet: string;
  /** How many hits are in this conversation, on all pages. */
  readonly hitsInConversation: number;
};

/** A page of hits, and how many there are on all pages. */
export type SearchPage = {
  readonly hits: readonly SearchHit[];
  readonly total: number;
  /** The number of conversations that these hits are in. */
  readonly conversations: number;
  /** False if only the newest hits were counted and ranked, because there are more or the time ran out. */
  readonly isComplete: boolean;
  /** True if texts of the owner's are still being made findable: a later search may find more. */
  readonly isIndexing: boolean;
};

export interface SearchStore {
  /**
   * Best first: conversations whose title, or messages whose content, hold every word of the query
   * (the last word may be a beginning). Whatever the query's characters are, it is words, not syntax.
   * What was acknowledged before the call is found, unless it is so much that the page says `isIndexing`.
   * A search takes a bounded amount of work, and an owner has one at a time; the others wait for it.
   * @throws AppError rate_limited if too many of the owner's searches wait, unavailable
   */
  search(
    owner: Owner,
    query: string,
    page: { readonly limit: number; readonly offset: number },
  ): Promise<SearchPage>;
}
