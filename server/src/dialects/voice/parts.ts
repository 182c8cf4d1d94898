import type { DecideAccess } from "../../core/access/access.ts";
import type { Admit } from "../../core/access/admission.ts";
import type { Limits } from "../../core/access/limits.ts";
import type { CheckHealth } from "../../core/health.ts";
import type { VoiceSessions } from "../../core/voice/sessions.ts";
import type { AppError } from "../../domain/errors.ts";

/** The wire's name, in limits and metrics. */
export const ORIGIN = "voice";

/** What is said and typed on all voice sockets of a user has a limit of its own. */
export const TURNS_LIMIT = "voice-turns";

/** What the wire's WebSocket asks of the core. */
export type VoiceSocketParts = {
  readonly decide: DecideAccess;
  readonly admit: Admit;
  readonly sessions: VoiceSessions;
  readonly now: () => Date;
  /** SAMPLE_RATE: of bare PCM. */
  readonly sampleRateHz: number;
  /** Told of errors that are the server's own fault. @param place where they were */
  readonly onInternalError: (error: AppError, place: string, requestId: string | null) => void;
};

/** What the wire asks of the core. */
export type VoiceParts = VoiceSocketParts & {
  readonly checkHealth: CheckHealth;
  readonly limits: Limits;
  readonly version: string;
  readonly countSockets: () => number;
  /** The names of the speech engines. */
  readonly engines: { readonly hears: string | null; readonly speaks: string | null };
  /** Where a browser is sent from `/`: relative to it, since a proxy may have put a path before it. */
  readonly homePath: string;
};
