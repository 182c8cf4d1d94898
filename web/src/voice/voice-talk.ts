import i18next from "i18next";
import { type Microphone, type MicrophoneProblem, openMicrophone } from "./microphone.ts";
import { createPlayer } from "./player.ts";
import { fromWavBase64, type Sound, toWavBase64 } from "./sound.ts";
import type { ServerMessage } from "./voice-messages.ts";
import { openVoiceWire, type VoiceWireOptions, type WireState } from "./voice-wire.ts";

export type Phase =
  | "connecting"
  | "reconnecting"
  | "listening"
  /** The person speaks. */
  | "hearing"
  | "thinking"
  | "speaking"
  | "over";

export type TalkState = {
  readonly phase: Phase;
  /** Null until something is stored. */
  readonly conversationId: string | null;
  readonly microphone: "off" | "asking" | "on" | "muted" | MicrophoneProblem | "lost";
  /** Why the server does not understand speech, in its words. */
  readonly deafness: string | null;
  /** What the person says, or has said last. */
  readonly words: { readonly text: string; readonly isFinal: boolean } | null;
  /** The sentence of the reply that sounds. */
  readonly sentence: string | null;
  /** What went wrong last, or why it is over. */
  readonly problem: string | null;
};

/** One conversation by voice, from the button that begins it to the one that ends it. */
export type VoiceTalk = {
  state(): TalkState;
  subscribe(listener: () => void): () => void;
  /** How loud it is now, 0 to 1: the person, or the reply while it sounds. */
  level(): { readonly value: number; readonly of: "microphone" | "reply" };
  type(text: string): void;
  interrupt(): void;
  mute(isMuted: boolean): void;
  /** Asks for the microphone once more. */
  askAgain(): void;
  close(): void;
};

export type VoiceTalkOptions = Pick<
  VoiceWireOptions,
  "url" | "key" | "conversationId" | "whyRefused"
> & {
  readonly sampleRateHz: number;
  /** Made in an event of the person's own: browsers let no page sound by itself. Closed at the end. */
  readonly context: AudioContext;
  /** Something new is stored in that conversation. */
  onStored(conversationId: string): void;
  /** This was typed, and never reached the server. */
  onUnsent(text: string): void;
  log(what: string, details?: unknown): void;
};

/** What was heard of an interrupted reply is stored a moment after it is told. */
const CUT_STORED_MS = 400;

export function startTalk(options: VoiceTalkOptions): VoiceTalk {
  const { context } = options;
  const listeners = new Set<() => void>();
  let state: TalkState = {
    phase: "connecting",
    conversationId: options.conversationId,
    microphone: "off",
    deafness: null,
    words: null,
    sentence: null,
    problem: null,
  };
  const flags = { isConnected: false, isOver: false, isHearing: false, isAwaiting: false };
  let microphone: Microphone | null = null;
  let peak = 0;
  let startedId: string | null = null;
  let currentReply: string | null = null;
  let silencedReply: string | null = null;

  const change = (fields: Partial<TalkState>) => {
    state = { ...state, ...fields };
    const phase = phaseOf(state, flags);
    if (phase !== state.phase) options.log(`voice: ${phase}`);
    state = { ...state, phase };
    for (const listener of listeners) listener();
  };

  const player = createPlayer(context, {
    sentence: (sentence) => change({ sentence }),
    played: (replyId, playedMs) => wire.playback(replyId, playedMs),
  });

  const takeReply = (message: Extract<ServerMessage, { type: "ai_response" }>) => {
    const { response_id: id, text, audio_data, final } = message;
    if (id !== currentReply) {
      currentReply = id;
      stored();
    }
    if (final) {
      flags.isAwaiting = false;
      if (id !== silencedReply) player.finish(id);
      stored();
      return change({});
    }
    if (id === silencedReply) return;
    flags.isAwaiting = false;
    player.add(id, text, fromWavBase64(audio_data));
    change({ problem: null });
  };

  const take = (message: ServerMessage): void => {
    switch (message.type) {
      case "transcript":
        if (message.is_final) flags.isAwaiting = true;
        change({ words: { text: message.text, isFinal: message.is_final }, problem: null });
        break;
      case "speech_started":
      case "speech_stopped":
        flags.isHearing = message.type === "speech_started";
        change({});
        break;
      case "interrupted":
        player.stop(message.played_ms);
        setTimeout(stored, CUT_STORED_MS);
        break;
      case "ai_response":
        takeReply(message);
        break;
      case "error":
        flags.isAwaiting = false;
        change({
          problem:
            message.code === "MODEL_UNAVAILABLE"
              ? i18next.t("chat.modelUnavailable")
              : message.message,
        });
        break;
      default:
    }
  };

  function stored(): void {
    if (startedId === null) return;
    if (state.conversationId === null) change({ conversationId: startedId });
    options.onStored(startedId);
  }

  const hear = (sound: Sound) => {
    peak = sound.samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0) / 32_768;
    wire.sound(toWavBase64(sound));
  };

  const askForMicrophone = async () => {
    change({ microphone: "asking" });
    const opened = await openMicrophone(context, options.sampleRateHz, hear, () => {
      microphone?.close();
      microphone = null;
      change({ microphone: "lost" });
    });
    options.log("voice: microphone", opened);
    if (typeof opened === "string") return change({ microphone: opened });
    if (flags.isOver) return opened.close();
    microphone = opened;
    change({ microphone: "on" });
  };

  const wire = openVoiceWire({
    ...options,
    onMessage: take,
    onState(wireState) {
      options.log("voice: connection", wireState);
      flags.isConnected = wireState.kind === "ready";
      if (wireState.kind === "ready") ready(wireState);
      else if (wireState.kind === "reconnecting") {
        flags.isHearing = false;
        // The server holds the reply and goes on with the sentence that was being heard.
        player.stop();
        change({});
      } else if (wireState.kind === "over") {
        flags.isOver = true;
        microphone?.close();
        player.close();
        void context.close();
        if (wireState.unsent.length) options.onUnsent(wireState.unsent.join("\n\n"));
        change({ problem: wireState.reason });
      }
    },
  });
  function ready(connection: Extract<WireState, { kind: "ready" }>): void {
    const { conversationId, isResumed, deafness } = connection;
    startedId = conversationId;
    if (!isResumed) flags.isAwaiting = false;
    change({ deafness, problem: null });
    if (deafness === null && state.microphone === "off") void askForMicrophone();
  }
  void context.resume();

  return {
    state: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    level: () =>
      state.sentence === null
        ? { value: state.microphone === "on" ? peak : 0, of: "microphone" }
        : { value: player.level(), of: "reply" },
    type(text) {
      flags.isAwaiting = true;
      wire.text(text);
      change({ words: { text, isFinal: true }, problem: null });
    },
    interrupt() {
      const playing = player.playing();
      if (playing) wire.playback(playing.replyId, playing.playedMs);
      silencedReply = currentReply;
      player.stop();
      wire.interrupt();
      change({});
    },
    mute(isMuted) {
      if (!microphone) return;
      microphone.mute(isMuted);
      peak = 0;
      change({ microphone: isMuted ? "muted" : "on" });
    },
    askAgain: () => void askForMicrophone(),
    close: () => wire.close(),
  };
}

type Flags = Readonly<Record<"isConnected" | "isOver" | "isHearing" | "isAwaiting", boolean>>;

function phaseOf({ phase, sentence }: TalkState, flags: Flags): Phase {
  if (flags.isOver) return "over";
  if (!flags.isConnected) return phase === "connecting" ? phase : "reconnecting";
  if (flags.isHearing) return "hearing";
  if (sentence !== null) return "speaking";
  return flags.isAwaiting ? "thinking" : "listening";
}
