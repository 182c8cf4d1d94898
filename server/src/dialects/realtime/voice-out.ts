import type { Speech } from "../../core/voice/parts.ts";
import {
  heardCharacters,
  NOTHING_PLAYED,
  type Playback,
  playedMs,
  quietAtMs,
  type Spoken,
  withSound,
} from "../../core/voice/playback.ts";
import { createSentenceSplitter, type Sentence } from "../../core/voice/sentences.ts";
import { createSoundOut, type SoundFormat } from "../../domain/audio/sound-out.ts";
import { createTempo } from "../../domain/audio/tempo.ts";
import { millisecondsOf, SAMPLE_RATE_HZ, samplesIn } from "../../domain/audio.ts";
import { toAppError } from "../../domain/errors.ts";
import { nextTurn } from "../../domain/turns-of-the-loop.ts";
import type { Output } from "./output.ts";

/** Speaks the words of a response as they come. */
export type VoiceOut = {
  /** Takes words, and resolves when the sentences that they complete are out. */
  push(text: string): Promise<void>;
  /** The words that are no whole sentence. */
  flush(): Promise<void>;
  /** How many characters of the reply are out. */
  saidCharacters(): number;
  /** How many of them have been heard by now, where sound is played as soon as it comes. */
  heardCharacters(): number;
  /** When all that is out will have been played. */
  quietAtMs(): number;
  readonly record: SpokenRecord;
};

/** What of a reply was spoken when, so that it can be cut where its listener stopped to listen. */
export type SpokenRecord = {
  has(itemId: string): boolean;
  lengthMs(itemId: string): number;
  /** In characters of the reply: those before the item, and of it what was heard in that time. */
  heardAt(
    itemId: string,
    milliseconds: number,
  ): { readonly characters: number; readonly text: string };
};

/** Sound that is out and cannot have been played yet. */
const MAX_AHEAD_MS = 15_000;
/** Engines leave no silence at the edges of a sentence. */
const PAUSE_MS = 250;
/** Sound beyond this is not made, since a person can read the rest. */
const MAX_REPLY_MS = 5 * 60_000;
const MAX_SENTENCE_MS = 60_000;
/** Of one event. */
const PIECE_SAMPLES = SAMPLE_RATE_HZ;

export function createVoiceOut(parts: {
  readonly synthesizer: Speech["synthesizer"];
  readonly voice: string | null;
  readonly speed: number;
  readonly format: SoundFormat;
  readonly output: Output;
  readonly clock: { now(): Date; sleep(milliseconds: number, signal?: AbortSignal): Promise<void> };
  readonly signal: AbortSignal;
  /** The sound cannot be made, and the words go on without it. Told once. */
  readonly onFailure: (error: unknown) => void;
}): VoiceOut {
  const { output, clock, signal } = parts;
  let { synthesizer } = parts;
  const splitter = createSentenceSplitter();
  const encoder = createSoundOut(SAMPLE_RATE_HZ, parts.format);
  const spoken = new Map<string, Spoken[]>();
  let playback: Playback = NOTHING_PLAYED;
  let said = 0;

  const now = () => clock.now().getTime();
  const goOn = async () => {
    const aheadMs = playback.sentMs - playedMs(playback, now()) - MAX_AHEAD_MS;
    if (aheadMs > 0) await clock.sleep(aheadMs, signal).catch(() => {});
  };
  const send = async (sound: Int16Array): Promise<void> => {
    for (let from = 0; from < sound.length && !signal.aborted; from += PIECE_SAMPLES) {
      await goOn();
      const piece = sound.subarray(from, from + PIECE_SAMPLES);
      const bytes = encoder.push(piece);
      playback = withSound(playback, millisecondsOf(piece.length), now());
      if (bytes.length > 0) output.sound(bytes);
      await nextTurn();
    }
  };
  const speak = async (sentence: Sentence): Promise<void> => {
    if (signal.aborted) return;
    const itemId = output.text(sentence.text);
    said = sentence.to;
    const before = spoken.get(itemId) ?? [];
    spoken.set(itemId, before);
    const fromMs = playback.sentMs;
    const mark = () => ({ sentence, fromMs, durationMs: playback.sentMs - fromMs });
    const place = before.push(mark()) - 1;
    if (!synthesizer || playback.sentMs > MAX_REPLY_MS || !/\S/u.test(sentence.text)) return;
    try {
      if (before.some(({ durationMs }) => durationMs > 0))
        await send(new Int16Array(samplesIn(PAUSE_MS)));
      const tempo = createTempo(parts.speed);
      let lengthMs = 0;
      for await (const piece of synthesizer.speak(sentence.text, { voice: parts.voice }, signal)) {
        await send(tempo.push(piece));
        before[place] = mark();
        lengthMs += millisecondsOf(piece.length);
        if (lengthMs > MAX_SENTENCE_MS || signal.aborted) break;
      }
      await send(tempo.flush());
    } catch (error) {
      if (signal.aborted) return;
      synthesizer = null;
      parts.onFailure(toAppError(error));
    }
    before[place] = mark();
  };
  const speakAll = async (sentences: readonly Sentence[]) => {
    for (const sentence of sentences) await speak(sentence);
  };
  const all = () => [...spoken.values()].flat();
  const record: SpokenRecord = {
    has: (id) => spoken.has(id),
    lengthMs: (id) => (spoken.get(id) ?? []).reduce((sum, { durationMs }) => sum + durationMs, 0),
    heardAt(id, milliseconds) {
      const sentences = spoken.get(id) ?? [];
      const [first] = sentences;
      const characters = Math.max(
        first?.sentence.from ?? 0,
        heardCharacters(sentences, (first?.fromMs ?? 0) + milliseconds),
      );
      const text = sentences.map(({ sentence }) => sentence.text).join("");
      return { characters, text: text.slice(0, characters - (first?.sentence.from ?? 0)) };
    },
  };
  return {
    push: (text) => speakAll(splitter.push(text)),
    async flush() {
      await speakAll(splitter.flush());
      const last = encoder.flush();
      if (last.length > 0 && playback.sentMs > 0 && !signal.aborted) output.sound(last);
    },
    saidCharacters: () => said,
    heardCharacters: () => heardCharacters(all(), playedMs(playback, now())),
    quietAtMs: () => quietAtMs(playback, now()),
    record,
  };
}
