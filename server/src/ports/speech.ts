/*
 * What the voice loop asks of speech engines. Sound is 16 kHz mono signed 16-bit everywhere
 * (domain/audio.ts); an engine with another rate converts its sound.
 */

/** What every engine has. */
export type SpeechEngine = {
  /** The name that the operator sees: `silero-vad-6`, `flite`, `pocketsphinx`, `openai:whisper-1`, … */
  readonly name: string;
  /** Resolves when it can work. @throws AppError unavailable, saying what to do about it */
  ready(): Promise<void>;
  close(): Promise<void>;
};

/** Tells speech from everything else, frame by frame. One engine serves many streams. */
export interface VoiceActivityDetector extends SpeechEngine {
  /** Samples a frame: 512 (32 ms) for Silero. */
  readonly frameSamples: number;
  /** Begins a stream with a state of its own. */
  open(): VoiceActivityStream;
}

export interface VoiceActivityStream {
  /** @param frame exactly `frameSamples` samples; @returns the probability of speech, 0 to 1 */
  push(frame: Int16Array): number;
  reset(): void;
  /** Frees what the stream holds; further pushes are an error. */
  close(): void;
}

export type Transcript = {
  readonly text: string;
  /** False while more of the same utterance may change it. */
  readonly isFinal: boolean;
};

/** Speech to text. */
export interface Transcriber extends SpeechEngine {
  /** True when partial transcripts come while the person speaks. */
  readonly hasPartials: boolean;
  /** Begins one utterance. Aborting ends it without a result. */
  open(signal: AbortSignal): Utterance;
  /** Prepares for that number of people who speak at the same time. */
  expect?(speakers: number): void;
}

export interface Utterance {
  /** Takes the next sound; never blocks the caller, bounded inside (AppError too_large past two minutes). */
  push(samples: Int16Array): void;
  /** Ends the utterance; then `transcripts` ends after its final one. */
  end(): void;
  /**
   * Partials, each the whole utterance so far, then exactly one final transcript (text may be empty).
   * Rejects with AppError `unavailable` or `model_failed`, with a sentence for the speaker.
   */
  readonly transcripts: AsyncIterable<Transcript>;
}

/** Text to speech. */
export interface Synthesizer extends SpeechEngine {
  readonly voices: readonly string[];
  /**
   * Speaks one sentence. Sound comes in pieces as soon as there is some; no silence of the engine's own at its edges.
   * Text without anything to say gives no sound. Aborting ends it.
   * Rejects with AppError `model_failed`, with a sentence for the listener.
   */
  speak(
    text: string,
    options: { readonly voice: string | null },
    signal: AbortSignal,
  ): AsyncIterable<Int16Array>;
}
