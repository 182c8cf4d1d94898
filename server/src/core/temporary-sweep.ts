import type { Clock } from "../ports/clock.ts";
import type { ConversationStore } from "../ports/store.ts";
import type { Turns } from "./turns/turn.ts";

const SWEEP_MS = 60_000;
const BATCH = 100;
/** Who deletes them, as the audit log names it. */
const ACTOR = "end of a temporary conversation";

export type TemporarySweep = {
  /** Deletes the conversations whose time is over. @throws AppError unavailable */
  sweep(): Promise<void>;
  /** The same every minute, until aborted. */
  run(signal: AbortSignal): Promise<void>;
};

/** Deletes temporary conversations when their time is over, with their messages and whatever is said in them just then. */
export function createTemporarySweep(
  store: Pick<ConversationStore, "expiredConversations" | "deleteConversation">,
  turns: Pick<Turns, "stop">,
  clock: Clock,
): TemporarySweep {
  async function sweep(): Promise<void> {
    for (;;) {
      const at = clock.now();
      const expired = await store.expiredConversations(at, BATCH);
      for (const { owner, id } of expired) {
        // Another server may have deleted it since.
        await turns.stop(owner, id, "deleted").catch(() => {});
        await store.deleteConversation(owner, id, { at, actor: ACTOR });
      }
      if (expired.length < BATCH) return;
    }
  }

  return {
    sweep,
    async run(signal) {
      while (!signal.aborted) {
        // A database that is away now is asked again the next time.
        await sweep().catch(() => {});
        await clock.sleep(SWEEP_MS, signal).catch(() => {});
      }
    },
  };
}
