import { isPlain } from "../../domain/message.ts";
import { layOut } from "../../domain/part-layout.ts";
import { deltasOf, lengthOf, lengthOfAll, type Part, type PartDelta } from "../../domain/parts.ts";
import { Places } from "../../domain/places.ts";
import type { Owner } from "../../domain/principal.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ReplyAddition, TurnStore } from "../../ports/store.ts";
import type { TurnWriter } from "../../ports/turn-log.ts";

/** Puts what was added to replies in progress on disk at least once a second, so that it survives a crash. */
export type Checkpoints = {
  add(reply: {
    readonly owner: Owner;
    readonly replyId: string;
    readonly reply: Growing;
    /** Of a reply that another server began, which is stored as it is: how often it was taken over. */
    readonly epoch?: number;
    /** Calls of tools, and what follows them, are stored by `note` alone, together with what becomes of them. */
    readonly leavesCalls?: boolean;
  }): Checkpoint;
  /** Runs until aborted. */
  run(signal: AbortSignal): Promise<void>;
};

/** The checkpoints of one reply. */
export type Checkpoint = {
  /** Whether the store may hold any part of the reply. */
  readonly isBegun: boolean;
  remove(): void;
  /**
   * Stores what is not on disk yet, and parts that come next and are shown only afterwards, by a write of the caller's.
   * @param write gives whether it was stored @returns what `write` gave
   */
  note(
    next: readonly Part[],
    write: (addition: ReplyAddition | null) => Promise<boolean>,
  ): Promise<boolean>;
};

/** A reply as it grows. */
type Growing = TurnWriter["reply"];

type Entry = {
  readonly owner: Owner;
  readonly replyId: string;
  readonly reply: Growing;
  readonly leavesCalls: boolean;
  /** Of the next addition. */
  number: number;
  /** The length of the reply that is on disk. */
  kept: number;
  /** Whether that is laid out. */
  isLaidOut: boolean;
  isBegun: boolean;
  /** The periodic write of it that is under way; never rejects. */
  writing: Promise<unknown> | null;
  /** Whether a write of `note` is under way. */
  isNoting: boolean;
  hasEnded: boolean;
};

const INTERVAL_MS = 750;
/** The bound of one write, so that other writes can go in between. */
const MAX_CHARACTERS = 1024 * 1024;
/** More additions than one server makes of a reply. */
const NUMBERS_A_SERVER = 2 ** 32;

export function createCheckpoints(store: Pick<TurnStore, "checkpoint">, clock: Clock): Checkpoints {
  const replies = new Places<Entry>();

  /** Stores only what was added since the last checkpoint, so a long reply costs no more than a short one. */
  const keep = async (entries: readonly Entry[]) => {
    const told = entries.map((entry) => ({ length: lengthToKeep(entry), ...additionTo(entry) }));
    const storing = store.checkpoint(told.map(({ addition }) => addition));
    const settled = storing.catch(() => {});
    for (const entry of entries) {
      entry.isBegun = true;
      entry.writing = settled;
    }
    await storing;
    for (const [place, entry] of entries.entries()) {
      entry.kept = told[place]?.length ?? entry.kept;
      entry.isLaidOut = told[place]?.addition.layout !== null;
      entry.number++;
    }
  };

  const keepAll = async () => {
    let next: Entry[] = [];
    let characters = 0;
    for (const entry of [...replies]) {
      const added = lengthToKeep(entry) - entry.kept;
      // A reply that has ended meanwhile is stored as a whole.
      if (added <= 0 || entry.isNoting || entry.hasEnded) continue;
      next.push(entry);
      characters += added;
      if (characters < MAX_CHARACTERS) continue;
      await keep(next);
      next = [];
      characters = 0;
    }
    if (next.length > 0) await keep(next);
  };

  const note: NoteEntry = async (entry, next, write) => {
    entry.isNoting = true;
    try {
      await entry.writing;
      const length = entry.reply.length + lengthOfAll(next);
      const addition = length === entry.kept ? null : additionTo(entry, next, length).addition;
      entry.isBegun = true;
      if (!(await write(addition))) return false;
      if (!addition) return true;
      entry.kept = length;
      entry.isLaidOut = addition.layout !== null;
      entry.number++;
      return true;
    } finally {
      entry.isNoting = false;
    }
  };

  return {
    add({ owner, replyId, reply, epoch = 0, leavesCalls = false }) {
      const entry: Entry = {
        owner,
        replyId,
        reply,
        leavesCalls,
        number: epoch * NUMBERS_A_SERVER,
        kept: reply.length,
        isLaidOut: epoch > 0,
        isBegun: epoch > 0,
        writing: null,
        isNoting: false,
        hasEnded: false,
      };
      const leave = replies.add(entry);
      return {
        get isBegun() {
          return entry.isBegun;
        },
        remove() {
          entry.hasEnded = true;
          leave();
        },
        note: (next, write) => note(entry, next, write),
      };
    },
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(INTERVAL_MS, signal).catch(() => {});
        // If the store cannot take it now, the next round sends the longer text under the same number.
        await keepAll().catch(() => {});
      }
    },
  };
}

type NoteEntry = (entry: Entry, ...given: Parameters<Checkpoint["note"]>) => Promise<boolean>;

/** How long the reply is as far as a periodic write may store it. */
function lengthToKeep({ reply, kept, leavesCalls }: Entry): number {
  if (!leavesCalls || !reply.types().includes("tool_call")) return reply.length;
  const call = reply
    .after(kept)
    .find((step) => step.type === "open" && step.part.type === "tool_call");
  return call ? call.position - 1 : reply.length;
}

/**
 * What is to be kept of a reply beyond what is kept.
 * @param next parts that come after those that it has @param until the length that is stored then
 */
function additionTo(
  entry: Entry,
  next: readonly Part[] = [],
  until = lengthToKeep(entry),
): { readonly addition: ReplyAddition } {
  const { owner, replyId, reply, number, kept, isLaidOut } = entry;
  const coming = stepsOf(next, reply.count, reply.length);
  const stepsFrom = (position: number) =>
    [...reply.after(position), ...coming].filter((step) => step.position <= until);
  const steps = stepsFrom(kept);
  const { content, reasoning, layout } = layOut(steps);
  const added = { owner, replyId, number, content, reasoning };
  if (isLaidOut) return { addition: { ...added, layout } };
  if (isPlain([...reply.types(), ...next.map(({ type }) => type)]))
    return { addition: { ...added, layout: null } };
  return { addition: { ...added, layout: layOut(stepsFrom(0)).layout } };
}

/** The growth of a message of so many parts by those; none of them may join the part before it. */
function stepsOf(parts: readonly Part[], count: number, length: number): PartDelta[] {
  let start = length;
  return parts.flatMap((part, place) => {
    const steps = deltasOf(part, count + place, start, start);
    start += lengthOf(part);
    return steps;
  });
}
