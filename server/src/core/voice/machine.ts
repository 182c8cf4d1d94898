import {
  beginHearing,
  type Frame,
  hearOn,
  listenOn,
  MIN_SPEECH_MS,
  SILENCE,
  SPEECH_PROBABILITY,
  settle,
  stay,
  step,
  type TranscriptEvent,
  withWords,
} from "./hearing-steps.ts";
import {
  FALSE_INTERRUPTION_MS,
  frameWhilePausing,
  frameWhileReplying,
  interrupted,
  passTime,
  soundSent,
  typedWhileReplying,
  wordsWhilePausing,
} from "./reply-steps.ts";
import type { Effect, Hearing, Phase, PhaseOf, Setup, State, Step, VoiceEvent } from "./states.ts";

/* Turn-taking: who has the floor. Pure; time comes with the events. */

const QUIETEST_DBFS = -100;

export const IDLE: State = {
  setup: { hasPartials: false, canSilence: false },
  typed: [],
  echoDbfs: QUIETEST_DBFS,
  pauseMs: 0,
  turnEndedAtMs: null,
  phase: { name: "idle" },
};

/**
 * The state and the effects that follow from an event. Every phase takes every event, and ignores an event
 * that has no meaning there.
 */
export function transition(state: State, event: VoiceEvent): Step {
  const { phase } = state;
  if (event.type === "start") return start(state, event.setup);
  return phase.name === "idle" ? stay(state) : go(state, phase, event);
}

function go(state: State, phase: Active, event: Exclude<VoiceEvent, { type: "start" }>): Step {
  switch (event.type) {
    case "end":
      return end(state, phase);
    case "frame":
      return frame(state, phase, event);
    case "transcript":
      return words(state, phase, event);
    case "transcript_failed":
      return unheard(state, phase);
    case "typed":
      return typed(state, phase, event.text);
    case "sound_sent":
      return soundSent(state, event);
    case "playback":
      return playback(state, phase, event.quietAtMs, event.atMs);
    case "interrupt":
      return isReplying(phase) ? interrupted(state, phase) : stay(state);
    case "tick":
      return passTime(state, event.atMs);
    case "lost":
      return lost(state, phase);
    case "regained":
      return isReplying(phase) ? { state, effects: [{ type: "go_on" }] } : stay(state);
  }
}

/** The time when the next `tick` is due; null: there is none. */
export function nextTickMs({ phase }: State): number | null {
  if (phase.name === "speaking") return phase.sounding.isAllSent ? phase.sounding.quietAtMs : null;
  if (phase.name === "pausing" && phase.isHeld) return phase.sinceMs + FALSE_INTERRUPTION_MS;
  return null;
}

/** Whether somebody speaks, so that missing sound counts as silence. */
export const isHearing = ({ phase }: State): boolean => hearingOf(phase) !== null;

type Active = Exclude<Phase, PhaseOf<"idle">>;
type Replying = PhaseOf<"thinking"> | PhaseOf<"speaking"> | PhaseOf<"pausing">;

const isReplying = (phase: Active): phase is Replying =>
  phase.name === "thinking" || phase.name === "speaking" || phase.name === "pausing";

const hearingOf = (phase: Phase): Hearing | null => ("hearing" in phase ? phase.hearing : null);

const LISTENING: Phase = { name: "listening", onset: SILENCE };

function start(state: State, setup: Setup): Step {
  return step({ ...IDLE, setup }, LISTENING, ...dropAll(state.phase));
}

/** A reply in progress is still generated and stored, and so are the replies to waiting typed messages. */
function end(state: State, phase: Active): Step {
  const answers = state.typed.map(
    (text): Effect => ({ type: "answer", text, speechEndedAtMs: null }),
  );
  return step({ ...state, typed: [] }, { name: "idle" }, ...dropAll(phase), ...answers);
}

function dropAll(phase: Phase): Effect[] {
  const hearing = hearingOf(phase);
  if (!hearing) return [];
  return hearing.askedText === null
    ? [{ type: "drop_hearing" }]
    : [{ type: "drop_hearing" }, { type: "discard" }];
}

function frame(state: State, phase: Active, event: Frame): Step {
  switch (phase.name) {
    case "listening": {
      const { threshold = SPEECH_PROBABILITY } = state.setup;
      const onset = listenOn(phase.onset, event, event.probability >= threshold);
      if (onset.voicedMs < MIN_SPEECH_MS) return step(state, { name: "listening", onset });
      const hearing = beginHearing(onset, event);
      return step(state, { name: "speech", hearing }, { type: "hear" }, { type: "speech_started" });
    }
    case "speech":
    case "maybe_end": {
      const { hearing, effects } = hearOn(phase.hearing, event);
      return settle(state, phase.hearing, hearing, effects);
    }
    case "thinking":
    case "speaking":
      return frameWhileReplying(state, phase, event);
    case "pausing":
      return frameWhilePausing(state, phase, event);
  }
}

function words(state: State, phase: Active, event: TranscriptEvent): Step {
  switch (phase.name) {
    case "listening":
    case "thinking":
    case "speaking":
      return stay(state);
    case "pausing":
      return wordsWhilePausing(state, phase, event);
    case "speech":
    case "maybe_end": {
      const hearing = withWords(phase.hearing, event);
      if (!hearing) return stay(state);
      const isNew = hearing.text !== "" && hearing.text !== phase.hearing.text;
      const effects: Effect[] = isNew ? [{ type: "show", text: hearing.text, isFinal: false }] : [];
      return settle(state, phase.hearing, hearing, effects);
    }
  }
}

/** The spoken words are lost, and the client was told why. */
function unheard(state: State, phase: Active): Step {
  const hearing = hearingOf(phase);
  if (!hearing) return stay(state);
  if (phase.name === "pausing") {
    const asNothing = { ...phase, hearing: { ...hearing, stage: "finishing" as const } };
    const event = { type: "transcript", text: "", isFinal: true, isEcho: false, atMs: 0 } as const;
    return wordsWhilePausing({ ...state, phase: asNothing }, asNothing, event);
  }
  const effects = dropAll(phase);
  if (hearing.stage === "open") effects.push({ type: "speech_stopped" });
  return step(state, LISTENING, ...effects);
}

function typed(state: State, phase: Active, text: string): Step {
  if (isReplying(phase)) return typedWhileReplying(state, phase, text);
  const thinking = { name: "thinking", onset: SILENCE } as const;
  return step(state, thinking, ...dropAll(phase), { type: "answer", text, speechEndedAtMs: null });
}

function playback(state: State, phase: Active, quietAtMs: number, atMs: number): Step {
  if (phase.name !== "speaking") return stay(state);
  const sounding = { ...phase.sounding, quietAtMs };
  return passTime({ ...state, phase: { ...phase, sounding } }, atMs);
}

/** Nobody hears the reply now, so it waits, and the current sentence breaks off. */
function lost(state: State, phase: Active): Step {
  if (phase.name === "thinking") return { state, effects: [{ type: "silence" }] };
  if (phase.name === "pausing")
    return step(
      state,
      phase.sounding
        ? { name: "speaking", onset: SILENCE, sounding: { ...phase.sounding, quietAtMs: null } }
        : { name: "thinking", onset: SILENCE },
      { type: "silence" },
      { type: "drop_hearing" },
    );
  if (phase.name !== "speaking") return stay(state);
  const sounding = { ...phase.sounding, quietAtMs: null };
  return step(state, { ...phase, sounding }, { type: "silence" });
}
