import type { Owner } from "../../domain/principal.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ReplyAddition, TurnStore } from "../../ports/store.ts";

/** Puts the text of replies in progress on disk at least once a second, so that it survives a crash. */
export type Checkpoints = {
  add(reply: { readonly owner: Owner; readonly replyId: string }): Checkpoint;
  /** Runs until aborted. */
  run(signal: AbortSignal): Promise<void>;
};

/** The checkpoints of one reply. */
export type Checkpoint = {
  /** Whether the store may hold any part of the reply. */
  readonly isBegun: boolean;
  addContent(text: string): void;
  addReasoning(text: string): void;
  remove(): void;
};

type Entry = { isBegun: boolean } & {
  -readonly [Field in keyof ReplyAddition]: ReplyAddition[Field];
};

const INTERVAL_MS = 750;
/** The bound of one write, so that other writes can go in between. */
const MAX_CHARACTERS = 1024 * 1024;

export function createCheckpoints(store: Pick<TurnStore, "checkpoint">, clock: Clock): Checkpoints {
  const replies = new Set<Entry>();

  /** Stores only what was added since the last checkpoint, so a long reply costs no more than a short one. */
  const keep = async (entries: readonly Entry[]) => {
    const additions = entries.map(({ isBegun, ...addition }): ReplyAddition => addition);
    for (const entry of entries) entry.isBegun = true;
    await store.checkpoint(additions);
    for (const [place, entry] of entries.entries()) {
      const kept = additions[place];
      entry.content = entry.content.slice(kept?.content.length);
      entry.reasoning = entry.reasoning.slice(kept?.reasoning.length);
      entry.number++;
    }
  };

  const keepAll = async () => {
    let next: Entry[] = [];
    let characters = 0;
    for (const entry of [...replies]) {
      const added = entry.content.length + entry.reasoning.length;
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
    add({ owner, replyId }) {
      const entry: Entry = {
        owner,
        replyId,
        number: 0,
        content: "",
        reasoning: "",
        isBegun: false,
      };
      replies.add(entry);
      return {
        get isBegun() {
          return entry.isBegun;
        },
        addContent(text) {
          entry.content += text;
        },
        addReasoning(text) {
          entry.reasoning += text;
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
