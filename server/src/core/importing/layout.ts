import { type Branch, branchOf, MAX_BRANCHES, startOf, TRUNK } from "../../domain/branches.ts";
import type { Pace } from "../../domain/turns-of-the-loop.ts";
import { type ChatMessage, pathTo } from "./chat.ts";

/** The place of a message of a chat. */
export type Spot = {
  readonly sequence: number;
  /** The branch that begins with the chat's message of this or an earlier place on it; null if it is there already. */
  readonly begun: Branch | null;
};

/** What is stored of a conversation. */
export type StoredPlaces = {
  /** The sequences of all stored messages. */
  readonly taken: Iterable<number>;
  readonly nextBranch: number;
  /** The sequence of a message of the chat, by its index; undefined if it is not stored. */
  sequenceOf(index: number): number | undefined;
};

export const NOTHING_STORED: StoredPlaces = {
  taken: [],
  nextBranch: 1,
  sequenceOf: () => undefined,
};

export type Layout = {
  /** For each message of the chat; null if a conversation cannot have as many branches. */
  readonly spots: readonly (Spot | null)[];
  /** The branches that are new, by number. */
  readonly branches: readonly Branch[];
};

/**
 * Gives each message of a tree its place: the first version of what follows a message stays on its branch, and each
 * further one begins a branch. What is stored keeps its place. The path that was shown always has one.
 */
export async function layOut(
  messages: readonly ChatMessage[],
  shown: number,
  stored: StoredPlaces,
  pace: Pace,
): Promise<Layout> {
  const taken = new Set(stored.taken);
  /** For each branch, the sequence after its last message. */
  const ends = new Map<number, number>();
  const reach = (sequence: number) => {
    const branch = branchOf(sequence);
    ends.set(branch, Math.max(ends.get(branch) ?? 0, sequence + 1));
  };
  for (const sequence of taken) reach(sequence);
  const gaps = await gapsOf(messages, stored, pace);
  const branches: Branch[] = [];
  const begun = new Map<number, Branch>();

  const freshSpot = (index: number, before: number): number | null => {
    const gap = gaps[index];
    if (gap !== undefined && gap > before && !taken.has(gap)) return gap;
    const parent = branchOf(Math.max(before, 0));
    const fork = before + 1;
    if ((ends.get(parent) ?? startOf(TRUNK)) <= fork) return fork;
    const branch = stored.nextBranch + branches.length;
    if (branch > MAX_BRANCHES) return null;
    const added = { branch, parent, fork };
    branches.push(added);
    begun.set(branch, added);
    return startOf(branch);
  };
  const spots: (Spot | null | undefined)[] = [];
  const place = (index: number): Spot | null => {
    const parent = messages[index]?.parent ?? null;
    const before = parent === null ? -1 : spots[parent]?.sequence;
    const sequence =
      stored.sequenceOf(index) ?? (before === undefined ? null : freshSpot(index, before));
    if (sequence === null) return null;
    taken.add(sequence);
    reach(sequence);
    return { sequence, begun: begun.get(branchOf(sequence)) ?? null };
  };
  const isLarge = forksIn(messages) + stored.nextBranch > MAX_BRANCHES;
  if (isLarge) for (const index of pathTo(messages, shown)) spots[index] = place(index);
  for (const index of messages.keys()) {
    if (spots[index] === undefined) spots[index] = place(index);
    if (pace.isDue()) await pace.pause();
  }
  return { spots: spots.map((spot) => spot ?? null), branches };
}

/** The number of messages that are further versions of another one. */
function forksIn(messages: readonly ChatMessage[]): number {
  return messages.length - new Set(messages.map(({ parent }) => parent)).size;
}

/**
 * For each message that is not stored, the place that it had before it was deleted: as far before a stored message as it
 * is above that one in the tree.
 */
async function gapsOf(
  messages: readonly ChatMessage[],
  stored: StoredPlaces,
  pace: Pace,
): Promise<readonly (number | undefined)[]> {
  const below: ({ readonly sequence: number; readonly distance: number } | undefined)[] = [];
  const gaps: (number | undefined)[] = [];
  for (let index = messages.length - 1; index >= 0; index--) {
    const own = stored.sequenceOf(index);
    const heir = own === undefined ? below[index] : { sequence: own, distance: 0 };
    if (heir && heir.distance > 0) {
      const gap = heir.sequence - heir.distance;
      if (gap >= 0 && branchOf(gap) === branchOf(heir.sequence)) gaps[index] = gap;
    }
    const parent = messages[index]?.parent ?? null;
    const known = parent === null ? undefined : below[parent];
    if (parent !== null && heir && (!known || heir.sequence < known.sequence))
      below[parent] = { sequence: heir.sequence, distance: heir.distance + 1 };
    if (pace.isDue()) await pace.pause();
  }
  return gaps;
}
