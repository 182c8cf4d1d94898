import { toAppError } from "../../domain/errors.ts";
import { NOT_GENERATED } from "../../domain/message.ts";
import type { Owner } from "../../domain/principal.ts";
import type { Clock } from "../../ports/clock.ts";
import type { TurnStore } from "../../ports/store.ts";

type Ending = Parameters<TurnStore["finishReply"]>[2];

/** Replies that have ended on this server, but that the store may still hold as running. */
export type PendingEndings = {
  /** Repeats the ending until the store has taken it. A reply that the store does not have, or that has ended there, is left alone. */
  add(owner: Owner, replyId: string, ending: Ending): void;
  /** Adds a reply whose beginning failed. If the store did not answer, the reply may be stored all the same. */
  addBegun(owner: Owner, replyId: string, model: string, problem: unknown): void;
  /** Tells the store again and again, until aborted. */
  run(signal: AbortSignal): Promise<void>;
};

const INTERVAL_MS = 2_000;
/** The bound for a long outage. A reply beyond it is ended when the server closes or starts again. */
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
            // The store would not take the others now, either.
            break;
          }
      }
    },
  };
}
