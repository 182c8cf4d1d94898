import type { AppError } from "../../domain/errors.ts";
import { toAppError } from "../../domain/errors.ts";
import type { Transcriber, Utterance } from "../../ports/speech.ts";

/** Recognises the turns of a person, utterance by utterance. */
export type Listener = {
  /** Takes every frame, whether somebody speaks or not. */
  push(samples: Int16Array): void;
  /** Begins a turn, with the sound just before. */
  hear(): void;
  /** The turn may be complete: requests the final words. */
  finish(): void;
  /** The turn was not complete: continues it, with the sound just before. */
  hearOn(): void;
  /** Forgets the turn. */
  drop(): void;
};

/** The words of the whole turn so far. */
export type OnWords = (text: string, isFinal: boolean) => void;

/** Before the first voiced frame, and what passes until it is known to be speech. */
const PRE_ROLL_MS = 500;
const LATEST_NOTICE_MS = 260;
/** A turn is cut before this. */
const MAX_TURN_MS = 120_000;

type Part = { text: string; isFinal: boolean };

export function createListener(
  { transcriber, frameMs }: { readonly transcriber: Transcriber; readonly frameMs: number },
  onWords: OnWords,
  onFailure: (error: AppError) => void,
): Listener {
  const recent = createRing(Math.ceil((PRE_ROLL_MS + LATEST_NOTICE_MS) / frameMs));
  /** A recogniser without partials does better with the whole turn than with the pieces of it. */
  const whole: Int16Array[] | null = transcriber.hasPartials ? null : [];
  let turn = new AbortController();
  let parts: Part[] = [];
  let utterance: Utterance | null = null;
  let isOn = false;

  const fail = (error: unknown, signal: AbortSignal) => {
    if (signal.aborted) return;
    drop();
    onFailure(toAppError(error));
  };
  const attempt = (action: () => void): void => {
    const { signal } = turn;
    try {
      action();
    } catch (error) {
      fail(error, signal);
    }
  };
  const tell = () => {
    const text = parts
      .map((part) => part.text.trim())
      .filter(Boolean)
      .join(" ");
    onWords(text, utterance === null && parts.every((part) => part.isFinal));
  };
  const read = async (opened: Utterance, part: Part, signal: AbortSignal): Promise<void> => {
    try {
      for await (const { text, isFinal } of opened.transcripts) {
        if (signal.aborted) return;
        part.text = text;
        part.isFinal = isFinal;
        tell();
      }
    } catch (error) {
      fail(error, signal);
    }
  };
  const open = (sound: readonly Int16Array[]) =>
    attempt(() => {
      const part: Part = { text: "", isFinal: false };
      parts.push(part);
      const opened = transcriber.open(turn.signal);
      utterance = opened;
      void read(opened, part, turn.signal);
      for (const frame of sound) opened.push(frame);
    });
  const drop = () => {
    turn.abort();
    utterance = null;
    parts = [];
    if (whole) whole.length = 0;
    isOn = false;
  };

  return {
    push(samples) {
      recent.push(samples);
      if (isOn && whole && whole.length * frameMs < MAX_TURN_MS) whole.push(samples);
      attempt(() => utterance?.push(samples));
    },
    hear() {
      drop();
      turn = new AbortController();
      isOn = true;
      const sound = recent.take();
      whole?.push(...sound);
      open(sound);
    },
    finish() {
      const open = utterance;
      utterance = null;
      recent.clear();
      attempt(() => open?.end());
    },
    hearOn() {
      if (!isOn) return;
      if (!whole) return open(recent.take());
      turn.abort();
      turn = new AbortController();
      parts = [];
      open(whole);
    },
    drop,
  };
}

/** The last so many frames. */
function createRing(size: number) {
  let frames: Int16Array[] = [];
  return {
    push(samples: Int16Array) {
      frames.push(samples);
      if (frames.length > size) frames.shift();
    },
    take: (): Int16Array[] => frames.splice(0),
    clear() {
      frames = [];
    },
  };
}
