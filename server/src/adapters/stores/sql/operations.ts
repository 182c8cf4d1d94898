import { createAgentReads, createAgentWrites } from "./agents.ts";
import { createArchiveReads, createArchiveWrites } from "./archive.ts";
import { createConversationPages } from "./conversation-pages.ts";
import { createConversationUpdate } from "./conversation-update.ts";
import { createConversationReads, createConversationWrites } from "./conversations.ts";
import { createInserts } from "./inserts.ts";
import { createKeyReads, createKeyWrites } from "./keys.ts";
import { createMessageReads, createMessageWrites } from "./messages.ts";
import type { StatementWriter } from "./statement.ts";
import type { TextChanges } from "./text-changes.ts";
import { createTurnReads } from "./turn-reads.ts";
import { createTurnWrites } from "./turns.ts";

export type Reads = ReturnType<typeof createReads>;
export type Writes = ReturnType<typeof createWrites>;

/** What changes nothing. */
export const createReads = (write: StatementWriter) => ({
  ...createConversationReads(write),
  ...createConversationPages(write),
  ...createMessageReads(write),
  ...createTurnReads(write),
  ...createAgentReads(write),
  ...createKeyReads(write),
  ...createArchiveReads(write),
});

/** What changes something, each in a transaction. */
export function createWrites(write: StatementWriter, changes: TextChanges) {
  const insert = createInserts(write);
  const keys = createKeyWrites(write);
  const agents = createAgentWrites(write);
  return {
    ...createConversationWrites(write, insert),
    ...createConversationUpdate(write, insert, changes),
    ...createMessageWrites(write, insert),
    ...createTurnWrites(write, insert, changes),
    ...agents,
    ...keys,
    ...createArchiveWrites(write, { insert, keys, agents }),
  };
}
