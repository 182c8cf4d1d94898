import type { Owner } from "../../domain/principal.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ReplyAddition, TurnStore } from "../../ports/store.ts";

/** Replies in progress whose text is put on disk at least once a second, so that a crash keeps it. */
export type Checkpoints = {
  add(reply: { readonly owner: Owner; readonly replyId: string }): Checkpoint;
  /** Runs until aborted. */
  run(signal: AbortSignal): Promise<void>;
};

/** One reply's. */
export type Checkpoint = {
  /** Whether any of it may be on disk. */
  readonly isBegun: boolean;
  addContent(text: string): void;
  addReasoning(text: string): void;
  remove(): void;
};

type Entry = { isBegun: boolean } & {
  -readonly [Field in keyof ReplyAddition]: ReplyAddition[Field];
};

const INTERVAL_MS = 750;
/** Of one write, so that the writes of others come in between. */
const MAX_CHARACTERS = 1024 * 1024;

export function createCheckpoints(store: Pick<TurnStore, "checkpoint">, clock: Clock): Checkpoints {
  const replies = new Set<Entry>();

  /** Only what was added is taken to the disk: a long reply costs no more than a short one. */
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
      // What has ended meanwhile is stored whole.
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
        // A store that cannot take it now gets the longer text under the same number the next time.
        await keepAll().catch(() => {});
      }
    },
  };
}
