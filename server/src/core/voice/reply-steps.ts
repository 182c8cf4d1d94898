import {
  beginHearing,
  type Frame,
  hearOn,
  learnPause,
  listenOn,
  NO_SPEECH,
  SILENCE,
  SPEECH_PROBABILITY,
  settle,
  stay,
  step,
  type TranscriptEvent,
  withWords,
} from "./hearing-steps.ts";
import { isBackchannel, isTelling } from "./overlap.ts";
import type {
  Effect,
  Hearing,
  Onset,
  Phase,
  PhaseOf,
  Sounding,
  State,
  Step,
  VoiceEvent,
} from "./states.ts";

/*
 * The steps of a reply, and of speech over it.
 */

/** Voice over a reply that stops it; the detector needs two frames to notice speech, which count too. */
const BARGE_IN_MS = 250;
const DETECTION_LAG_MS = 60;
/** Voice over a reply without words for this time did not interrupt it. */
export const FALSE_INTERRUPTION_MS = 2000;
/** Taken for words where the recogniser says nothing while the person speaks. */
const SURELY_SPEECH_MS = 1200;
/** An echo from the loudspeaker is recognised by its level; speech must be louder by this. */
const ABOVE_ECHO_DB = 6;
/** Speech of this level always counts. */
const LOUDEST_ECHO_DBFS = -26;
/** Typed messages that may wait. */
const MAX_TYPED = 8;

type Replying = PhaseOf<"thinking"> | PhaseOf<"speaking">;
type Sent = Extract<VoiceEvent, { type: "sound_sent" }>;

/** Somebody may begin to speak over it; otherwise it goes on until it was heard. */
export function frameWhileReplying(state: State, phase: Replying, frame: Frame): Step {
  const isLoud = frame.dbfs >= state.echoDbfs + ABOVE_ECHO_DB;
  const onset = listenOn(phase.onset, frame, isLoud && frame.probability >= SPEECH_PROBABILITY);
  if (onset.voicedMs < BARGE_IN_MS - DETECTION_LAG_MS)
    return passTime({ ...state, phase: { ...phase, onset } }, frame.atMs);
  const effects: Effect[] = [{ type: "hear" }, { type: "speech_started" }];
  const sounding = phase.name === "speaking" ? phase.sounding : null;
  if (state.setup.canSilence) effects.unshift({ type: "silence" });
  const hearing = beginHearing(onset, frame);
  const pausing = {
    name: "pausing",
    hearing,
    sounding,
    sinceMs: frame.atMs,
    isHeld: true,
  } as const;
  return step(state, pausing, ...effects);
}

/** Speaking ends when all was heard; a pause ends when it brought no words. */
export function passTime(state: State, atMs: number): Step {
  const { phase } = state;
  if (phase.name === "speaking") {
    const { quietAtMs, isAllSent } = phase.sounding;
    if (!isAllSent || quietAtMs === null || atMs < quietAtMs) return stay(state);
    return next(state, phase.onset, { type: "heard_out" });
  }
  if (phase.name !== "pausing" || !phase.isHeld || atMs - phase.sinceMs < FALSE_INTERRUPTION_MS)
    return stay(state);
  const { hearing } = phase;
  if (hearing.stage === "finishing") {
    const effects: Effect[] = state.setup.canSilence ? [{ type: "go_on" }] : [];
    return step(state, { ...phase, isHeld: false }, ...effects);
  }
  return goOn(learnEcho(state, hearing.loudestDbfs), phase);
}

/** The sound did not interrupt the reply, which goes on where it was. */
function goOn(state: State, phase: PhaseOf<"pausing">): Step {
  const effects: Effect[] = [{ type: "drop_hearing" }, { type: "speech_stopped" }];
  if (phase.isHeld && state.setup.canSilence) effects.push({ type: "go_on" });
  return step(state, resumed(state, phase), ...effects);
}

/** Where sound was held back, its end is known only once it continues. */
function resumed(state: State, { sounding, isHeld, hearing }: PhaseOf<"pausing">): Phase {
  const onset = hearing.stage === "open" ? NO_SPEECH : SILENCE;
  if (!sounding) return { name: "thinking", onset };
  const isUnknown = isHeld && state.setup.canSilence;
  return {
    name: "speaking",
    onset,
    sounding: isUnknown ? { ...sounding, quietAtMs: null } : sounding,
  };
}

const learnEcho = (state: State, dbfs: number): State => ({
  ...state,
  echoDbfs: Math.min(LOUDEST_ECHO_DBFS, Math.max(state.echoDbfs, dbfs)),
});

export function frameWhilePausing(state: State, phase: PhaseOf<"pausing">, frame: Frame): Step {
  const { hearing, effects } = hearOn(phase.hearing, frame);
  const isSurely = !state.setup.hasPartials && hearing.voicedMs >= SURELY_SPEECH_MS;
  if (isSurely && hearing.stage === "open") return yieldTo(state, hearing, effects);
  const passed = passTime({ ...state, phase: { ...phase, hearing } }, frame.atMs);
  return { state: passed.state, effects: [...effects, ...passed.effects] };
}

export function wordsWhilePausing(
  state: State,
  phase: PhaseOf<"pausing">,
  event: TranscriptEvent,
): Step {
  const hearing = withWords(phase.hearing, event);
  if (!hearing) return stay(state);
  const isClear = hearing.text !== "" && (event.isFinal || isTelling(hearing.text));
  if (isClear && !event.isEcho && !isBackchannel(hearing.text)) return yieldTo(state, hearing, []);
  if (!event.isFinal) return step(state, { ...phase, hearing: { ...hearing, text: "" } });
  const isSound = event.isEcho || hearing.text === "";
  return goOn(isSound ? learnEcho(state, hearing.loudestDbfs) : state, phase);
}

/** The person takes the floor. */
function yieldTo(state: State, hearing: Hearing, effects: readonly Effect[]): Step {
  const cut: Effect[] = [{ type: "cut" }, ...effects];
  if (hearing.text !== "") cut.push({ type: "show", text: hearing.text, isFinal: false });
  // A person who continues right after the turn seemed over had only paused.
  const beganAtMs = hearing.lastVoicedAtMs - hearing.durationMs + hearing.silentMs;
  const pausedMs = beganAtMs - (state.turnEndedAtMs ?? Number.NEGATIVE_INFINITY);
  return settle(learnPause(state, pausedMs), { ...hearing, stage: "open" }, hearing, cut);
}

/** Sound of the reply went out. */
export function soundSent(state: State, event: Sent): Step {
  const { phase } = state;
  const sounding: Sounding = { quietAtMs: event.quietAtMs, isAllSent: event.isLast };
  if (phase.name === "pausing") return step(state, { ...phase, sounding });
  if (phase.name !== "thinking" && phase.name !== "speaking") return stay(state);
  if (event.isLast && state.typed.length > 0) return next(state, SILENCE, { type: "heard_out" });
  return passTime(
    { ...state, phase: { name: "speaking", onset: phase.onset, sounding } },
    event.atMs,
  );
}

/** A message was typed while a reply is due or heard. */
export function typedWhileReplying(
  state: State,
  phase: Replying | PhaseOf<"pausing">,
  text: string,
): Step {
  const sounding = phase.name === "thinking" ? null : phase.sounding;
  const mayFollow = sounding !== null && (sounding.isAllSent || state.setup.canSilence);
  if (!mayFollow) {
    if (state.typed.length >= MAX_TYPED) return { state, effects: [{ type: "refuse_typed" }] };
    return stay({ ...state, typed: [...state.typed, text] });
  }
  const effects: Effect[] = [];
  if (phase.name === "pausing") effects.push({ type: "drop_hearing" });
  // A person who types can read, so a reply that was sent completely stays whole, though it is played no further.
  if (!sounding.isAllSent) effects.push({ type: "cut" });
  else if (state.setup.canSilence) effects.push({ type: "silence" }, { type: "heard_out" });
  else effects.push({ type: "heard_out" });
  effects.push({ type: "answer", text, speechEndedAtMs: null });
  return step(state, { name: "thinking", onset: SILENCE }, ...effects);
}

/** The client wants silence. */
export function interrupted(state: State, phase: Replying | PhaseOf<"pausing">): Step {
  const effects: Effect[] = [{ type: "cut" }];
  if (phase.name === "pausing") effects.push({ type: "drop_hearing" }, { type: "speech_stopped" });
  return next(state, SILENCE, ...effects);
}

/** A reply is over: the typed message that waits is answered, or somebody may speak. */
function next(state: State, onset: Onset, ...effects: readonly Effect[]): Step {
  const [text, ...typed] = state.typed;
  if (text === undefined) return step(state, { name: "listening", onset }, ...effects);
  const answer: Effect = { type: "answer", text, speechEndedAtMs: null };
  return step({ ...state, typed }, { name: "thinking", onset: SILENCE }, ...effects, answer);
}
