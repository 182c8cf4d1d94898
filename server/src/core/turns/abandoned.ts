import type { Clock } from "../../ports/clock.ts";
import type { AbandonedReply, TurnStore } from "../../ports/store.ts";

const INTERVAL_MS = 1_000;

/**
 * Renews this server's lease every second, and ends or takes over the replies of servers whose lease has ended.
 * @param onAbandoned called with the replies that were found
 */
export const createAbandonedReplies = (
  store: Pick<TurnStore, "interruptAbandonedReplies">,
  clock: Clock,
  onAbandoned: (replies: readonly AbandonedReply[]) => void,
) => ({
  /** Runs until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(INTERVAL_MS, signal).catch(() => {});
      if (signal.aborted) return;
      // If the store does not answer, the next round tries again.
      const replies = await store.interruptAbandonedReplies(clock.now()).catch(() => []);
      if (replies.length > 0) onAbandoned(replies);
    }
  },
});
