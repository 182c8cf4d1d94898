import { durationMs, type Sound } from "./sound.ts";

/** What is heard of a reply right now. */
export type Playing = {
  readonly replyId: string;
  /** Of the reply's own time, pauses included. */
  readonly playedMs: number;
  /** The sentence that sounds. */
  readonly text: string;
};

export type Player = {
  /** After what was added before. Null sound: a sentence that could not be spoken. */
  add(replyId: string, text: string, sound: Sound | null): void;
  /** Nothing more of that reply is to come. */
  finish(replyId: string): void;
  /** Silence at once. What was not played by then is forgotten; it may be added again. */
  stop(playedMs?: number): void;
  playing(): Playing | null;
  /** How loud it is now, 0 to 1. */
  level(): number;
  close(): void;
};

export type PlayerEvents = {
  /** Another sentence sounds; null: nothing does any more, and nothing is to come. */
  sentence(text: string | null): void;
  /** From time to time, and at every end. */
  played(replyId: string, playedMs: number): void;
};

type Segment = {
  readonly text: string;
  readonly fromMs: number;
  readonly durationMs: number;
  readonly source: AudioBufferSourceNode | null;
  /** On the context's clock, in seconds. */
  readonly startsAt: number;
};

/** Sound is scheduled so far ahead that none of it is late. */
const LEAD_SECONDS = 0.03;
const REPORT_MS = 250;
const ROUNDING_MS = 1;
const METER_SAMPLES = 512;

/** Plays the sentences of one reply after the other, without a gap, on the clock of Web Audio. */
export function createPlayer(context: AudioContext, events: PlayerEvents): Player {
  const analyser = context.createAnalyser();
  analyser.fftSize = METER_SAMPLES;
  analyser.connect(context.destination);
  const wave = new Float32Array(METER_SAMPLES);
  let replyId: string | null = null;
  let segments: Segment[] = [];
  let isWhole = false;
  let shown: Segment | null = null;
  let watch: ReturnType<typeof setInterval> | undefined;

  const latencySeconds = () => context.outputLatency || context.baseLatency || 0;
  const heardUntil = () => context.currentTime - latencySeconds();
  const endMs = () => {
    const last = segments.at(-1);
    return last ? last.fromMs + last.durationMs : 0;
  };

  const playedMs = (): number => {
    const now = heardUntil();
    return segments.reduce((played, segment) => {
      const share = Math.min(segment.durationMs, (now - segment.startsAt) * 1000);
      return share > 0 ? segment.fromMs + share : played;
    }, 0);
  };
  const sounding = (): Segment | null => {
    const now = heardUntil();
    return (
      segments.findLast(
        ({ startsAt, durationMs: length }) => startsAt <= now && now < startsAt + length / 1000,
      ) ?? null
    );
  };
  const report = () => {
    if (replyId !== null && segments.length > 0) events.played(replyId, playedMs());
  };
  const isPlayedOut = () => playedMs() >= endMs() - ROUNDING_MS;

  const leave = () => {
    clearInterval(watch);
    watch = undefined;
    shown = null;
    events.sentence(null);
  };
  let reportedAt = 0;
  const look = () => {
    const now = sounding();
    if (now && now !== shown) {
      shown = now;
      events.sentence(now.text);
    }
    const isOver = isPlayedOut();
    if (performance.now() - reportedAt >= REPORT_MS || (isOver && isWhole)) {
      reportedAt = performance.now();
      report();
    }
    if (!isOver || !isWhole) return;
    replyId = null;
    segments = [];
    leave();
  };
  const silence = (among: readonly Segment[]) => {
    for (const { source } of among) {
      source?.stop();
      source?.disconnect();
    }
  };
  const begin = (id: string) => {
    silence(segments);
    replyId = id;
    segments = [];
    isWhole = false;
  };

  return {
    add(id, text, sound) {
      if (id !== replyId) begin(id);
      const last = segments.at(-1);
      const lastEndsAt = last ? last.startsAt + last.durationMs / 1000 : 0;
      const startsAt = Math.max(lastEndsAt, context.currentTime + LEAD_SECONDS);
      const source = sound && playAt(context, analyser, sound, startsAt);
      const lengthMs = sound ? durationMs(sound) : 0;
      segments.push({ text, fromMs: endMs(), durationMs: lengthMs, source, startsAt });
      watch ??= setInterval(look, 50);
    },
    finish(id) {
      if (id !== replyId) begin(id);
      isWhole = true;
      watch ??= setInterval(look, 50);
    },
    stop(reachedMs = playedMs()) {
      silence(segments);
      segments = segments.filter(
        ({ fromMs, durationMs: length }) => fromMs + length <= reachedMs + ROUNDING_MS,
      );
      isWhole = false;
      leave();
    },
    playing() {
      const now = sounding();
      return replyId !== null && now ? { replyId, playedMs: playedMs(), text: now.text } : null;
    },
    level() {
      analyser.getFloatTimeDomainData(wave);
      return Math.min(
        1,
        wave.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0),
      );
    },
    close() {
      clearInterval(watch);
      silence(segments);
      analyser.disconnect();
    },
  };
}

function playAt(
  context: AudioContext,
  output: AudioNode,
  { samples, sampleRateHz }: Sound,
  startsAt: number,
): AudioBufferSourceNode {
  const buffer = context.createBuffer(1, samples.length, sampleRateHz);
  buffer.copyToChannel(
    Float32Array.from(samples, (sample) => sample / 32_768),
    0,
  );
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(output);
  source.start(startsAt);
  return source;
}
