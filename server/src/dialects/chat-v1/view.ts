// What of a reply a stream shows, and where in it a client goes on.
import type { PartsEvent, WatchedTurn } from "../../core/turns/turn.ts";
import { AppError } from "../../domain/errors.ts";
import { hasWords } from "../../domain/parts.ts";
import { endingOfParts } from "../../domain/turn.ts";

export type View = {
  /** What the model thinks, as `ai_reasoning`. */
  readonly reasoning: boolean;
  /** All parts. The ids of such a stream have a `p` before their position, which counts all parts. */
  readonly parts: boolean;
};

/** As the body of a message asks for it. */
export const viewOf = ({ reasoning = false, parts = false }: Partial<View>): View => ({
  reasoning,
  parts,
});

/** A place in a reply: so much of its words, or of all its parts. */
export type Place = { readonly position: number; readonly of: "words" | "parts" };

/** Where a client goes on: the reply (null: the one that is generated now, or the latest) and the last event it saw. */
export type ResumePoint = Place & { readonly replyId: string | null };

const BEGINNING: ResumePoint = { replyId: null, position: -1, of: "words" };

/** @param lastEventId an `id:` of ours, or a bare position in the reply that is generated now, or the latest. @throws AppError invalid_request */
export function resumePoint(lastEventId: string | undefined): ResumePoint {
  if (lastEventId === undefined || lastEventId === "") return BEGINNING;
  const match = /^(?:([^:\s]{1,64}):)?(p?)(\d{1,15})$/.exec(lastEventId);
  if (!match)
    throw new AppError(
      "invalid_request",
      "Last-Event-ID (or after) must be the id of an event of this stream",
      { field: "after" },
    );
  const of = match[2] === "p" ? "parts" : "words";
  return { replyId: match[1] ?? null, position: Number(match[3]), of };
}

/** The id of an event of that reply. */
export const idOf = (replyId: string, { position, of }: Place): string =>
  `${replyId}:${of === "parts" ? "p" : ""}${position}`;

/** Whether nothing comes after that place. */
export function isAtEnd({ stored }: Pick<WatchedTurn, "stored">, { position, of }: Place): boolean {
  if (!stored) return false;
  return position === (of === "parts" ? endingOfParts(stored) : stored).position;
}

/** The parts that come after so many characters of the words. */
export function partsAfterWords(characters: number): (event: PartsEvent) => readonly PartsEvent[] {
  let said = 0;
  return (event) => {
    const before = said;
    if (event.type === "grow" && hasWords(event.of)) said += event.text.length;
    if (before >= characters || (event.type !== "grow" && event.type !== "open")) return [event];
    if (said <= characters || event.type !== "grow") return [];
    return [{ ...event, text: event.text.slice(characters - before) }];
  };
}
