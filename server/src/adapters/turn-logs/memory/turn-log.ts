import type { TurnEnding } from "../../../domain/turn.ts";
import type { LiveEvent, TurnLog } from "../../../ports/turn-log.ts";

type RunningTurn = {
  readonly conversationId: string;
  readonly onStop: () => void;
  /** What the model gave, piece by piece, and the length of the reply after each. */
  readonly pieces: string[];
  readonly positions: number[];
  length: number;
  ending: TurnEnding | null;
  readonly watchers: Set<() => void>;
};

/** The turn log of a server that runs alone: the running turns, in memory; none of the ended ones. */
export function memoryTurnLog(): TurnLog {
  const turns = new Map<string, RunningTurn>();
  const wake = (turn: RunningTurn) => {
    for (const watcher of turn.watchers) watcher();
  };
  return {
    open({ replyId, conversationId }, onStop) {
      const turn: RunningTurn = {
        conversationId,
        onStop,
        pieces: [],
        positions: [],
        length: 0,
        ending: null,
        watchers: new Set(),
      };
      turns.set(replyId, turn);
      return {
        append(text) {
          turn.pieces.push(text);
          turn.length += text.length;
          turn.positions.push(turn.length);
          wake(turn);
        },
        end(ending) {
          turn.ending = ending;
          turns.delete(replyId);
          wake(turn);
        },
        discard: () => void turns.delete(replyId),
      };
    },
    follow(replyId, position, signal) {
      const turn = turns.get(replyId);
      return turn ? watch(turn, position, signal) : null;
    },
    async stop(conversationId) {
      const found = [...turns.values()].filter((turn) => turn.conversationId === conversationId);
      for (const turn of found) turn.onStop();
      return found.length > 0;
    },
  };
}

async function* watch(
  turn: RunningTurn,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<LiveEvent> {
  let position = from;
  let next = turn.positions.findIndex((end) => end > position);
  if (next < 0) next = turn.positions.length;
  let rouse: () => void = () => {};
  const watcher = () => rouse();
  turn.watchers.add(watcher);
  signal.addEventListener("abort", watcher);
  try {
    while (!signal.aborted) {
      if (next < turn.pieces.length) {
        const before = position;
        const text = turn.length - position <= 0 ? "" : textAfter(turn, next, before);
        next = turn.pieces.length;
        position = turn.length;
        if (text) yield { type: "delta", position, text };
      } else if (turn.ending) {
        if (position < turn.ending.position) yield turn.ending;
        return;
      } else
        await new Promise<void>((resolve) => {
          rouse = resolve;
        });
    }
  } finally {
    turn.watchers.delete(watcher);
    signal.removeEventListener("abort", watcher);
  }
}

/** The reply after `position`, which lies in or before piece `index`. */
function textAfter(turn: RunningTurn, index: number, position: number): string {
  const first = turn.pieces[index] ?? "";
  const start = (turn.positions[index] ?? 0) - first.length;
  const rest = index + 1 < turn.pieces.length ? turn.pieces.slice(index + 1).join("") : "";
  return first.slice(Math.max(0, position - start)) + rest;
}
