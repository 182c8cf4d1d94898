import type { Sentence } from "./sentences.ts";

/*
 * Tells how much of a reply was heard. Sound that was sent counts as played at once and in order, unless
 * the client says otherwise.
 */

export type Playback = {
  /** Sound that is out. */
  readonly sentMs: number;
  /** Of it, what had been played at `atMs`. */
  readonly playedMs: number;
  readonly atMs: number;
  readonly isHeld: boolean;
};

export const NOTHING_PLAYED: Playback = { sentMs: 0, playedMs: 0, atMs: 0, isHeld: false };

export const playedMs = (playback: Playback, nowMs: number): number =>
  playback.isHeld
    ? playback.playedMs
    : Math.min(playback.sentMs, playback.playedMs + Math.max(0, nowMs - playback.atMs));

/** The time when all sound that was sent will have been played. */
export const quietAtMs = (playback: Playback, nowMs: number): number =>
  nowMs + playback.sentMs - playedMs(playback, nowMs);

export const withSound = (playback: Playback, durationMs: number, nowMs: number): Playback => ({
  ...at(playback, nowMs),
  sentMs: playback.sentMs + durationMs,
});

/** The client has played so much. */
export const withReport = (playback: Playback, reportedMs: number, nowMs: number): Playback => ({
  ...playback,
  playedMs: Math.min(playback.sentMs, Math.max(0, reportedMs)),
  atMs: nowMs,
});

export const held = (playback: Playback, nowMs: number): Playback => ({
  ...at(playback, nowMs),
  isHeld: true,
});

/** Continues as if only that much had been sent and all of it had been played. */
export const goneOn = (fromMs: number, nowMs: number): Playback => ({
  sentMs: fromMs,
  playedMs: fromMs,
  atMs: nowMs,
  isHeld: false,
});

const at = (playback: Playback, nowMs: number): Playback => ({
  ...playback,
  playedMs: playedMs(playback, nowMs),
  atMs: nowMs,
});

/** A sentence and when in its reply it sounds. */
export type Spoken = {
  readonly sentence: Sentence;
  readonly fromMs: number;
  readonly durationMs: number;
};

/**
 * How many characters of the reply had been heard, to the last whole word.
 * @param spoken what is out, in order
 */
export function heardCharacters(spoken: readonly Spoken[], heardMs: number): number {
  let characters = 0;
  for (const { sentence, fromMs, durationMs } of spoken) {
    if (heardMs >= fromMs + durationMs) {
      characters = sentence.to;
      continue;
    }
    const share = Math.max(0, heardMs - fromMs) / durationMs;
    const begun = sentence.text.slice(0, Math.floor(sentence.text.length * share));
    const heard = sentence.from + (/^[\s\S]*(?=\s)/u.exec(begun)?.[0].length ?? 0);
    // What is no part of the reply has no length there.
    return Math.min(heard, sentence.to);
  }
  return characters;
}
