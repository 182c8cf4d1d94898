import { requiredSilenceMs, UNFINISHED_MS, USUAL_MS } from "./endpointing.ts";
import type { Effect, Hearing, Onset, Phase, State, Step, VoiceEvent } from "./states.ts";

/*
 * The hearing of a turn, from the first voiced frame to the message.
 */

/** Speech begins with a frame of at least this probability, and continues as long as frames have at least the second one. */
export const SPEECH_PROBABILITY = 0.5;
const SPEECH_GOES_ON_PROBABILITY = 0.35;
/** Voice of this length is speech, not a click. */
export const MIN_SPEECH_MS = 90;
/** The silence after which the recogniser is asked for its final words. */
const LIKELY_END_MS = 200;
/** Voice of this length after that silence continues the turn. */
const GOES_ON_MS = 60;
/** A shorter pause does not begin the onset anew. */
const ONSET_GAP_MS = 160;
/** A turn ends here even without a pause; the recogniser takes no more than two minutes. */
const MAX_TURN_MS = 110_000;

export type Frame = Extract<VoiceEvent, { type: "frame" }>;
export type TranscriptEvent = Extract<VoiceEvent, { type: "transcript" }>;

export const SILENCE: Onset = { voicedMs: 0, silentMs: 0 };

/** Sound that lasted too long without words must end before it can be speech. */
export const NO_SPEECH: Onset = { voicedMs: Number.NEGATIVE_INFINITY, silentMs: 0 };

/** A pause this long, after which the person went on, was one: longer ones are two turns. */
const MAX_PAUSE_MS = 1400;
/** The share of a habit that is forgotten with each turn that does not show it. */
const FORGETTING = 0.9;

/** The person went on after so much silence. */
export const learnPause = (state: State, pauseMs: number): State =>
  pauseMs > MAX_PAUSE_MS ? state : { ...state, pauseMs: Math.max(state.pauseMs, pauseMs) };

export const step = (state: State, phase: Phase, ...effects: readonly Effect[]): Step => ({
  state: { ...state, phase },
  effects,
});

export const stay = (state: State): Step => ({ state, effects: [] });

/** Adds a frame to what may become speech. */
export function listenOn(onset: Onset, frame: Frame, isVoiced: boolean): Onset {
  if (isVoiced) return { voicedMs: onset.voicedMs + frame.durationMs, silentMs: 0 };
  const silentMs = onset.silentMs + frame.durationMs;
  return silentMs >= ONSET_GAP_MS ? SILENCE : { ...onset, silentMs };
}

/** The onset turned out to be speech. */
export const beginHearing = ({ voicedMs }: Onset, frame: Frame): Hearing => ({
  text: "",
  voicedMs,
  silentMs: 0,
  voicedAgainMs: 0,
  durationMs: voicedMs,
  lastVoicedAtMs: frame.atMs,
  loudestDbfs: frame.dbfs,
  stage: "open",
  askedText: null,
});

/** Adds a frame; the effects are those of the recogniser's next step. */
export function hearOn(hearing: Hearing, frame: Frame): { hearing: Hearing; effects: Effect[] } {
  const isVoiced = frame.probability >= SPEECH_GOES_ON_PROBABILITY;
  const durationMs = hearing.durationMs + frame.durationMs;
  const silentMs = hearing.silentMs + frame.durationMs;
  if (!isVoiced) {
    const next = { ...hearing, silentMs, durationMs, voicedAgainMs: 0 };
    const isLikelyEnd = silentMs >= LIKELY_END_MS || durationMs >= MAX_TURN_MS;
    if (hearing.stage !== "open" || !isLikelyEnd) return { hearing: next, effects: [] };
    return finish(next);
  }
  const heard = {
    ...hearing,
    durationMs,
    lastVoicedAtMs: frame.atMs,
    voicedMs: hearing.voicedMs + frame.durationMs,
    loudestDbfs: Math.max(hearing.loudestDbfs, frame.dbfs),
  };
  if (durationMs >= MAX_TURN_MS)
    return hearing.stage === "open"
      ? finish(heard)
      : { hearing: { ...heard, silentMs }, effects: [] };
  if (hearing.stage === "open") return { hearing: { ...heard, silentMs: 0 }, effects: [] };
  const voicedAgainMs = hearing.voicedAgainMs + frame.durationMs;
  if (voicedAgainMs < GOES_ON_MS)
    return { hearing: { ...heard, voicedAgainMs, silentMs }, effects: [] };
  const effects: Effect[] = [{ type: "hear_on" }];
  if (hearing.askedText !== null) effects.push({ type: "discard" });
  return {
    hearing: { ...heard, silentMs: 0, voicedAgainMs: 0, stage: "open", askedText: null },
    effects,
  };
}

const finish = (hearing: Hearing): { hearing: Hearing; effects: Effect[] } => ({
  hearing: { ...hearing, stage: "finishing" },
  effects: [{ type: "finish_hearing" }],
});

/** The phase of somebody who speaks to us, and the effects that it comes with. */
export function settle(before: State, was: Hearing, hearing: Hearing, effects: Effect[]): Step {
  const goesOn = was.stage !== "open" && hearing.stage === "open";
  const state = goesOn ? learnPause(before, was.silentMs) : before;
  const isTooLong = hearing.durationMs >= MAX_TURN_MS;
  if (was.stage === "open" && hearing.stage !== "open") effects.push({ type: "speech_stopped" });
  if (goesOn) effects.push({ type: "speech_started" });
  if (hearing.stage === "open") return step(state, { name: "speech", hearing }, ...effects);
  if (hearing.stage === "finishing") return step(state, { name: "maybe_end", hearing }, ...effects);
  if (hearing.text === "") return forget(state, hearing, effects);

  const requiredMs = isTooLong ? 0 : silenceFor(state, hearing.text);
  if (hearing.silentMs >= requiredMs) return answer(state, hearing, effects);
  const isLikely = requiredMs < UNFINISHED_MS || hearing.silentMs >= USUAL_MS;
  if (!isLikely || hearing.askedText === hearing.text)
    return step(state, { name: "maybe_end", hearing }, ...effects);
  const asked = { ...hearing, askedText: hearing.text };
  effects.push({ type: "prepare", text: hearing.text });
  return step(state, { name: "maybe_end", hearing: asked }, ...effects);
}

function silenceFor({ setup, pauseMs }: State, text: string): number {
  const { endsAfterMs = null, patience = 1 } = setup;
  return endsAfterMs ?? patience * requiredSilenceMs(text, pauseMs);
}

/** The sound was not speech. */
function forget(state: State, hearing: Hearing, effects: Effect[]): Step {
  if (hearing.askedText !== null) effects.push({ type: "discard" });
  effects.push({ type: "drop_hearing" });
  return step(state, { name: "listening", onset: SILENCE }, ...effects);
}

function answer(state: State, hearing: Hearing, effects: Effect[]): Step {
  const { text, lastVoicedAtMs } = hearing;
  return step(
    { ...state, turnEndedAtMs: lastVoicedAtMs, pauseMs: state.pauseMs * FORGETTING },
    { name: state.setup.isListenerOnly ? "listening" : "thinking", onset: SILENCE },
    ...effects,
    { type: "show", text, isFinal: true },
    { type: "answer", text, speechEndedAtMs: lastVoicedAtMs },
  );
}

/** The words as far as they are known now; null when they say nothing new. */
export function withWords(hearing: Hearing, { text, isFinal }: TranscriptEvent): Hearing | null {
  const words = text.trim();
  if (isFinal)
    return hearing.stage === "finishing" ? { ...hearing, text: words, stage: "final" } : null;
  if (hearing.stage === "final" || words === "" || words === hearing.text) return null;
  return { ...hearing, text: words };
}
