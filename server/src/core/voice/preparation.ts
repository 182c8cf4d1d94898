import type { Speaker } from "../../domain/principal.ts";
import type { Synthesizer } from "../../ports/speech.ts";
import type { PreparedTurn, StartTurn, Turns } from "../turns/turn.ts";
import { type Opening, speakOpening } from "./speaker.ts";

/** A probable turn: its reply is requested, and the first sentence is synthesised. */
export type Preparation = {
  /** Null if the request failed; the turn itself will tell why. */
  readonly prepared: Promise<PreparedTurn | null>;
  readonly opening: Promise<Opening | null>;
};

/** At most one at a time. */
export type Preparations = {
  /** @param before what must have ended first. What was prepared before is dropped */
  begin(request: StartTurn, voice: string | null, before: Promise<unknown>): void;
  /** Returns the preparation if it is for that message, and drops it otherwise. */
  take(content: string): Preparation | null;
  drop(): void;
};

export function createPreparations(parts: {
  readonly turns: Pick<Turns, "prepare">;
  readonly synthesizer: Synthesizer | null;
  readonly owner: Speaker;
}): Preparations {
  const { turns, synthesizer, owner } = parts;
  let current: (Preparation & { readonly content: string; drop(): void }) | null = null;

  const drop = () => {
    current?.drop();
    current = null;
  };
  return {
    begin(request, voice, before) {
      drop();
      const dropping = new AbortController();
      const { signal } = dropping;
      const prepared = before
        .then(() => (signal.aborted ? null : turns.prepare(owner, request)))
        .catch(() => null);
      const opening = prepared.then((turn) =>
        turn && synthesizer && !signal.aborted
          ? speakOpening(turn.opening, synthesizer, voice, signal)
          : null,
      );
      current = {
        content: request.content,
        prepared,
        opening,
        drop() {
          dropping.abort();
          void prepared.then((turn) => turn?.discard());
        },
      };
    },
    take(content) {
      const taken = current;
      if (taken?.content !== content) drop();
      current = null;
      return taken?.content === content ? taken : null;
    },
    drop,
  };
}
