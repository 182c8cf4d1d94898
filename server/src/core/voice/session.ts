import { millisecondsOf } from "../../domain/audio.ts";
import { AppError } from "../../domain/errors.ts";
import { checkMessageText } from "../../domain/text.ts";
import type { Transcriber, VoiceActivityDetector } from "../../ports/speech.ts";
import { createAlarm } from "./alarm.ts";
import { type Answers, createAnswers } from "./answers.ts";
import { createFrames } from "./frames.ts";
import { createListener, type Listener } from "./listener.ts";
import { IDLE, isHearing, nextTickMs, transition } from "./machine.ts";
import type { OnOutput, VoiceOutput } from "./outputs.ts";
import { isEcho } from "./overlap.ts";
import type { SessionOptions, SessionParts, VoiceSession } from "./parts.ts";
import type { Effect, State, VoiceEvent } from "./states.ts";

/** The delay that chunks of sound may have. */
const LATE_MS = 150;
const MAX_CHUNK_MS = 5000;
const MISSING_FRAME_MS = 32;
const SILENCE_DBFS = -100;
/** The number of outputs that are kept for a client that lost its connection. */
const MAX_KEPT = 64;

export function createVoiceSession(
  parts: SessionParts,
  options: SessionOptions,
  onOutput: OnOutput,
): VoiceSession {
  const { clock, speech } = parts;
  const { capabilities } = options;
  let tell: OnOutput | null = onOutput;
  const kept: VoiceOutput[] = [];
  let state: State = IDLE;
  const waiting: VoiceEvent[] = [];
  let isBusy = false;
  let soundDueAtMs = 0;

  const now = () => clock.now().getTime();
  const output: OnOutput = (message) => {
    if (tell) tell(message);
    else if (kept.length < MAX_KEPT) kept.push(message);
  };
  const fail = (stage: "hearing" | "answering", error: AppError) =>
    output({ type: "error", stage, error });

  /** An effect may bring the next event at once: one after the other. */
  const dispatch = (event: VoiceEvent): void => {
    waiting.push(event);
    if (isBusy) return;
    isBusy = true;
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const step = transition(state, next);
      state = step.state;
      for (const effect of step.effects) perform(effect, next.atMs);
    }
    isBusy = false;
    ticking.set(nextTickMs(state));
    missing.set(isHearing(state) ? Math.max(soundDueAtMs, now()) + MISSING_FRAME_MS : null);
  };

  const ticking = createAlarm(clock, () => dispatch({ type: "tick", atMs: now() }));
  /** Missing sound counts as silence. */
  const missing = createAlarm(clock, () => {
    const atMs = now();
    if (atMs < soundDueAtMs) return missing.set(soundDueAtMs + MISSING_FRAME_MS);
    const frame = { probability: 0, dbfs: SILENCE_DBFS, durationMs: MISSING_FRAME_MS };
    dispatch({ type: "frame", ...frame, atMs });
  });

  const answers: Answers = createAnswers(parts, options, {
    output,
    failed: (error) => fail("answering", error),
    sent: (quietAtMs, isLast) => dispatch({ type: "sound_sent", quietAtMs, isLast, atMs: now() }),
  });
  /** Null until something is heard: most of what a session holds is for that. */
  let ears: ReturnType<typeof createEars> | null = null;
  let isOver = false;

  function createEars(detector: VoiceActivityDetector, transcriber: Transcriber) {
    const frameMs = millisecondsOf(detector.frameSamples);
    const listener: Listener = createListener(
      { transcriber, frameMs },
      (text, isFinal) => {
        const atMs = now();
        if (isFinal) answers.noteTranscript(atMs);
        const words = { text, isFinal, isEcho: isEcho(text, answers.saying()) };
        dispatch({ type: "transcript", ...words, atMs });
      },
      (error) => {
        fail("hearing", error);
        dispatch({ type: "transcript_failed", atMs: now() });
      },
    );
    const frames = createFrames({ detector, clock }, ({ samples, probability, dbfs }) => {
      listener.push(samples);
      dispatch({ type: "frame", probability, dbfs, durationMs: frameMs, atMs: now() });
    });
    return { listener, frames };
  }

  function perform(effect: Effect, atMs: number): void {
    switch (effect.type) {
      case "hear":
        ears?.listener.hear();
        return;
      case "finish_hearing":
        ears?.listener.finish();
        return;
      case "hear_on":
        ears?.listener.hearOn();
        return;
      case "drop_hearing":
        ears?.listener.drop();
        return;
      case "speech_started":
      case "speech_stopped":
        if (capabilities.vad) output({ type: effect.type });
        return;
      case "show":
        output({ type: "transcript", text: effect.text, isFinal: effect.isFinal });
        return;
      case "prepare":
        answers.prepare(effect.text);
        return;
      case "discard":
        answers.discard();
        return;
      case "answer":
        answers.answer(effect.text, effect.speechEndedAtMs, atMs);
        return;
      case "refuse_typed":
        fail(
          "answering",
          new AppError("rate_limited", "Too many messages are waiting for an answer"),
        );
        return;
      case "silence":
        answers.hold();
        return;
      case "go_on":
        answers.goOn();
        return;
      case "cut":
        answers.cut();
        return;
      case "heard_out":
        answers.letGo();
        return;
    }
  }

  const setup = {
    hasPartials: speech.transcriber?.hasPartials ?? false,
    canSilence: capabilities.interrupt,
  };
  dispatch({ type: "start", setup, atMs: now() });

  return {
    conversationId: options.conversationId,
    push(samples) {
      if (isOver || !options.canHear || !speech.transcriber) return;
      ears ??= createEars(speech.detector, speech.transcriber);
      const chunkMs = Math.min(MAX_CHUNK_MS, millisecondsOf(samples.length));
      soundDueAtMs = now() + chunkMs + LATE_MS;
      ears.frames.push(samples);
    },
    typed(text) {
      checkMessageText(text, "text");
      dispatch({ type: "typed", text, atMs: now() });
    },
    interrupt: () => dispatch({ type: "interrupt", atMs: now() }),
    playback(replyId, playedMs) {
      const quietAtMs = answers.report(replyId, playedMs);
      if (quietAtMs !== null) dispatch({ type: "playback", quietAtMs, atMs: now() });
    },
    lose() {
      tell = null;
      dispatch({ type: "lost", atMs: now() });
    },
    regain(onOutputAgain) {
      tell = onOutputAgain;
      for (const message of kept.splice(0)) output(message);
      dispatch({ type: "regained", atMs: now() });
    },
    end() {
      dispatch({ type: "end", atMs: now() });
      tell = () => {};
      isOver = true;
      ears?.frames.close();
      ears?.listener.drop();
      answers.close();
    },
  };
}
