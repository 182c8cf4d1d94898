import type { Owner } from "../domain/principal.ts";
import type { Clock } from "../ports/clock.ts";
import type { TurnStore } from "../ports/store.ts";

/** Replies in progress whose text is put on disk at least once a second, so that a crash keeps it. */
export type Checkpoints = {
  add(reply: { readonly owner: Owner; readonly replyId: string; readonly text: () => string }): {
    remove(): void;
  };
  /** Runs until aborted. */
  run(signal: AbortSignal): Promise<void>;
};

const INTERVAL_MS = 750;

export function createCheckpoints(store: Pick<TurnStore, "checkpoint">, clock: Clock): Checkpoints {
  const replies = new Set<{
    readonly owner: Owner;
    readonly replyId: string;
    readonly text: () => string;
    keptLength: number;
  }>();

  const keep = async () => {
    const changed = [];
    for (const reply of replies) {
      const content = reply.text();
      if (content.length === reply.keptLength) continue;
      reply.keptLength = content.length;
      changed.push({ owner: reply.owner, replyId: reply.replyId, content });
    }
    if (changed.length) await store.checkpoint(changed);
  };

  return {
    add(reply) {
      const entry = { ...reply, keptLength: 0 };
      replies.add(entry);
      return { remove: () => replies.delete(entry) };
    },
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(INTERVAL_MS, signal).catch(() => {});
        // A store that cannot take it now gets the longer text the next time.
        await keep().catch(() => {
          for (const reply of replies) reply.keptLength = 0;
        });
      }
    },
  };
}
