import type { Owner } from "../../../domain/principal.ts";
import type { Operation } from "./statement.ts";

/**
 * Done, in the same transaction, when a text changes that a search may have seen already. What is
 * new or deleted, and replies that end, a search index finds out by itself.
 */
export type TextChanges = {
  titleChanged(owner: Owner, conversationId: string): Operation<void>;
  messageChanged(owner: Owner, messageId: string): Operation<void>;
};
