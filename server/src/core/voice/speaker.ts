import { millisecondsOf } from "../../domain/audio.ts";
import { type AppError, toAppError } from "../../domain/errors.ts";
import { type Giving, pulled } from "../../domain/sink.ts";
import type { TurnEnding } from "../../domain/turn.ts";
import type { Synthesizer } from "../../ports/speech.ts";
import type { LiveEvent, Turn } from "../turns/turn.ts";
import { createSentenceSplitter, type Sentence } from "./sentences.ts";

/** A sentence of the reply with its sound, in order. */
export type SpokenSentence = { readonly sentence: Sentence; readonly sound: Int16Array };

export type SpeakOptions = {
  readonly synthesizer: Synthesizer | null;
  readonly voice: string | null;
  /** The first sentence, made ahead of the turn. */
  readonly opening: Promise<Opening | null>;
  /** Resolves when that many sentences are wanted. */
  readonly mayGoOn: () => Promise<void>;
  /** Said once each time that the reply waits for a decision. */
  readonly notice: string;
  /** Resolves when the reply waits no more, or when the signal is aborted. Never rejects. */
  readonly decided: (signal: AbortSignal) => Promise<void>;
};

/** A first sentence that is synthesised before the turn is certain. */
export type Opening = {
  readonly text: string;
  readonly voice: string | null;
  readonly sound: Int16Array;
};

/** What there is to tell while a reply is made and spoken. */
export type OnProgress = {
  firstToken(): void;
  firstSentence(): void;
  /** The sound cannot be synthesised, and the text goes on without it. Told once. */
  soundFailed(error: AppError): void;
};

/** Sound beyond this is not synthesised, because a person can read the rest. */
const MAX_REPLY_MS = 5 * 60_000;
const MAX_SENTENCE_MS = 60_000;

/**
 * The sentences of a turn's reply as they come, each with its sound (empty where there is none);
 * gives how the reply ended. A failed reply of which nothing was said gives its error as a sentence.
 */
export async function* speakReply(
  turn: Turn,
  options: SpeakOptions,
  progress: OnProgress,
  signal: AbortSignal,
): AsyncGenerator<SpokenSentence, TurnEnding | null> {
  let { synthesizer } = options;
  let leftMs = MAX_REPLY_MS;
  let opening = await options.opening;
  const sentences = readSentences(turn, options, progress, signal);
  for (;;) {
    const next = await sentences.next();
    if (next.done) return next.value;
    await options.mayGoOn();
    if (signal.aborted) return null;
    let sound: Int16Array = new Int16Array(0);
    try {
      const { text } = next.value;
      if (opening?.text === text && opening.voice === options.voice) sound = opening.sound;
      else if (synthesizer && leftMs > 0)
        sound = await speakSentence(synthesizer, text, options.voice, signal);
    } catch (error) {
      if (signal.aborted) return null;
      synthesizer = null;
      progress.soundFailed(toAppError(error));
    }
    if (signal.aborted) return null;
    opening = null;
    leftMs -= millisecondsOf(sound.length);
    yield { sentence: next.value, sound };
  }
}

/** Speaks the first sentence of a reply that comes; null when there is none, or it cannot be spoken. */
export async function speakOpening(
  texts: Giving<string>,
  synthesizer: Synthesizer,
  voice: string | null,
  signal: AbortSignal,
): Promise<Opening | null> {
  const sentence = await firstSentence(texts);
  if (!sentence || signal.aborted) return null;
  const { text } = sentence;
  try {
    return { text, voice, sound: await speakSentence(synthesizer, text, voice, signal) };
  } catch {
    // Once it is its turn it is tried again, and a failure told.
    return null;
  }
}

async function firstSentence(give: Giving<string>): Promise<Sentence | null> {
  const splitter = createSentenceSplitter();
  const isSpeech = ({ text }: Sentence) => /\S/u.test(text);
  let found: Sentence | undefined;
  await new Promise<void>((resolve) => {
    give({
      take(texts) {
        for (const text of texts) found ??= splitter.push(text).find(isSpeech);
        if (found) resolve();
        return undefined;
      },
      end: () => resolve(),
    });
  });
  return found ?? splitter.flush().find(isSpeech) ?? null;
}

/**
 * Reads the reply ahead of the speech, so that slow speech does not hold up the model. A reply that waits for a decision
 * says so, and goes on after it.
 */
async function* readSentences(
  turn: Turn,
  { notice, decided }: Pick<SpeakOptions, "notice" | "decided">,
  progress: OnProgress,
  signal: AbortSignal,
): AsyncGenerator<Sentence, TurnEnding | null> {
  const splitter = createSentenceSplitter();
  let isFirst = true;
  let spokenTo = 0;
  let position = 0;
  for (let isWaiting = true; isWaiting && !signal.aborted; ) {
    isWaiting = false;
    const from = position;
    for await (const event of pulled<LiveEvent>((sink) => turn.watch(from, sink), signal)) {
      const isDelta = event.type === "delta";
      if (isDelta) position = event.position;
      if (isDelta && spokenTo === 0 && isFirst) progress.firstToken();
      const sentences = isDelta ? splitter.push(event.text) : splitter.flush();
      for (const sentence of sentences) {
        spokenTo = sentence.to;
        if (!/\S/u.test(sentence.text)) continue;
        if (isFirst) progress.firstSentence();
        isFirst = false;
        yield sentence;
      }
      if (isDelta) continue;
      isWaiting = event.type === "waiting";
      if (isWaiting) break;
      if (event.type === "failed" && isFirst) yield { text: event.error.message, from: 0, to: 0 };
      return event;
    }
    if (!isWaiting) return null;
    yield { text: notice, from: spokenTo, to: spokenTo, isNotice: true };
    await decided(signal);
  }
  return null;
}

/** A sentence, whole; of one that takes longer than a minute to say, the beginning. */
export async function speakSentence(
  synthesizer: Synthesizer,
  text: string,
  voice: string | null,
  signal: AbortSignal,
): Promise<Int16Array> {
  const pieces: Int16Array[] = [];
  let lengthMs = 0;
  for await (const piece of synthesizer.speak(text, { voice }, signal)) {
    pieces.push(piece);
    lengthMs += millisecondsOf(piece.length);
    if (lengthMs > MAX_SENTENCE_MS) break;
  }
  return joinSound(pieces);
}

/** One after the other, without anything between. */
export function joinSound(pieces: readonly Int16Array[]): Int16Array {
  const joined = new Int16Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.length;
  }
  return joined;
}
