import { growingParts } from "../../../domain/growing-parts.ts";
import type { Part, PartDelta } from "../../../domain/parts.ts";
import { endingOfParts, type TurnEnding } from "../../../domain/turn.ts";
import type { PartsEvent, TurnWriter } from "../../../ports/turn-log.ts";

/** A reply that grows, and its watchers. */
export type LiveReply = TurnWriter["reply"] & {
  add(part: Part): void;
  grow(text: string): void;
  apply(step: PartDelta): void;
  /** Ends it; null: what comes next is not known here, and watchers end without an ending. */
  end(ending: TurnEnding | null): void;
  /** As TurnLog.follow. */
  watch(position: number, signal: AbortSignal): AsyncGenerator<PartsEvent>;
};

export function liveReply(): LiveReply {
  const reply = growingParts();
  const watchers = new Set<() => void>();
  let ended: { readonly ending: TurnEnding | null } | null = null;

  const wake = () => {
    for (const watcher of watchers) watcher();
  };

  return {
    get length() {
      return reply.length;
    },
    get count() {
      return reply.count;
    },
    get last() {
      return reply.last;
    },
    types: reply.types,
    after: reply.after,
    parts: reply.parts,
    add(part) {
      reply.add(part);
      wake();
    },
    grow(text) {
      reply.grow(text);
      wake();
    },
    apply(step) {
      reply.apply(step);
      wake();
    },
    end(ending) {
      ended ??= { ending: ending && endingOfParts(ending) };
      wake();
    },
    async *watch(from, signal) {
      let position = from;
      let rouse: () => void = () => {};
      const watcher = () => rouse();
      watchers.add(watcher);
      signal.addEventListener("abort", watcher);
      try {
        while (!signal.aborted) {
          // A watcher may be ahead of a copy that is still being filled.
          if (position < reply.length)
            for (const step of reply.after(position)) {
              if (signal.aborted) return;
              position = step.position;
              yield step;
            }
          else if (ended) {
            const { ending } = ended;
            if (ending && position < ending.position) yield ending;
            return;
          } else
            await new Promise<void>((resolve) => {
              rouse = resolve;
            });
        }
      } finally {
        watchers.delete(watcher);
        signal.removeEventListener("abort", watcher);
      }
    },
  };
}
