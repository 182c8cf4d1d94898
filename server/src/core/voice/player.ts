import { millisecondsOf, samplesIn } from "../../domain/audio.ts";
import { AppError } from "../../domain/errors.ts";
import { type UnusualEnding, unusualEndingOf } from "../../domain/finish-reason.ts";
import { errorOfEnding, type TurnEnding } from "../../domain/turn.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Synthesizer } from "../../ports/speech.ts";
import type { Turn } from "../turns/turn.ts";
import type { VoiceOutput } from "./outputs.ts";
import {
  goneOn,
  heardCharacters,
  held,
  NOTHING_PLAYED,
  type Playback,
  playedMs,
  quietAtMs,
  type Spoken,
  withReport,
  withSound,
} from "./playback.ts";
import {
  joinSound,
  type OnProgress,
  type Opening,
  type SpeakOptions,
  type SpokenSentence,
  speakReply,
} from "./speaker.ts";

/** What was heard of a reply. */
export type Heard = {
  readonly characters: number;
  readonly text: string;
  readonly playedMs: number;
};

/** Speaks one reply to the client, which may be told to wait. */
export type Player = {
  /** Sends nothing more. Returns what was heard so far; null if nothing was sent. */
  hold(): Heard | null;
  /** Continues with the sentence that was being played. */
  goOn(): void;
  /** The client has played so much. Gives when all will have been. */
  report(playedMs: number): number;
  heard(): Heard;
  /** The words that can be heard now, or could a moment ago. */
  saying(): string;
  /** Stops speaking; the reply itself is still generated. */
  close(): void;
};

export type PlayerParts = {
  readonly turn: Turn;
  readonly synthesizer: Synthesizer | null;
  readonly voice: string | null;
  readonly opening: Promise<Opening | null>;
  readonly clock: Clock;
  /** As `SpeakOptions` has them. */
  readonly notice: string;
  readonly decided: SpeakOptions["decided"];
  /** Sentence by sentence, or the whole reply at once. */
  readonly isSegmented: boolean;
  readonly isHeld: boolean;
};

export type PlayerEvents = {
  output(output: VoiceOutput): void;
  sent(quietAtMs: number, isLast: boolean): void;
  readonly progress: Pick<OnProgress, "firstToken" | "firstSentence">;
};

type Sent = Spoken & { readonly sound: Int16Array };

/** The bound of the sound that was sent and is not played yet. */
const MAX_AHEAD_MS = 15_000;
/** Engines leave no silence at the edges of a sentence. */
const PAUSE_MS = 250;
/** The span of the reply that the microphone may pick up from the loudspeaker. */
const ECHO_PAST_MS = 8000;
const ECHO_FUTURE_MS = 1000;

export function createPlayer(parts: PlayerParts, events: PlayerEvents): Player {
  const { turn, clock, isSegmented } = parts;
  const closing = new AbortController();
  let playback: Playback = NOTHING_PLAYED;
  let isHeld = parts.isHeld;
  let sent: Sent[] = [];
  /** All the sentences of a whole reply, before it is out. */
  const collected: Sent[] = [];
  let sequence = 0;
  let isAllSent = false;
  let unusual: UnusualEnding = {};
  let wake = Promise.withResolvers<void>();

  const now = () => clock.now().getTime();
  const rouse = () => {
    wake.resolve();
    wake = Promise.withResolvers();
  };
  const aheadMs = () => playback.sentMs - playedMs(playback, now());

  const mayGoOn = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const tooFarMs = isSegmented ? aheadMs() - MAX_AHEAD_MS : 0;
      if (!isHeld && tooFarMs <= 0) return;
      const roused = wake.promise;
      if (isHeld) await roused;
      else await Promise.race([roused, clock.sleep(tooFarMs, closing.signal).catch(() => {})]);
    }
  };

  const sendSegment = (text: string, sound: Int16Array, isLast: boolean, isNotice = false) => {
    events.output({
      type: "segment",
      replyId: turn.replyId,
      sequence: sequence++,
      text,
      sound,
      isLast,
      isNotice,
      ending: isLast ? unusual : {},
    });
    isAllSent = isLast;
    events.sent(quietAtMs(playback, now()), isLast);
  };
  const play = (segment: Sent) => {
    playback = withSound(playback, segment.durationMs, now());
    sent.push(segment);
    const { text, isNotice } = segment.sentence;
    sendSegment(text.trim(), segment.sound, false, isNotice);
  };
  const after = (before: Sent | undefined, { sentence, sound }: SpokenSentence): Sent => {
    const isFollowing = before !== undefined && sound.length > 0 && before.durationMs > 0;
    const spaced = isFollowing ? joinSound([new Int16Array(samplesIn(PAUSE_MS)), sound]) : sound;
    const fromMs = before ? before.fromMs + before.durationMs : 0;
    return { sentence, sound: spaced, fromMs, durationMs: millisecondsOf(spaced.length) };
  };

  const endSegments = async (): Promise<void> => {
    await mayGoOn();
    if (!closing.signal.aborted) sendSegment("", new Int16Array(0), true);
  };
  const sendWhole = async ({ reply }: TurnEnding): Promise<void> => {
    await mayGoOn();
    if (closing.signal.aborted) return;
    const said = collected.map(({ sentence }) => sentence.text).join("");
    const sound = joinSound(collected.map((segment) => segment.sound));
    sent = collected.map((segment) => ({ ...segment, sound: new Int16Array(0) }));
    playback = withSound(playback, millisecondsOf(sound.length), now());
    isAllSent = true;
    events.output({ type: "reply", text: reply.content || said, sound, ending: unusual });
    events.sent(quietAtMs(playback, now()), true);
  };

  const run = async (): Promise<void> => {
    const spoken = speakReply(
      turn,
      {
        synthesizer: parts.synthesizer,
        voice: parts.voice,
        opening: parts.opening,
        notice: parts.notice,
        decided: parts.decided,
        mayGoOn,
      },
      {
        ...events.progress,
        soundFailed: (error) => events.output({ type: "error", stage: "speaking", error }),
      },
      closing.signal,
    );
    for (;;) {
      const next = await spoken.next();
      if (!next.done) {
        if (!isSegmented) collected.push(after(collected.at(-1), next.value));
        else {
          await mayGoOn();
          if (!closing.signal.aborted) play(after(sent.at(-1), next.value));
        }
        continue;
      }
      const ending = next.value;
      if (!ending) return;
      unusual = unusualEndingOf(ending.reply);
      const problem = errorOfEnding(ending);
      if (problem) events.output({ type: "error", stage: "answering", error: problem });
      return isSegmented ? endSegments() : sendWhole(ending);
    }
  };

  /** What was heard stays sent; the rest goes out again. */
  const sendAgain = () => {
    const heardMs = playedMs(playback, now());
    const first = sent.findIndex((segment) => segment.fromMs + segment.durationMs > heardMs);
    const again = first < 0 ? [] : sent.splice(first);
    playback = goneOn(again[0]?.fromMs ?? heardMs, now());
    const wasAllSent = isAllSent;
    for (const segment of again) play(segment);
    if (wasAllSent) sendSegment("", new Int16Array(0), true);
  };

  const heard = (): Heard => {
    const heardMs = playedMs(playback, now());
    const characters = heardCharacters(sent, heardMs);
    const said = sent.filter(({ sentence }) => !sentence.isNotice);
    const text = said.map(({ sentence }) => sentence.text).join("");
    const from = sent[0]?.sentence.from ?? 0;
    const spokenText = text.slice(0, Math.max(0, characters - from)).trim();
    return { characters, text: spokenText, playedMs: Math.round(heardMs) };
  };

  run().catch((error: unknown) => {
    if (closing.signal.aborted) return;
    events.output({ type: "error", stage: "answering", error: asFailure(error) });
    events.sent(quietAtMs(playback, now()), true);
  });

  return {
    hold() {
      isHeld = true;
      playback = held(playback, now());
      return sent.length > 0 ? heard() : null;
    },
    goOn() {
      if (!isHeld) return;
      isHeld = false;
      if (isSegmented) {
        if (sent.length > 0) sendAgain();
        else playback = NOTHING_PLAYED;
      } else {
        playback = { ...playback, isHeld: false, atMs: now() };
        if (isAllSent) events.sent(quietAtMs(playback, now()), true);
      }
      rouse();
    },
    report(reportedMs) {
      playback = withReport(playback, reportedMs, now());
      rouse();
      return quietAtMs(playback, now());
    },
    heard,
    saying() {
      const heardMs = playedMs(playback, now());
      return sent
        .filter(
          ({ fromMs, durationMs }) =>
            fromMs <= heardMs + ECHO_FUTURE_MS && fromMs + durationMs >= heardMs - ECHO_PAST_MS,
        )
        .map(({ sentence }) => sentence.text)
        .join("");
    },
    close() {
      closing.abort();
      rouse();
    },
  };
}

const asFailure = (error: unknown): AppError =>
  error instanceof AppError
    ? error
    : new AppError("internal", "The reply could not be given", { cause: error });
