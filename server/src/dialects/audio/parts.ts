import type { Admit } from "../../core/access/admission.ts";
import type { Speech } from "../../core/voice/parts.ts";

/** The wire's name, in limits and metrics. */
export const ORIGIN = "audio";

/** What the wire asks of the core. */
export type AudioParts = {
  readonly admit: Admit;
  readonly speech: Speech;
};
