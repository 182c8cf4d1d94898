import type { Client } from "@colloquy/client";
import i18next from "i18next";
import { stopReading } from "../chat/reply/reading.ts";
import { SAMPLE_RATE_HZ } from "../settings.ts";
import { wasCovered } from "../ui/covered.ts";
import { notify } from "../ui/notices.tsx";
import { type Microphone, type MicrophoneProblem, openMicrophone } from "../voice/microphone.ts";
import { keepScreenOn } from "../voice/screen-on.ts";
import { type Sound, toWav } from "../voice/sound.ts";
import { wordsOf } from "../words-of.ts";
import { wordsInto } from "./words-into.ts";

/** The texts name it, too. At 16 kHz the recording has 3.8 MB then; the server takes 25 MB. */
const MAX_RECORDING_SECONDS = 120;

export type DictationState = {
  readonly phase: "asking" | "listening" | "writing" | "over";
  /** What there is to say about it. */
  readonly told: string;
};

/** The place of a draft, which may get another name. */
export type Spot = { place: string };

/** Takes what was understood: `into` puts it into a text at a place of that, in UTF-16 code units. */
export type OnWords = (into: (text: string, at: number) => Placed, spot: Spot) => void;
export type Placed = ReturnType<typeof wordsInto>;

export type DictationOptions = {
  readonly client: Client;
  /** Made in an event of the person's own; closed when nothing is recorded any more. */
  readonly context: AudioContext;
  /** Forgets what was said, and writes nothing. */
  readonly signal: AbortSignal;
  readonly spot: Spot;
  onState(state: DictationState): void;
  /** How loud it is now, 0 to 1. */
  onLevel(level: number): void;
  readonly onWords: OnWords;
  /** The person wants the microphone to be asked for once more. */
  onAskAgain(): void;
};

export type Dictation = {
  readonly spot: Spot;
  /** Nothing more is recorded, and what was said is written down. */
  finish(): void;
};

/** Records what is said until it is finished, and has the server write it down. */
export function startDictation(options: DictationOptions): Dictation {
  const { client, context, signal, spot, onState } = options;
  const { t } = i18next;
  const pieces: Sound["samples"][] = [];
  let samplesLeft = MAX_RECORDING_SECONDS * SAMPLE_RATE_HZ;
  let microphone: Microphone | null = null;
  let isRecorded = false;

  const letScreenGo = keepScreenOn();
  const release = () => {
    if (isRecorded) return;
    isRecorded = true;
    removeEventListener("keydown", onKey, { capture: true });
    letScreenGo();
    microphone?.close();
    void context.close();
  };
  const over = (told = "") => onState({ phase: "over", told });
  const tellProblem = (text: string, label: string | null, run: () => void) => {
    const close = notify({ text, isProblem: true, ...(label && { action: { label, run } }) });
    signal.addEventListener("abort", close, { once: true });
  };

  const write = async (recording: Blob): Promise<void> => {
    if (signal.aborted) return;
    onState({ phase: "writing", told: t("dictation.writing") });
    try {
      const words = (await client.speech.transcribe(recording, { signal })).trim();
      if (signal.aborted) return;
      if (words !== "") {
        options.onWords((text, at) => wordsInto(text, words, at), spot);
        return over(t("dictation.written", { text: words }));
      }
      notify({ text: t("dictation.nothing") });
    } catch (error) {
      if (signal.aborted) return;
      const text = t("dictation.notWritten", { reason: wordsOf(error) });
      tellProblem(text, t("session.retry"), () => void write(recording));
    }
    over();
  };
  const finish = () => {
    if (isRecorded) return;
    release();
    if (pieces.length > 0) void write(toWav(pieces, SAMPLE_RATE_HZ));
    else over();
  };
  function onKey(event: KeyboardEvent): void {
    if (event.key !== "Escape" || event.isComposing || wasCovered()) return;
    // Before all others: the reply that runs meanwhile is not stopped by the same key.
    event.preventDefault();
    event.stopPropagation();
    finish();
  }

  const hear = ({ samples }: Sound) => {
    if (isRecorded) return;
    const taken = samples.subarray(0, samplesLeft);
    pieces.push(taken);
    samplesLeft -= taken.length;
    options.onLevel(taken.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0) / 32_768);
    if (samplesLeft > 0) return;
    notify({ text: t("dictation.full") });
    finish();
  };
  const tellOfMicrophone = (problem: MicrophoneProblem | "lost") => {
    const words = `voice.microphone.${problem}`;
    const label = problem === "insecure" ? null : t("voice.microphone.askAgain");
    tellProblem(`${t(`${words}.title`)} ${t(`${words}.advice`)}`, label, options.onAskAgain);
  };
  const listen = async () => {
    const opened = await openMicrophone(context, SAMPLE_RATE_HZ, hear, () => {
      tellOfMicrophone("lost");
      finish();
    });
    if (isRecorded) return typeof opened === "string" ? undefined : opened.close();
    if (typeof opened === "string") {
      release();
      tellOfMicrophone(opened);
      return over();
    }
    microphone = opened;
    onState({ phase: "listening", told: t("voice.phase.listening") });
  };

  stopReading();
  signal.addEventListener("abort", release, { once: true });
  addEventListener("keydown", onKey, { capture: true });
  onState({ phase: "asking", told: t("voice.phase.asking") });
  void context.resume();
  void listen();
  return { spot, finish };
}
