import { growingParts } from "../../../domain/growing-parts.ts";
import type { Part, PartDelta } from "../../../domain/parts.ts";
import type { Sink, StopGiving } from "../../../domain/sink.ts";
import { endingOfParts, type TurnEnding } from "../../../domain/turn.ts";
import type { PartsEvent, TurnWriter } from "../../../ports/turn-log.ts";

/** A reply that grows, and its watchers. */
export type LiveReply = TurnWriter["reply"] & {
  add(part: Part): void;
  grow(text: string): void;
  apply(step: PartDelta): void;
  /** Ends it; null: what comes next is not known here, and watchers end without an ending. */
  end(ending: TurnEnding | null): void;
  /** As TurnLog.watch. */
  watch(position: number, sink: Sink<PartsEvent>): StopGiving;
};

const NOW = Promise.resolve();

type Watcher = {
  readonly sink: Sink<PartsEvent>;
  /** How far it has been told. */
  position: number;
  /** Whether it has been told how the reply ends, or that it waits. */
  hasEnding: boolean;
  isPaused: boolean;
  hasLeft: boolean;
};

export function liveReply(): LiveReply {
  const reply = growingParts();
  const watchers: Watcher[] = [];
  let ended: { readonly ending: TurnEnding | null } | null = null;
  let willTell = false;

  /** Watchers get what came in one moment at once. */
  const tellSoon = () => {
    if (willTell || watchers.length === 0) return;
    willTell = true;
    void NOW.then(tellAll);
  };
  const tellAll = () => {
    willTell = false;
    const [only] = watchers;
    if (watchers.length === 1 && only) tell(only);
    else for (const watcher of [...watchers]) tell(watcher);
  };
  const tell = (watcher: Watcher) => {
    if (watcher.isPaused || watcher.hasLeft) return;
    // A watcher may be ahead of a copy that is still being filled.
    const events: PartsEvent[] =
      watcher.position < reply.length ? reply.after(watcher.position) : [];
    const ending = ended?.ending;
    const isNews = ending && (watcher.position < ending.position || ending.type === "waiting");
    if (isNews && !watcher.hasEnding) {
      events.push(ending);
      watcher.hasEnding = true;
    }
    const last = events.at(-1);
    if (last) {
      watcher.position = last.position;
      try {
        const pause = watcher.sink.take(events);
        if (pause) return goOnAfter(watcher, pause);
      } catch (error) {
        return leave(watcher, error);
      }
    }
    if (ended) leave(watcher);
  };
  const goOnAfter = (watcher: Watcher, pause: Promise<void>) => {
    watcher.isPaused = true;
    pause.then(
      () => {
        watcher.isPaused = false;
        tell(watcher);
      },
      (error: unknown) => leave(watcher, error),
    );
  };
  const remove = (watcher: Watcher): void => {
    if (!watcher.hasLeft) watchers.splice(watchers.indexOf(watcher), 1);
    watcher.hasLeft = true;
  };
  const leave = (watcher: Watcher, error?: unknown) => {
    if (watcher.hasLeft) return;
    remove(watcher);
    watcher.sink.end(error);
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
      tellSoon();
    },
    grow(text) {
      reply.grow(text);
      tellSoon();
    },
    apply(step) {
      reply.apply(step);
      tellSoon();
    },
    end(ending) {
      ended ??= { ending: ending && endingOfParts(ending) };
      tellSoon();
    },
    watch(position, sink) {
      const watcher: Watcher = {
        ...{ sink, position, hasEnding: false, isPaused: false, hasLeft: false },
      };
      watchers.push(watcher);
      tell(watcher);
      return () => remove(watcher);
    },
  };
}
