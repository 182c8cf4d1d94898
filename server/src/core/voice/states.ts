/*
 * The types of turn-taking: the states of a spoken conversation, its events and their effects. All times
 * are milliseconds of one clock; durations are of sound.
 */

/** The capabilities of the engines and the client of this session. */
export type Setup = {
  /** Words come while the person still speaks. */
  readonly hasPartials: boolean;
  /** The client can be told to stop playing. */
  readonly canSilence: boolean;
  /** Somebody else answers the turns, and it keeps listening after each. */
  readonly isListenerOnly?: boolean;
  /** The silence that ends a turn, whatever its words; null, as by default: they decide. */
  readonly endsAfterMs?: number | null;
  /** By which the silence is longer that the words ask for; default: 1. */
  readonly patience?: number;
  /** The probability of speech in a frame that begins it; default: SPEECH_PROBABILITY. */
  readonly threshold?: number;
};

/** Sound that may become speech. */
export type Onset = { readonly voicedMs: number; readonly silentMs: number };

/** The state of hearing one turn of the person. */
export type Hearing = {
  /** The words so far. */
  readonly text: string;
  readonly voicedMs: number;
  /** Since the last voiced frame. */
  readonly silentMs: number;
  /** Voiced again after the recogniser was asked to finish, not long enough yet to count. */
  readonly voicedAgainMs: number;
  /** From the first frame on, pauses included. */
  readonly durationMs: number;
  readonly lastVoicedAtMs: number;
  /** The loudest frame. */
  readonly loudestDbfs: number;
  /** The recogniser takes sound, was told that there is no more, or has said its last word. */
  readonly stage: "open" | "finishing" | "final";
  /** The words that the model was asked with before it is sure that they are all. */
  readonly askedText: string | null;
};

/** A reply that is being spoken, or will be. */
export type Sounding = {
  /** When all the sound that is out will have been played; null while that cannot be said. */
  readonly quietAtMs: number | null;
  /** Nothing more of this reply is to come. */
  readonly isAllSent: boolean;
};

export type Phase =
  /** No conversation is on. */
  | { readonly name: "idle" }
  | { readonly name: "listening"; readonly onset: Onset }
  | { readonly name: "speech"; readonly hearing: Hearing }
  /** Silence that may be the end of the turn. */
  | { readonly name: "maybe_end"; readonly hearing: Hearing }
  /** The turn is stored, and nothing of its reply is out. */
  | { readonly name: "thinking"; readonly onset: Onset }
  | { readonly name: "speaking"; readonly onset: Onset; readonly sounding: Sounding }
  /** Somebody speaks over the reply: it waits until it is clear whether that was meant for it. */
  | {
      readonly name: "pausing";
      readonly hearing: Hearing;
      /** The reply that waits; null when nothing of it was out. */
      readonly sounding: Sounding | null;
      readonly sinceMs: number;
      /** False once the reply continues although the recogniser has not finished. */
      readonly isHeld: boolean;
    };

export type PhaseName = Phase["name"];
export type PhaseOf<Name extends PhaseName> = Extract<Phase, { name: Name }>;

export type State = {
  readonly setup: Setup;
  /** Typed messages that wait for the reply before them. */
  readonly typed: readonly string[];
  /** Sound up to this level came back from the loudspeaker, or was no speech. */
  readonly echoDbfs: number;
  /** How long this person pauses without being done. */
  readonly pauseMs: number;
  /** When the last spoken turn was over, by its last voiced frame. */
  readonly turnEndedAtMs: number | null;
  readonly phase: Phase;
};

export type VoiceEvent =
  | { readonly type: "start"; readonly setup: Setup; readonly atMs: number }
  /** One frame of sound, or its absence where sound was due. */
  | {
      readonly type: "frame";
      /** Of speech, 0 to 1. */
      readonly probability: number;
      readonly dbfs: number;
      readonly durationMs: number;
      readonly atMs: number;
    }
  /** The words of the whole turn so far. */
  | {
      readonly type: "transcript";
      readonly text: string;
      readonly isFinal: boolean;
      /** The words are the reply's own, picked up from the loudspeaker. */
      readonly isEcho: boolean;
      readonly atMs: number;
    }
  | { readonly type: "transcript_failed"; readonly atMs: number }
  | { readonly type: "typed"; readonly text: string; readonly atMs: number }
  /** Something of the reply went out, or (with `isLast`) all of it has. */
  | {
      readonly type: "sound_sent";
      readonly quietAtMs: number;
      readonly isLast: boolean;
      readonly atMs: number;
    }
  /** The client says how far it has played. */
  | { readonly type: "playback"; readonly quietAtMs: number; readonly atMs: number }
  /** The client asks for silence. */
  | { readonly type: "interrupt"; readonly atMs: number }
  | { readonly type: "tick"; readonly atMs: number }
  /** The connection dropped, and came back. */
  | { readonly type: "lost"; readonly atMs: number }
  | { readonly type: "regained"; readonly atMs: number }
  | { readonly type: "end"; readonly atMs: number };

export type Effect =
  /** Begin an utterance, with the sound just before. */
  | { readonly type: "hear" }
  /** No more sound for this utterance: have it recognised. */
  | { readonly type: "finish_hearing" }
  /** The person continues: another utterance of the same turn, with the sound just before it. */
  | { readonly type: "hear_on" }
  | { readonly type: "drop_hearing" }
  | { readonly type: "speech_started" }
  | { readonly type: "speech_stopped" }
  | { readonly type: "show"; readonly text: string; readonly isFinal: boolean }
  /** Ask the model for what will probably be the message. */
  | { readonly type: "prepare"; readonly text: string }
  | { readonly type: "discard" }
  /** The turn goes to the model. `speechEndedAtMs`: null for typed text. */
  | { readonly type: "answer"; readonly text: string; readonly speechEndedAtMs: number | null }
  | { readonly type: "refuse_typed" }
  /** Hold the reply and have the client play no more of it. */
  | { readonly type: "silence" }
  /** Go on with the held reply. */
  | { readonly type: "go_on" }
  /** The reply is over, and only the part that was heard is kept. */
  | { readonly type: "cut" }
  /** The reply was heard to its end. */
  | { readonly type: "heard_out" };

export type Step = { readonly state: State; readonly effects: readonly Effect[] };
