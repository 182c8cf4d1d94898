import { setTimeout as sleep } from "node:timers/promises";
import {
  type Destination,
  type DestinationReads,
  type Fate,
  isThere,
  storeDestination,
  storedTree,
} from "../../core/importing/destination.ts";
import type { Owner } from "../../domain/principal.ts";
import type { ArchiveRecord } from "../../ports/archive.ts";
import type { Store } from "../../ports/store.ts";

const MAX_PAUSE_MS = 100;

/** The import pauses as long as it works, so that a server on the same database can write, too. */
export function patientDestination(
  store: DestinationReads & Pick<Store, "importRecords">,
): Destination {
  const destination = storeDestination(store);
  return {
    ...destination,
    async put(records) {
      const begun = performance.now();
      const fates = await destination.put(records);
      if (records.length) await sleep(Math.min(performance.now() - begun, MAX_PAUSE_MS));
      return fates;
    },
  };
}

/** Stores nothing, but predicts the result for each record from the data of the owner. @param store null if there is no store yet */
export function rehearsal(store: DestinationReads | null): Destination {
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
    treeOf: async (owner, conversationId) =>
      store ? storedTree(store, owner, conversationId) : null,
  };
}
