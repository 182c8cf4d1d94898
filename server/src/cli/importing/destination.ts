import { setTimeout as sleep } from "node:timers/promises";
import type { Owner } from "../../domain/principal.ts";
import type { ArchiveRecord } from "../../ports/archive.ts";
import type { Store } from "../../ports/store.ts";

/** `refused`: its id, or its place, is something else's. */
export type Fate = "taken" | "there" | "refused";

export type StoredMessage = { readonly id: string; readonly sequence: number };

/** Where records go. */
export type Destination = {
  /** Together or not at all. Says what became of each. */
  put(records: readonly ArchiveRecord[]): Promise<Fate[]>;
  /** What is there of a conversation; null if the owner has none of that id. */
  messagesOf(owner: Owner, conversationId: string): Promise<readonly StoredMessage[] | null>;
};

type Reads = Pick<
  Store,
  "getConversation" | "getMessage" | "getAgent" | "findKeyByHash" | "listMessages"
>;

const LONGEST_PAUSE_MS = 100;

export function storeDestination(store: Reads & Pick<Store, "importRecords">): Destination {
  return {
    async put(records) {
      if (records.length === 0) return [];
      const begun = performance.now();
      const isTaken = await store.importRecords(records);
      const tookMs = performance.now() - begun;
      const fates: Fate[] = [];
      for (const [place, record] of records.entries())
        fates.push(isTaken[place] ? "taken" : (await isThere(store, record)) ? "there" : "refused");
      // A server that writes to the same database gets its turn.
      await sleep(Math.min(tookMs, LONGEST_PAUSE_MS));
      return fates;
    },
    messagesOf: (owner, conversationId) => store.listMessages(owner, conversationId),
  };
}

/** Stores nothing; says what would become of the records, as far as the owner's own data tells. @param store null: nothing is there */
export function rehearsal(store: Reads | null): Destination {
  const conversations = new Set<string>();
  const placeOf = ({ tenantId, userId }: Owner, id: string) =>
    JSON.stringify([tenantId, userId, id]);
  const fateOf = async (record: ArchiveRecord): Promise<Fate> => {
    if (store && (await isThere(store, record))) return "there";
    if (record.type === "conversation") {
      const place = placeOf(record.owner, record.conversation.id);
      if (conversations.has(place)) return "there";
      conversations.add(place);
    }
    if (record.type !== "message") return "taken";
    const { owner, message } = record;
    const isComing = conversations.has(placeOf(owner, message.conversationId));
    return isComing || (store && (await store.getConversation(owner, message.conversationId)))
      ? "taken"
      : "refused";
  };
  return {
    async put(records) {
      const fates: Fate[] = [];
      for (const record of records) fates.push(await fateOf(record));
      return fates;
    },
    messagesOf: async (owner, conversationId) =>
      store ? store.listMessages(owner, conversationId) : null,
  };
}

async function isThere(store: Reads, record: ArchiveRecord): Promise<boolean> {
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
