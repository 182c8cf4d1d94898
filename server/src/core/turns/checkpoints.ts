import { isPlain } from "../../domain/message.ts";
import { layOut } from "../../domain/part-layout.ts";
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
  }): Checkpoint;
  /** Runs until aborted. */
  run(signal: AbortSignal): Promise<void>;
};

/** The checkpoints of one reply. */
export type Checkpoint = {
  /** Whether the store may hold any part of the reply. */
  readonly isBegun: boolean;
  remove(): void;
};

/** A reply as it grows. */
type Growing = TurnWriter["reply"];

type Entry = {
  readonly owner: Owner;
  readonly replyId: string;
  readonly reply: Growing;
  /** Of the next addition. */
  number: number;
  /** The length of the reply that is on disk. */
  kept: number;
  /** Whether that is laid out. */
  isLaidOut: boolean;
  isBegun: boolean;
};

const INTERVAL_MS = 750;
/** The bound of one write, so that other writes can go in between. */
const MAX_CHARACTERS = 1024 * 1024;

export function createCheckpoints(store: Pick<TurnStore, "checkpoint">, clock: Clock): Checkpoints {
  const replies = new Set<Entry>();

  /** Stores only what was added since the last checkpoint, so a long reply costs no more than a short one. */
  const keep = async (entries: readonly Entry[]) => {
    const told = entries.map((entry) => ({ length: entry.reply.length, ...additionTo(entry) }));
    for (const entry of entries) entry.isBegun = true;
    await store.checkpoint(told.map(({ addition }) => addition));
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
      const added = entry.reply.length - entry.kept;
      // A reply that has ended meanwhile is stored as a whole.
      if (added === 0 || !replies.has(entry)) continue;
      next.push(entry);
      characters += added;
      if (characters < MAX_CHARACTERS) continue;
      await keep(next);
      next = [];
      characters = 0;
    }
    if (next.length > 0) await keep(next);
  };

  return {
    add({ owner, replyId, reply }) {
      const entry: Entry = {
        owner,
        replyId,
        reply,
        number: 0,
        kept: 0,
        isLaidOut: false,
        isBegun: false,
      };
      replies.add(entry);
      return {
        get isBegun() {
          return entry.isBegun;
        },
        remove: () => replies.delete(entry),
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

/** What is to be kept of a reply beyond what is kept. */
function additionTo({ owner, replyId, reply, number, kept, isLaidOut }: Entry): {
  readonly addition: ReplyAddition;
} {
  const { content, reasoning, layout } = layOut(reply.after(kept));
  const added = { owner, replyId, number, content, reasoning };
  if (isLaidOut) return { addition: { ...added, layout } };
  if (isPlain(reply.types())) return { addition: { ...added, layout: null } };
  return { addition: { ...added, layout: layOut(reply.after(0)).layout } };
}
