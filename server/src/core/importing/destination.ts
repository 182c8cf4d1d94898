import type { Message } from "../../domain/message.ts";
import type { Owner } from "../../domain/principal.ts";
import { createPace } from "../../domain/turns-of-the-loop.ts";
import type { ArchiveRecord } from "../../ports/archive.ts";
import type { Store } from "../../ports/store.ts";

/** `refused`: another record has its id or its place. */
export type Fate = "taken" | "there" | "refused";

export type StoredMessage = Pick<Message, "id" | "sequence" | "role" | "content">;

/** The destination of imported records. */
export type Destination = {
  /** Stores all records or none, and returns the outcome of each. */
  put(records: readonly ArchiveRecord[]): Promise<Fate[]>;
  /** What the store has of a conversation; null if the owner has none with that id. */
  messagesOf(owner: Owner, conversationId: string): Promise<readonly StoredMessage[] | null>;
};

export type DestinationReads = Pick<
  Store,
  "getConversation" | "getMessage" | "getAgent" | "findKeyByHash" | "listMessages"
>;

export const storeDestination = (
  store: DestinationReads & Pick<Store, "importRecords">,
): Destination => ({
  async put(records) {
    if (records.length === 0) return [];
    const isTaken = await store.importRecords(records);
    const fates: Fate[] = [];
    const pace = createPace();
    for (const [place, record] of records.entries()) {
      fates.push(isTaken[place] ? "taken" : (await isThere(store, record)) ? "there" : "refused");
      if (pace.isDue()) await pace.pause();
    }
    return fates;
  },
  messagesOf: (owner, conversationId) =>
    store.listMessages(owner, conversationId, { everyRole: true }),
});

export async function isThere(store: DestinationReads, record: ArchiveRecord): Promise<boolean> {
  switch (record.type) {
    case "key":
      return (await store.findKeyByHash(record.key.hash)) !== null;
    case "agent":
      return (await store.getAgent(record.owner, record.agent.id)) !== null;
    case "conversation":
      return (await store.getConversation(record.owner, record.conversation.id)) !== null;
    case "message":
      return (
        (await store.getMessage(record.owner, record.message.id))?.conversationId ===
        record.message.conversationId
      );
  }
}
