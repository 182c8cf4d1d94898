import type { Admit } from "../../core/access/admission.ts";
import type { Limits } from "../../core/access/limits.ts";
import type { Conversations } from "../../core/conversations.ts";

/** The wire's name, in limits, metrics and the conversations begun through it. */
export const ORIGIN = "conversations";

/** What the wire asks of the core. */
export type ConversationsParts = {
  readonly admit: Admit;
  readonly limits: Pick<Limits, "takeForUser">;
  readonly conversations: Conversations;
};
