/*
 * How long to wait for more, against how often somebody is cut off: the real detector on real sound, the
 * real rules of turn-taking, and a clock that need not wait. `cut-offs` measures the same on a real server.
 */
import { createSileroDetector } from "../../server/src/adapters/speech/silero/index.ts";
import { IDLE, transition } from "../../server/src/core/voice/machine.ts";
import type { VoiceEvent } from "../../server/src/core/voice/states.ts";
import { millisecondsOf } from "../../server/src/domain/audio.ts";
import { join, silence, speech } from "../../server/test/voice-sound.ts";
import { type Writing, write } from "./oracle.ts";
import { EVERYDAY, PAUSED, pauseOf } from "./texts.ts";

export type Point = {
  /** Milliseconds of silence, or how much longer than ours all silences are. */
  readonly setting: number;
  readonly cutShare: number;
  /** From the end of speech to the end of the turn, on average: in sentences without a pause … */
  readonly fluentMs: number;
  /** … and in those with pauses that were not cut off. */
  readonly pausedMs: number;
};

export type TradeOff = {
  readonly turns: number;
  /** So much silence ends a turn, whatever was said. */
  readonly fixed: readonly Point[];
  readonly adaptive: readonly Point[];
};

const FIXED_MS = [200, 300, 400, 500, 600, 700, 800, 900, 1000];
const SCALES = [0.5, 0.65, 0.8, 1, 1.25, 1.5];
const SESSIONS = 10;
const GOES_ON_PROBABILITY = 0.35;
const AFTERWARDS_MS = 3500;

type Recording = {
  /** Probabilities of speech, frame by frame. */
  readonly frames: readonly number[];
  readonly frameMs: number;
  readonly clauses: readonly { readonly text: string; readonly endMs: number }[];
  readonly endMs: number;
};

type Ears = { readonly delayMs: number; readonly writing: Writing };

export async function tradeOff(rounds: number, ears: Ears): Promise<TradeOff> {
  const paused = await record(
    Array.from({ length: PAUSED.length * rounds }, (_, turn) => PAUSED[turn % PAUSED.length] ?? []),
  );
  const fluent = await record(EVERYDAY.map((text) => [text]));
  return {
    turns: paused.length,
    fixed: FIXED_MS.map((ms) => {
      const late = (recordings: readonly Recording[]) =>
        recordings.map((recording) => fixedEnd(recording, ms) - recording.endMs);
      return pointOf(ms, late(paused), late(fluent));
    }),
    adaptive: SCALES.map((scale) => {
      const late = (recordings: readonly Recording[]) => adaptiveEnds(recordings, scale, ears);
      return pointOf(scale, late(paused), late(fluent));
    }),
  };
}

async function record(turns: readonly (readonly string[])[]): Promise<Recording[]> {
  const detector = createSileroDetector();
  await detector.ready();
  const frameMs = millisecondsOf(detector.frameSamples);
  const recordings: Recording[] = [];
  for (const [turn, texts] of turns.entries()) {
    const sounds: Int16Array[] = [silence(500)];
    const clauses = [];
    for (const text of texts) {
      if (sounds.length > 1) sounds.push(silence(pauseOf(turn)));
      sounds.push(await speech(text));
      clauses.push({ text, endMs: millisecondsOf(join(...sounds).length) });
    }
    const sound = join(...sounds, silence(AFTERWARDS_MS));
    const stream = detector.open();
    const frames: number[] = [];
    for (let at = 0; at + detector.frameSamples <= sound.length; at += detector.frameSamples)
      frames.push(stream.push(sound.subarray(at, at + detector.frameSamples)));
    stream.close();
    recordings.push({ frames, frameMs, clauses, endMs: clauses.at(-1)?.endMs ?? 0 });
  }
  await detector.close();
  return recordings;
}

function fixedEnd({ frames, frameMs }: Recording, silenceMs: number): number {
  let silentMs = Number.NEGATIVE_INFINITY;
  for (const [at, probability] of frames.entries()) {
    silentMs = probability >= GOES_ON_PROBABILITY ? 0 : silentMs + frameMs;
    if (silentMs >= silenceMs) return (at + 1) * frameMs;
  }
  return frames.length * frameMs;
}

/** All silences of the rules are `scale` times as long: time passes so much slower while nobody speaks. */
function adaptiveEnds(recordings: readonly Recording[], scale: number, ears: Ears): number[] {
  const people = Array.from({ length: SESSIONS }, () => createPerson(scale, ears));
  // So that nobody says the same sentences in each round.
  const personOf = (turn: number) => (turn + 3 * Math.floor(turn / PAUSED.length)) % SESSIONS;
  return recordings.map((recording, turn) => people[personOf(turn)]?.say(recording) ?? Number.NaN);
}

/** One session of somebody whose habits are learned. */
function createPerson(scale: number, { delayMs, writing }: Ears) {
  const setup = { hasPartials: false, canSilence: true };
  let { state } = transition(IDLE, { type: "start", setup, atMs: 0 });
  let beganMs = 0;
  let words: { readonly text: string; readonly dueMs: number } | null = null;

  /** Gives how long after its end, or (negative) before, the turn was over. */
  function say({ frames, frameMs, clauses, endMs }: Recording): number {
    let endedMs: number | null = null;
    const take = (event: VoiceEvent) => {
      const step = transition(state, event);
      state = step.state;
      for (const { type } of step.effects) {
        if (type === "answer") endedMs ??= event.atMs - beganMs;
        if (type === "hear" || type === "hear_on") words = null;
        if (type !== "finish_hearing") continue;
        const said = clauses.filter((clause) => clause.endMs <= event.atMs - beganMs);
        const text = write(
          said.map((clause) => clause.text),
          writing,
        );
        words = { text, dueMs: event.atMs + delayMs };
      }
    };
    for (const [at, probability] of frames.entries()) {
      const atMs = beganMs + (at + 1) * frameMs;
      if (words && words.dueMs <= atMs) {
        const { text } = words;
        words = null;
        take({ type: "transcript", text, isFinal: true, isEcho: false, atMs });
      }
      const isVoiced = probability >= GOES_ON_PROBABILITY;
      const durationMs = isVoiced ? frameMs : frameMs / scale;
      take({ type: "frame", probability, dbfs: isVoiced ? -20 : -90, durationMs, atMs });
    }
    beganMs += frames.length * frameMs;
    take({ type: "interrupt", atMs: beganMs });
    return (endedMs ?? Number.NaN) - endMs;
  }
  return { say };
}

function pointOf(setting: number, paused: readonly number[], fluent: readonly number[]): Point {
  const whole = paused.filter((late) => late >= 0);
  const mean = (late: readonly number[]) => late.reduce((sum, one) => sum + one, 0) / late.length;
  return {
    setting,
    cutShare: 1 - whole.length / paused.length,
    fluentMs: mean(fluent.filter((late) => late >= 0)),
    pausedMs: mean(whole),
  };
}
