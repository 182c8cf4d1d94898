import type { AppError } from "../../domain/errors.ts";
import type { UnusualEnding } from "../../domain/finish-reason.ts";

/** What a voice session tells its client. */
export type VoiceOutput =
  | {
      readonly type: "transcript";
      readonly text: string;
      /** The words are complete, and the reply comes next. */
      readonly isFinal: boolean;
    }
  | { readonly type: "speech_started" }
  | { readonly type: "speech_stopped" }
  /** A sentence of a reply, for clients that take them one by one. */
  | {
      readonly type: "segment";
      readonly replyId: string;
      readonly sequence: number;
      readonly text: string;
      /** 16 kHz mono; empty when it cannot be spoken. */
      readonly sound: Int16Array;
      readonly isLast: boolean;
      /** It is no part of the reply, but says that the reply waits for a decision. */
      readonly isNotice: boolean;
      /** How the reply ended, with the last one; empty where it is simply whole. */
      readonly ending: UnusualEnding;
    }
  /** A whole reply, for the others. */
  | {
      readonly type: "reply";
      readonly text: string;
      readonly sound: Int16Array;
      readonly ending: UnusualEnding;
    }
  /** Play no more of this reply. */
  | {
      readonly type: "interrupted";
      readonly replyId: string;
      readonly spokenText: string;
      readonly playedMs: number;
    }
  | { readonly type: "metrics"; readonly metrics: TurnMetrics }
  | {
      readonly type: "error";
      /** The place of the problem: the incoming sound, the outgoing sound, or the model. */
      readonly stage: "hearing" | "speaking" | "answering";
      readonly error: AppError;
    };

/** Milliseconds from the end of speech (or from typed text) to each stage of its turn; null: did not happen. */
export type TurnMetrics = {
  readonly replyId: string;
  readonly transcriptMs: number | null;
  /** The turn was over. */
  readonly endpointMs: number | null;
  readonly firstTokenMs: number | null;
  readonly firstSentenceMs: number | null;
  readonly firstAudioMs: number | null;
  /** All of the reply was out. */
  readonly totalMs: number;
};

/** What a client asked for beyond the plain conversation. */
export type Capabilities = {
  readonly segments: boolean;
  readonly vad: boolean;
  readonly interrupt: boolean;
  readonly metrics: boolean;
  /** The client has a screen on which its user decides about calls of tools. It needs `segments` and `interrupt`. */
  readonly questions: boolean;
};

export type OnOutput = (output: VoiceOutput) => void;
