import { toAppError } from "../../domain/errors.ts";
import { NOT_GENERATED } from "../../domain/message.ts";
import type { Owner } from "../../domain/principal.ts";
import type { Clock } from "../../ports/clock.ts";
import type { TurnStore } from "../../ports/store.ts";

type Ending = Parameters<TurnStore["finishReply"]>[2];

/** Replies that are over here, and that the store may still hold as running. */
export type PendingEndings = {
  /** Until the store has taken it. A reply that it does not have, or that has ended there, is left alone. */
  add(owner: Owner, replyId: string, ending: Ending): void;
  /** One that could not be begun, as far as is known: where the store was away, its answer may be all that was lost. */
  addBegun(owner: Owner, replyId: string, model: string, problem: unknown): void;
  /** Tells the store again and again, until aborted. */
  run(signal: AbortSignal): Promise<void>;
};

const INTERVAL_MS = 2_000;
/** In an outage that lasts; whoever is left out is ended when the server is. */
const MAX_PENDING = 10_000;

export function createPendingEndings(
  store: Pick<TurnStore, "finishReply">,
  clock: Clock,
): PendingEndings {
  const waiting = new Map<string, { readonly owner: Owner; readonly ending: Ending }>();
  const add: PendingEndings["add"] = (owner, replyId, ending) => {
    if (waiting.size < MAX_PENDING) waiting.set(replyId, { owner, ending });
  };
  return {
    add,
    addBegun(owner, replyId, model, problem) {
      if (toAppError(problem).code !== "unavailable") return;
      add(owner, replyId, {
        ...NOT_GENERATED,
        status: "interrupted",
        interruptedBy: "crash",
        content: "",
        model,
        finishedAt: clock.now(),
      });
    },
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(INTERVAL_MS, signal).catch(() => {});
        for (const [replyId, { owner, ending }] of waiting)
          try {
            if (signal.aborted) return;
            await store.finishReply(owner, replyId, ending);
            waiting.delete(replyId);
          } catch {
            // The others would fare no better now.
            break;
          }
      }
    },
  };
}
