import type { Speaker } from "../../domain/principal.ts";
import type { AgentStore } from "../../ports/agent-store.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Synthesizer, Transcriber, VoiceActivityDetector } from "../../ports/speech.ts";
import type { TurnStore, TurnTarget } from "../../ports/store.ts";
import type { Turns } from "../turns/turn.ts";
import type { Capabilities, OnOutput } from "./outputs.ts";

/** One spoken conversation of one client. */
export type VoiceSession = {
  readonly conversationId: string;
  /** 16 kHz mono. Ignored without a recogniser. @throws AppError too_large */
  push(samples: Int16Array): void;
  /** @throws AppError invalid_request */
  typed(text: string): void;
  interrupt(): void;
  /** The client has played so much of that reply. */
  playback(replyId: string, playedMs: number): void;
  /** The connection dropped: further outputs wait, and so does the reply. */
  lose(): void;
  regain(onOutput: OnOutput): void;
  /** Ends the session. Typed messages are still answered, and the answers stored. */
  end(): void;
};

/** The engines that are installed. */
export type Speech = {
  readonly detector: VoiceActivityDetector;
  readonly transcriber: Transcriber | null;
  readonly synthesizer: Synthesizer | null;
};

export type SessionParts = {
  readonly turns: Turns;
  readonly store: Pick<AgentStore, "getAgent"> & Pick<TurnStore, "replySteps">;
  readonly speech: Speech;
  readonly clock: Clock;
};

export type SessionOptions = {
  readonly owner: Speaker;
  /** Where its first turn goes; the others follow. */
  readonly target: TurnTarget;
  readonly conversationId: string;
  /** The engines that speech needs are ready. */
  readonly canHear: boolean;
  /** The wire's name. */
  readonly origin: string;
  /** Asked before each turn. @throws AppError rate_limited */
  readonly admitTurn: () => Promise<void>;
  readonly capabilities: Capabilities;
  /** Of the person, as a tag such as `de-AT`; null: not known. */
  readonly language: string | null;
};
