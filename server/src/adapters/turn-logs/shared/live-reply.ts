import type { TurnEnding } from "../../../domain/turn.ts";
import type { LiveEvent, Thought } from "../../../ports/turn-log.ts";

/** A reply that grows, and its watchers. */
export type LiveReply = {
  /** In UTF-16 code units. */
  readonly length: number;
  append(text: string): void;
  /** Ends it; null: what comes next is not known here, and watchers end without an ending. */
  end(ending: TurnEnding | null): void;
  /** What comes after that position. */
  textAfter(position: number): string;
  /** As TurnLog.follow. */
  watch(position: number, signal: AbortSignal): AsyncGenerator<LiveEvent>;
};

export function liveReply(): LiveReply {
  /** What the model gave, piece by piece, and the length of the reply after each. */
  const pieces: string[] = [];
  const positions: number[] = [];
  const watchers = new Set<() => void>();
  let length = 0;
  let ended: { readonly ending: TurnEnding | null } | null = null;

  const wake = () => {
    for (const watcher of watchers) watcher();
  };
  const firstAfter = (position: number): number => {
    if (position >= length) return pieces.length;
    return positions.findIndex((end) => end > position);
  };
  /** The reply after `position`, which lies in or before piece `index`. */
  const textFrom = (index: number, position: number): string => {
    const first = pieces[index] ?? "";
    const start = (positions[index] ?? 0) - first.length;
    const rest = index + 1 < pieces.length ? pieces.slice(index + 1).join("") : "";
    return first.slice(Math.max(0, position - start)) + rest;
  };

  return {
    get length() {
      return length;
    },
    append(text) {
      pieces.push(text);
      length += text.length;
      positions.push(length);
      wake();
    },
    end(ending) {
      ended ??= { ending };
      wake();
    },
    textAfter: (position) => textFrom(firstAfter(position), position),
    async *watch(from, signal) {
      let position = from;
      let next = firstAfter(position);
      let rouse: () => void = () => {};
      const watcher = () => rouse();
      watchers.add(watcher);
      signal.addEventListener("abort", watcher);
      try {
        while (!signal.aborted) {
          if (next < pieces.length) {
            // A watcher may be ahead of a copy that is still being filled.
            if (position > (positions[next - 1] ?? 0)) next = firstAfter(position);
            if (next === pieces.length) continue;
            const text = textFrom(next, position);
            next = pieces.length;
            if (!text) continue;
            position = length;
            yield { type: "delta", position, text };
          } else if (ended) {
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

/** What a model thinks grows as a reply does, and has no ending of its own. Null where there is no such turn. */
export const thoughtsOf = (
  thoughts: LiveReply | undefined,
  signal: AbortSignal,
): AsyncIterable<Thought> | null => (thoughts ? thoughtsIn(thoughts, signal) : null);

async function* thoughtsIn(thoughts: LiveReply, signal: AbortSignal): AsyncGenerator<Thought> {
  for await (const event of thoughts.watch(0, signal))
    if (event.type === "delta")
      yield { offset: event.position - event.text.length, text: event.text };
}
