import { startOf, TRUNK } from "../../domain/branches.ts";
import type { Message } from "../../domain/message.ts";
import type { Owner } from "../../domain/principal.ts";
import { createPace } from "../../domain/turns-of-the-loop.ts";
import type { ArchiveRecord, NewRecord } from "../../ports/archive.ts";
import type { Store } from "../../ports/store.ts";

/** `refused`: another record has its id or its place. */
export type Fate = "taken" | "there" | "refused";

export type StoredMessage = Pick<Message, "id" | "sequence" | "role" | "content">;

/** A stored conversation, with the messages of all of its branches. */
export type StoredTree = {
  readonly messages: readonly StoredMessage[];
  readonly nextBranch: number;
};

/** The destination of imported records. */
export type Destination = {
  /** Stores all records or none, and returns the outcome of each. */
  put(records: readonly NewRecord[]): Promise<Fate[]>;
  /** What the store has of a conversation; null if the owner has none with that id. */
  treeOf(owner: Owner, conversationId: string): Promise<StoredTree | null>;
};

export type DestinationReads = Pick<
  Store,
  | "getConversation"
  | "getMessage"
  | "getAgent"
  | "getProfile"
  | "getPrompt"
  | "getMemory"
  | "getProject"
  | "getFile"
  | "findKeyByHash"
  | "findInvitationByHash"
  | "listMessages"
  | "listForks"
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
  treeOf: (owner, conversationId) => storedTree(store, owner, conversationId),
});

/** How many messages are read at a time of a branch, from its end to its beginning. */
const MESSAGES_TOGETHER = 100;

/** Null if the owner has no such conversation. */
export async function storedTree(
  store: DestinationReads,
  owner: Owner,
  conversationId: string,
): Promise<StoredTree | null> {
  const conversation = await store.getConversation(owner, conversationId);
  const trunk = await store.listMessages(owner, conversationId, {
    branch: TRUNK,
    everyRole: true,
  });
  if (!conversation || !trunk) return null;
  const messages: StoredMessage[] = [...trunk];
  const forks = conversation.nextBranch > 1 ? await store.listForks(owner, conversationId) : [];
  for (const { branch, first } of forks)
    if (first) {
      const own = await messagesFrom(store, owner, conversationId, branch);
      for (const message of own) messages.push(message);
    }
  return { messages, nextBranch: conversation.nextBranch };
}

/** The messages of a branch other than the trunk, without those that its path has before it. */
async function messagesFrom(
  store: DestinationReads,
  owner: Owner,
  conversationId: string,
  branch: number,
): Promise<readonly StoredMessage[]> {
  const found: StoredMessage[] = [];
  for (let before: string | null = null; ; ) {
    const page: StoredMessage[] =
      (await store.listMessages(owner, conversationId, {
        branch,
        everyRole: true,
        limit: MESSAGES_TOGETHER,
        ...(before !== null && { before }),
      })) ?? [];
    const own = page.filter(({ sequence }) => sequence >= startOf(branch));
    found.unshift(...own);
    before = page[0]?.id ?? null;
    if (before === null || own.length < MESSAGES_TOGETHER) return found;
  }
}

export async function isThere(store: DestinationReads, record: ArchiveRecord): Promise<boolean> {
  switch (record.type) {
    case "key":
      return (await store.findKeyByHash(record.key.hash)) !== null;
    case "invitation":
      return (await store.findInvitationByHash(record.invitation.hash)) !== null;
    case "agent":
      return (await store.getAgent(record.owner, record.agent.id)) !== null;
    case "profile":
      return (await store.getProfile(record.owner)) !== null;
    case "prompt":
      return (await store.getPrompt(record.owner, record.prompt.id)) !== null;
    case "memory":
      return (await store.getMemory(record.owner, record.memory.id)) !== null;
    case "project":
      return (await store.getProject(record.owner, record.project.id)) !== null;
    case "conversation":
      return (await store.getConversation(record.owner, record.conversation.id)) !== null;
    case "message":
      return (
        (await store.getMessage(record.owner, record.message.id))?.conversationId ===
        record.message.conversationId
      );
    case "file":
      return (await store.getFile(record.owner, record.file.id)) !== null;
  }
}
