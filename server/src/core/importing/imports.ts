import type { Owner } from "../../domain/principal.ts";
import { createPace, type Pace } from "../../domain/turns-of-the-loop.ts";
import type { DeriveId } from "../../ports/clock.ts";
import type { Store } from "../../ports/store.ts";
import type { Chat, LeaveOut } from "./chat.ts";
import { decodeChatGpt } from "./chatgpt/decode.ts";
import { type DestinationReads, storeDestination } from "./destination.ts";
import { isObject } from "./loose.ts";
import { type ChatRecords, putChats, recordsOf } from "./records.ts";
import { repairedInPieces } from "./repair.ts";
import { decodeStored } from "./stored.ts";

/**
 * The bound of one write to the store, which takes whole chats, so that other writes do not wait for the
 * whole import.
 */
const RECORDS_TOGETHER = 1000;

export type ImportResult = {
  /** The number of conversations that are new, or that got new messages. */
  readonly imported: number;
  /** The number of conversations that were complete already. */
  readonly skipped: number;
  /** The conversations of which nothing could be stored, by their place in the list, with the reason. */
  readonly failed: readonly { readonly index: number; readonly reason: string }[];
};

/**
 * Imports conversations from a ChatGPT export, from this server's wires or from a browser's localStorage.
 * Each is stored as a whole or not at all; what is stored already is not stored twice.
 */
export type ImportChats = (owner: Owner, items: readonly unknown[]) => Promise<ImportResult>;

export function createImportChats(
  store: DestinationReads & Pick<Store, "importRecords">,
  deriveId: DeriveId,
): ImportChats {
  const destination = storeDestination(store);
  return async (owner, items) => {
    const pace = createPace();
    const failed: { index: number; reason: string }[] = [];
    const chats: { index: number; chat: Chat; tally: Tally }[] = [];
    // The imported conversation gets ids of its own, so that an import does not reveal which ids others have.
    const importing = { owner, destination, deriveId, keepsIds: false, pace };
    for (const [index, item] of items.entries()) {
      const tally = createTally();
      const chat = await decode(item, tally.leaveOut, pace);
      if (typeof chat === "string") failed.push({ index, reason: chat });
      else if (chat === null) failed.push({ index, reason: "it has no message to take" });
      else chats.push({ index, tally, chat });
    }
    for (const round of roundsOf(chats)) {
      let together: ChatRecords[] = [];
      let records = 0;
      for (const { chat, tally } of round) {
        const one = await recordsOf(chat, tally, importing);
        together.push(one);
        records += one.kept.length;
        if (records < RECORDS_TOGETHER) continue;
        await putChats(together, destination);
        together = [];
        records = 0;
      }
      await putChats(together, destination);
    }
    let imported = 0;
    let skipped = 0;
    for (const { index, tally } of chats)
      if (tally.refused)
        failed.push({ index, reason: "one of its messages could not be given a place" });
      else if (tally.taken) imported++;
      else skipped++;
    return { imported, skipped, failed };
  };
}

/** Puts each chat in a later round than the chats with the same id, so that it meets their outcome. */
function roundsOf<Item extends { readonly chat: Chat }>(items: readonly Item[]): Item[][] {
  const rounds: Item[][] = [];
  const roundOf = new Map<string, number>();
  for (const item of items) {
    const place = roundOf.get(item.chat.sourceId) ?? 0;
    roundOf.set(item.chat.sourceId, place + 1);
    rounds[place] ??= [];
    rounds[place].push(item);
  }
  return rounds;
}

/** Only ChatGPT's have a tree of messages, the 'mapping'. */
async function decode(
  item: unknown,
  leaveOut: LeaveOut,
  pace: Pace,
): Promise<Chat | string | null> {
  const value = await repairedInPieces(item, pace);
  return isObject(value) && "mapping" in value
    ? decodeChatGpt(value, leaveOut, pace)
    : decodeStored(value, leaveOut, pace);
}

type Tally = ReturnType<typeof createTally>;

/** What became of one chat. */
function createTally() {
  const counts = { taken: 0, there: 0, refused: 0 };
  return {
    get taken() {
      return counts.taken;
    },
    get refused() {
      return counts.refused;
    },
    add(_record: unknown, fate: keyof typeof counts): void {
      counts[fate]++;
    },
    leaveOut(): void {},
  };
}
