// Turn-taking as a table: every phase takes every event.
import assert from "node:assert/strict";
import { test } from "node:test";
import { IDLE, transition } from "../src/core/voice/machine.ts";
import type {
  Effect,
  Hearing,
  Phase,
  PhaseName,
  State,
  VoiceEvent,
} from "../src/core/voice/states.ts";

type EventType = VoiceEvent["type"];

const hearing: Hearing = {
  text: "what time",
  voicedMs: 600,
  silentMs: 0,
  voicedAgainMs: 0,
  durationMs: 600,
  lastVoicedAtMs: 1000,
  loudestDbfs: -20,
  stage: "open",
  askedText: null,
};
const onset = { voicedMs: 0, silentMs: 0 };
const sounding = { quietAtMs: 5000, isAllSent: true };
const finishing: Hearing = { ...hearing, silentMs: 224, stage: "finishing" };

const PHASES: { readonly [Name in PhaseName]: Extract<Phase, { name: Name }> } = {
  idle: { name: "idle" },
  listening: { name: "listening", onset },
  speech: { name: "speech", hearing },
  maybe_end: { name: "maybe_end", hearing: finishing },
  thinking: { name: "thinking", onset },
  speaking: { name: "speaking", onset, sounding },
  pausing: { name: "pausing", hearing, sounding, sinceMs: 1000, isHeld: true },
};

const atMs = 1100;
const EVENTS: { readonly [Type in EventType]: Extract<VoiceEvent, { type: Type }> } = {
  start: { type: "start", setup: { hasPartials: true, canSilence: true }, atMs },
  frame: { type: "frame", probability: 0.9, dbfs: -20, durationMs: 32, atMs },
  transcript: { type: "transcript", text: "what time is it", isFinal: true, isEcho: false, atMs },
  transcript_failed: { type: "transcript_failed", atMs },
  typed: { type: "typed", text: "typed", atMs },
  sound_sent: { type: "sound_sent", quietAtMs: 4000, isLast: false, atMs },
  playback: { type: "playback", quietAtMs: 4000, atMs },
  interrupt: { type: "interrupt", atMs },
  tick: { type: "tick", atMs: 6000 },
  lost: { type: "lost", atMs },
  regained: { type: "regained", atMs },
  end: { type: "end", atMs },
};

/** The phase after each event, and the effects. The same phase without effects is a dot. */
const TABLE: Record<PhaseName, Record<EventType, string>> = {
  idle: {
    start: "listening",
    frame: ".",
    transcript: ".",
    transcript_failed: ".",
    typed: ".",
    sound_sent: ".",
    playback: ".",
    interrupt: ".",
    tick: ".",
    lost: ".",
    regained: ".",
    end: ".",
  },
  listening: {
    start: ".",
    frame: ".",
    transcript: ".",
    transcript_failed: ".",
    typed: "thinking: answer",
    sound_sent: ".",
    playback: ".",
    interrupt: ".",
    tick: ".",
    lost: ".",
    regained: ".",
    end: "idle",
  },
  speech: {
    start: "listening: drop_hearing",
    frame: ".",
    transcript: ".",
    transcript_failed: "listening: drop_hearing speech_stopped",
    typed: "thinking: drop_hearing answer",
    sound_sent: ".",
    playback: ".",
    interrupt: ".",
    tick: ".",
    lost: ".",
    regained: ".",
    end: "idle: drop_hearing",
  },
  maybe_end: {
    start: "listening: drop_hearing",
    frame: ".",
    transcript: "maybe_end: show prepare",
    transcript_failed: "listening: drop_hearing",
    typed: "thinking: drop_hearing answer",
    sound_sent: ".",
    playback: ".",
    interrupt: ".",
    tick: ".",
    lost: ".",
    regained: ".",
    end: "idle: drop_hearing",
  },
  thinking: {
    start: "listening",
    frame: ".",
    transcript: ".",
    transcript_failed: ".",
    typed: ".",
    sound_sent: "speaking",
    playback: ".",
    interrupt: "listening: cut",
    tick: ".",
    lost: "thinking: silence",
    regained: "thinking: go_on",
    end: "idle",
  },
  speaking: {
    start: "listening",
    frame: ".",
    transcript: ".",
    transcript_failed: ".",
    typed: "thinking: silence heard_out answer",
    sound_sent: ".",
    playback: ".",
    interrupt: "listening: cut",
    tick: "listening: heard_out",
    lost: "speaking: silence",
    regained: "speaking: go_on",
    end: "idle",
  },
  pausing: {
    start: "listening: drop_hearing",
    frame: ".",
    transcript: ".",
    transcript_failed: "speaking: drop_hearing speech_stopped go_on",
    typed: "thinking: drop_hearing silence heard_out answer",
    sound_sent: ".",
    playback: ".",
    interrupt: "listening: cut drop_hearing speech_stopped",
    tick: "speaking: drop_hearing speech_stopped go_on",
    lost: "speaking: silence drop_hearing",
    regained: "pausing: go_on",
    end: "idle: drop_hearing",
  },
};

const setup = { hasPartials: true, canSilence: true };
const inPhase = (phase: Phase): State => ({ ...IDLE, setup, phase });
const names = (effects: readonly Effect[]) => effects.map(({ type }) => type).join(" ");

for (const phase of Object.values(PHASES))
  for (const event of Object.values(EVENTS))
    test(`${phase.name} × ${event.type}: ${TABLE[phase.name][event.type]}`, () => {
      const step = transition(inPhase(phase), event);
      const effects = names(step.effects);
      const next = step.state.phase.name;
      const found = effects ? `${next}: ${effects}` : next === phase.name ? "." : next;
      assert.equal(found, TABLE[phase.name][event.type]);
    });

for (const phase of [PHASES.thinking, PHASES.speaking, PHASES.pausing])
  test(`[X6] ${phase.name} × end: the typed messages that wait are answered, in order`, () => {
    const typed = ["first", "second"];
    const { state, effects } = transition({ ...inPhase(phase), typed }, EVENTS.end);
    assert.equal(state.phase.name, "idle");
    assert.deepEqual(state.typed, []);
    assert.deepEqual(
      effects.flatMap((effect) => (effect.type === "answer" ? [effect.text] : [])),
      typed,
    );
  });
