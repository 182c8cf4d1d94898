import type { Clock } from "../../ports/clock.ts";
import type { AbandonedReply, TurnStore } from "../../ports/store.ts";

const INTERVAL_MS = 1_000;

/**
 * Says again and again that this server lives, and ends the replies of those that do not.
 * @param onAbandoned told of replies that were ended so
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
      // A store that is away now is asked again in a second.
      const replies = await store.interruptAbandonedReplies(clock.now()).catch(() => []);
      if (replies.length > 0) onAbandoned(replies);
    }
  },
});
