import { AppError } from "./errors.ts";

/*
 * A conversation is a tree, in which each question and each answer may have versions. The tree is stored as branches.
 * Branch 0 is the original conversation. Every other branch leaves its parent at a fork. Its path consists of its
 * parent's path before the fork, followed by its own messages.
 *
 * The sequence of a message determines its branch: branch n has the sequences from n × BRANCH_SPAN on. Since a branch
 * is younger than its parent, a path ascends in sequence and consists of one range of sequences for each fork.
 */

/** The number of sequences of a branch, which is more than any conversation needs. */
export const BRANCH_SPAN = 2 ** 32;
/** The maximum number of branches in a conversation, not counting branch 0. */
export const MAX_BRANCHES = 1_000;
/** The first branch of every conversation. */
export const TRUNK = 0;

/** A branch other than the trunk. */
export type Branch = {
  /** 1, 2, 3, … in the order in which the branches were created. */
  readonly branch: number;
  /** The number of the parent, which is always smaller. */
  readonly parent: number;
  /** A sequence of the parent. Its messages before this sequence are on the path of the branch. */
  readonly fork: number;
};

/** The sequences from `from` up to but not including `to`. */
export type SequenceRange = { readonly from: number; readonly to: number };

export const branchOf = (sequence: number): number => Math.floor(sequence / BRANCH_SPAN);

/** The sequence of the first message of a branch. */
export const startOf = (branch: number): number => branch * BRANCH_SPAN;

const spanOf = (branch: number): SequenceRange => ({
  from: startOf(branch),
  to: startOf(branch + 1),
});

/** The path of a conversation without forks. */
export const TRUNK_PATH: readonly SequenceRange[] = [spanOf(TRUNK)];

export const noSuchBranch = (branch: number): AppError =>
  new AppError("invalid_request", `This conversation has no branch ${branch}`, { field: "branch" });

/** The ranges of sequences of a path, ascending; null if there is no such branch. */
export function pathOf(
  branches: readonly Branch[],
  branch: number,
): readonly SequenceRange[] | null {
  const known = new Map(branches.map((it) => [it.branch, it]));
  const ranges: SequenceRange[] = [];
  let { to } = spanOf(branch);
  for (let at = branch; ; ) {
    const from = startOf(at);
    if (from < to) ranges.push({ from, to });
    if (at === TRUNK) return ranges.reverse();
    const left = known.get(at);
    if (!left || left.parent >= at) return null;
    at = left.parent;
    to = Math.min(left.fork, startOf(at + 1));
  }
}

/** The part of a path before a sequence. */
export const pathBefore = (
  path: readonly SequenceRange[],
  sequence: number,
): readonly SequenceRange[] =>
  path
    .filter(({ from }) => from < sequence)
    .map(({ from, to }) => ({ from, to: Math.min(to, sequence) }));

export const isOnPath = (path: readonly SequenceRange[], sequence: number): boolean =>
  path.some(({ from, to }) => sequence >= from && sequence < to);

/**
 * The fork of a branch whose path ends before the message of that sequence. A version of the first message of a branch
 * begins at the fork of that branch, so that versions of one message never nest.
 */
export function forkBefore(
  branches: readonly Branch[],
  sequence: number,
): Pick<Branch, "parent" | "fork"> {
  const parent = branchOf(sequence);
  const start = sequence === startOf(parent) && branches.find((it) => it.branch === parent);
  return start ? { parent: start.parent, fork: start.fork } : { parent, fork: sequence };
}

/** The ranges of sequences, on every branch, that are deleted with a message and all messages after it. */
export function rangesAfter(branches: readonly Branch[], sequence: number): SequenceRange[] {
  const branch = branchOf(sequence);
  const ranges = [{ from: sequence, to: startOf(branch + 1) }];
  const gone = new Set<number>();
  for (const { branch: it, parent, fork } of byNumber(branches))
    if (gone.has(parent) || (parent === branch && fork > sequence)) {
      gone.add(it);
      ranges.push(spanOf(it));
    }
  return ranges;
}

const byNumber = (branches: readonly Branch[]): readonly Branch[] =>
  branches.toSorted((a, b) => a.branch - b.branch);

type Place = { readonly id: string; readonly sequence: number };

/** A branch, and the messages at its fork. */
export type Fork = Branch & {
  /** The first message of the branch itself; null if it has none. */
  readonly first: Place | null;
  /** The first message of the parent at or after the fork; null if there is none. */
  readonly next: Place | null;
};

/** The versions of a message, including itself. */
export type Versions = {
  /** The index of the message itself in the lists. */
  readonly index: number;
  /** The ids of the versions, oldest first. */
  readonly ids: readonly string[];
  /** For each version, the newest branch whose path contains it. */
  readonly branches: readonly number[];
};

/** The versions of all messages in a conversation that have more than one, by the id of the message. */
export function versionsAmong(forks: readonly Fork[]): ReadonlyMap<string, Versions> {
  const sorted = forks.toSorted((a, b) => a.branch - b.branch);
  const newestThrough = newestBranches(sorted);
  const versions = new Map<string, Versions>();
  for (const places of groupsOf(sorted)) {
    const ids = places.map(({ id }) => id);
    const branches = places.map(({ sequence }) => newestThrough(sequence));
    for (const [index, id] of ids.entries()) versions.set(id, { index, ids, branches });
  }
  return versions;
}

/** The groups of versions: messages that directly follow the same message on different branches. */
function groupsOf(sorted: readonly Fork[]): Place[][] {
  const firsts = new Map(sorted.map(({ branch, first }) => [branch, first]));
  const keys = new Map<number, string>();
  const groups = new Map<string, Place[]>();
  for (const { branch, parent, first, next } of sorted) {
    const parentFirst = firsts.get(parent);
    // No message of its parent precedes the fork, so the branch begins where its parent begins.
    const isAtStart = parentFirst !== undefined && parentFirst?.sequence === next?.sequence;
    const key = (isAtStart && keys.get(parent)) || `${parent}:${next?.sequence ?? "end"}`;
    keys.set(branch, key);
    const places = groups.get(key) ?? (next ? [next] : []);
    if (first) places.push(first);
    groups.set(key, places);
  }
  return [...groups.values()].filter(({ length }) => length > 1);
}

/** Finds the newest branch whose path contains the message of a sequence. @param sorted by number */
function newestBranches(sorted: readonly Branch[]): (sequence: number) => number {
  const newest = new Map<number, number>();
  const children = new Map<number, Branch[]>();
  for (const it of sorted.toReversed()) {
    const own = Math.max(newest.get(it.branch) ?? 0, it.branch);
    newest.set(it.branch, own);
    newest.set(it.parent, Math.max(newest.get(it.parent) ?? 0, own));
    const siblings = children.get(it.parent);
    if (siblings) siblings.push(it);
    else children.set(it.parent, [it]);
  }
  return (sequence) => {
    const branch = branchOf(sequence);
    let found = branch;
    for (const child of children.get(branch) ?? [])
      if (child.fork > sequence) found = Math.max(found, newest.get(child.branch) ?? child.branch);
    return found;
  };
}
