import {
  createDictation,
  createEars,
  type Dictation,
  type Ears,
  type HeardTurn,
} from "../../core/voice/ears.ts";
import type { Speech } from "../../core/voice/parts.ts";
import { decodeBase64 } from "../../domain/audio/base64.ts";
import { createPcmStream, type PcmStream } from "../../domain/audio/pcm-stream.ts";
import { SAMPLE_RATE_HZ } from "../../domain/audio.ts";
import { AppError, toAppError } from "../../domain/errors.ts";
import { nextTurn } from "../../domain/turns-of-the-loop.ts";
import { notHere, OpenAiError } from "../openai/errors.ts";
import { invalid } from "../openai/fields.ts";
import type { RealtimeParts } from "./parts.ts";
import { type SessionSettings, soundFormatOf, type TurnDetection } from "./settings.ts";

/** The sound that a client sends, and the turns of the person in it. */
export type Hearing = {
  /** @throws OpenAiError, AppError too_large */
  append(audio: string): Promise<void>;
  /** @throws OpenAiError input_audio_buffer_commit_empty */
  commit(): void;
  clear(): void;
  /** Takes the settings as they are now. */
  change(settings: SessionSettings): void;
  /** How much sound was appended. */
  appendedMs(): number;
  close(): void;
};

/** Milliseconds count the sound that was appended. */
export type HearingEvents = {
  started(atMs: number): void;
  /** The turn is over. */
  stopped(atMs: number): void;
  /** It was speech. @param words once they are known; rejects where they are lost */
  committed(words: Promise<string>, durationMs: number): void;
};

/** Of the base64 of one event. */
const MAX_APPEND_BYTES = 15 * 1024 * 1024;
const MIN_COMMIT_MS = 100;
/** So much base64 is decoded at a time; whole groups of four letters. */
const SLICE_CHARACTERS = 64 * 1024;
/** By which the silence is longer or shorter that the words ask for. */
const PATIENCE = { low: 1.8, medium: 1, auto: 1, high: 0.6 } as const;

export function createHearing(
  parts: Pick<RealtimeParts, "clock"> & { readonly speech: Speech },
  initial: SessionSettings,
  events: HearingEvents,
): Hearing {
  const { speech, clock } = parts;
  let settings = initial;
  let stream = streamOf(settings);
  let ears: Ears | null = null;
  let dictation: Dictation | null = null;
  let ready: Promise<Engines> | null = null;
  /** Of sound, since the session began; of it, when the ears were opened; and since the last commit. */
  let appendedMs = 0;
  let earsFromMs = 0;
  let sinceCommitMs = 0;

  const engines = async (): Promise<Engines> => {
    const { transcriber, detector } = speech;
    if (!transcriber) throw nobodyHears("no speech recogniser is installed");
    try {
      await Promise.all([transcriber.ready(), detector.ready()]);
    } catch (error) {
      ready = null;
      throw nobodyHears(
        `the speech recogniser ${transcriber.name} does not work now: ${toAppError(error).message}`,
      );
    }
    return { transcriber, detector };
  };
  const turnOf = ({ fromMs, toMs }: HeardTurn) => ({
    toMs: Math.round(earsFromMs + toMs),
    durationMs: toMs - fromMs,
  });
  const openEars = (found: Engines, detection: TurnDetection): Ears => {
    earsFromMs = appendedMs;
    const isBySilence = detection.type === "server_vad";
    const paddingMs = isBySilence ? detection.prefixPaddingMs : 0;
    return createEars(
      { ...found, clock },
      isBySilence
        ? { endsAfterMs: detection.silenceDurationMs, threshold: detection.threshold }
        : { patience: PATIENCE[detection.eagerness] },
      {
        started: (atMs) => events.started(Math.max(0, Math.round(earsFromMs + atMs - paddingMs))),
        ended(turn) {
          const { toMs, durationMs } = turnOf(turn);
          events.stopped(toMs);
          events.committed(Promise.resolve(turn.text), durationMs);
        },
        dropped: (atMs) => events.stopped(Math.round(earsFromMs + atMs)),
        failed(error, turn) {
          const { toMs, durationMs } = turnOf(turn);
          events.stopped(toMs);
          events.committed(Promise.reject(error), durationMs);
        },
      },
    );
  };
  const drop = () => {
    ears?.close();
    ears = null;
    dictation?.drop();
    dictation = null;
    sinceCommitMs = 0;
    stream = streamOf(settings);
  };

  return {
    async append(audio) {
      if (audio.length > (MAX_APPEND_BYTES * 4) / 3 + 4)
        throw new AppError("too_large", "Send at most 15 MiB of sound in one event", {
          field: "audio",
        });
      ready ??= engines();
      const found = await ready;
      const { sampleRateHz, encoding } = soundFormatOf(settings.inputFormat);
      const bytesPerMs = (sampleRateHz * (encoding === "s16" ? 2 : 1)) / 1000;
      for (const bytes of await decoded(audio)) {
        const samples = stream.push(bytes);
        appendedMs += bytes.length / bytesPerMs;
        sinceCommitMs += bytes.length / bytesPerMs;
        const { turnDetection } = settings;
        if (turnDetection) {
          ears ??= openEars(found, turnDetection);
          ears.push(samples);
        } else {
          dictation ??= createDictation(found.transcriber);
          dictation.push(samples);
        }
        await nextTurn();
      }
    },
    commit() {
      if (sinceCommitMs < MIN_COMMIT_MS || (settings.turnDetection && !ears?.commit()))
        throw new OpenAiError(
          "invalid_request",
          "input_audio_buffer_commit_empty",
          `Error committing input audio buffer: buffer too small. Expected at least ${MIN_COMMIT_MS}ms of audio, but buffer only has ${sinceCommitMs.toFixed(2)}ms of audio${settings.turnDetection ? " with speech" : ""}.`,
        );
      const durationMs = sinceCommitMs;
      sinceCommitMs = 0;
      if (!dictation) return;
      dictation.push(stream.flush());
      const words = dictation.finish();
      dictation = null;
      events.committed(words, durationMs);
    },
    clear: drop,
    change(next) {
      const isOther =
        next.inputFormat !== settings.inputFormat ||
        JSON.stringify(next.turnDetection) !== JSON.stringify(settings.turnDetection);
      settings = next;
      if (isOther) drop();
    },
    appendedMs: () => appendedMs,
    close: drop,
  };
}

type Engines = { readonly transcriber: NonNullable<Speech["transcriber"]> } & Pick<
  Speech,
  "detector"
>;

const streamOf = ({ inputFormat }: SessionSettings): PcmStream =>
  createPcmStream({ ...soundFormatOf(inputFormat), channels: 1 }, SAMPLE_RATE_HZ);

/** All of it, before any of it is used. @throws OpenAiError */
async function decoded(audio: string): Promise<readonly Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for (let from = 0; from < audio.length; from += SLICE_CHARACTERS) {
    const bytes = decodeBase64(audio.slice(from, from + SLICE_CHARACTERS));
    if (!bytes) throw invalid("audio", "Invalid value: the sound is not valid base64.");
    pieces.push(bytes);
    if (from > 0) await nextTurn();
  }
  return pieces;
}

const nobodyHears = (why: string): OpenAiError =>
  notHere(
    "audio",
    `Sound cannot be understood by this server: ${why}. Typed items (conversation.item.create) are answered, aloud too`,
  );
