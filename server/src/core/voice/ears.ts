import { millisecondsOf } from "../../domain/audio.ts";
import type { AppError } from "../../domain/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Transcriber, Utterance, VoiceActivityDetector } from "../../ports/speech.ts";
import { createAlarm } from "./alarm.ts";
import { createFrames } from "./frames.ts";
import { MIN_SPEECH_MS } from "./hearing-steps.ts";
import { createListener } from "./listener.ts";
import { IDLE, isHearing, transition } from "./machine.ts";
import type { Effect, Setup, State, VoiceEvent } from "./states.ts";

/*
 * Hearing by itself, for those who answer in their own way: the turns of a person in a stream of sound, by the same
 * detector, recogniser and turn-taking as a voice session.
 */

/** How turns are found. */
export type EarsOptions = Pick<Setup, "endsAfterMs" | "patience" | "threshold">;

/** A turn of the person. Its times are of the sound since the ears were opened. */
export type HeardTurn = { readonly text: string; readonly fromMs: number; readonly toMs: number };

export type EarsEvents = {
  /** @param atMs where the speech begins */
  started(atMs: number): void;
  ended(turn: HeardTurn): void;
  /** What had started was no speech. */
  dropped(atMs: number): void;
  /** The turn is over, and its words are lost. */
  failed(error: AppError, turn: HeardTurn): void;
};

export type Ears = {
  /** 16 kHz mono. @throws AppError too_large when far more waits than can be heard at this pace */
  push(samples: Int16Array): void;
  /** The turn is over, whatever the person does. Returns false where nobody speaks. */
  commit(): boolean;
  /** Forgets what was heard of the turn. */
  clear(): void;
  close(): void;
};

/** The delay that chunks of sound may have. */
const LATE_MS = 150;
const MISSING_FRAME_MS = 32;
const SILENCE_DBFS = -100;
/** Enough silence for the recogniser to be asked for its final words. */
const ENOUGH_SILENCE_MS = 250;

export function createEars(
  parts: {
    readonly detector: VoiceActivityDetector;
    readonly transcriber: Transcriber;
    readonly clock: Clock;
  },
  options: EarsOptions,
  events: EarsEvents,
): Ears {
  const { detector, transcriber, clock } = parts;
  const frameMs = millisecondsOf(detector.frameSamples);
  const setup: Setup = {
    ...options,
    hasPartials: transcriber.hasPartials,
    canSilence: false,
    isListenerOnly: true,
  };
  let state: State = IDLE;
  let heardMs = 0;
  let soundDueAtMs = 0;
  /** Where the turn began; null: nobody speaks. */
  let fromMs: number | null = null;
  const waiting: VoiceEvent[] = [];
  let isBusy = false;

  const now = () => clock.now().getTime();
  const dispatch = (event: VoiceEvent): void => {
    waiting.push(event);
    if (isBusy) return;
    isBusy = true;
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const step = transition(state, next);
      state = step.state;
      for (const effect of step.effects) perform(effect);
    }
    isBusy = false;
    missing.set(isHearing(state) ? Math.max(soundDueAtMs, now()) + MISSING_FRAME_MS : null);
  };
  const silentFrame = (durationMs: number): VoiceEvent => ({
    type: "frame",
    probability: 0,
    dbfs: SILENCE_DBFS,
    durationMs,
    atMs: now(),
  });
  /** Missing sound counts as silence. */
  const missing = createAlarm(clock, () => {
    if (now() < soundDueAtMs) return missing.set(soundDueAtMs + MISSING_FRAME_MS);
    dispatch(silentFrame(MISSING_FRAME_MS));
  });
  const begin = () => dispatch({ type: "start", setup, atMs: now() });

  const listener = createListener(
    { transcriber, frameMs },
    (text, isFinal) => dispatch({ type: "transcript", text, isFinal, isEcho: false, atMs: now() }),
    (error) => {
      const turn = endTurn("");
      if (turn) events.failed(error, turn);
      dispatch({ type: "transcript_failed", atMs: now() });
    },
  );
  const frames = createFrames({ detector, clock }, ({ samples, probability, dbfs }) => {
    heardMs += frameMs;
    listener.push(samples);
    dispatch({ type: "frame", probability, dbfs, durationMs: frameMs, atMs: now() });
  });

  function endTurn(text: string): HeardTurn | null {
    if (fromMs === null) return null;
    const turn = { text, fromMs, toMs: heardMs };
    fromMs = null;
    return turn;
  }

  function perform(effect: Effect) {
    switch (effect.type) {
      case "hear":
        return listener.hear();
      case "finish_hearing":
        return listener.finish();
      case "hear_on":
        return listener.hearOn();
      case "drop_hearing":
        listener.drop();
        if (endTurn("")) events.dropped(heardMs);
        return;
      case "speech_started":
        if (fromMs !== null) return;
        fromMs = Math.max(0, heardMs - MIN_SPEECH_MS);
        return events.started(fromMs);
      case "answer": {
        if (state.setup.endsAfterMs !== setup.endsAfterMs) state = { ...state, setup };
        const turn = endTurn(effect.text);
        if (turn) events.ended(turn);
        return;
      }
      default:
        return;
    }
  }

  begin();
  return {
    push(samples) {
      soundDueAtMs = now() + millisecondsOf(samples.length) + LATE_MS;
      frames.push(samples);
    },
    commit() {
      if (!isHearing(state)) return false;
      state = { ...state, setup: { ...setup, endsAfterMs: 0 } };
      dispatch(silentFrame(ENOUGH_SILENCE_MS));
      return true;
    },
    clear() {
      fromMs = null;
      begin();
    },
    close() {
      frames.close();
      listener.drop();
      missing.set(null);
    },
  };
}

/** One utterance whose beginning and end somebody else knows. */
export type Dictation = {
  /** 16 kHz mono. @throws AppError too_large */
  push(samples: Int16Array): void;
  /** The words, once they are all known. @throws AppError */
  finish(): Promise<string>;
  drop(): void;
};

export function createDictation(transcriber: Transcriber): Dictation {
  const dropping = new AbortController();
  const utterance: Utterance = transcriber.open(dropping.signal);
  const reading = (async () => {
    let words = "";
    for await (const { text } of utterance.transcripts) words = text;
    return words.trim();
  })();
  // What fails before the end is told at the end.
  reading.catch(() => {});
  return {
    push: (samples) => utterance.push(samples),
    finish() {
      utterance.end();
      return reading;
    },
    drop: () => dropping.abort(),
  };
}
