import type { Admit } from "../../core/access/admission.ts";
import type { Conversations } from "../../core/conversations.ts";
import type { Turns } from "../../core/turns/turn.ts";

/** The wire's name, in limits, metrics and the conversations begun through it. */
export const ORIGIN = "dialogix";

/** What the wire asks of the core. */
export type DialogixParts = {
  readonly admit: Admit;
  readonly conversations: Conversations;
  readonly turns: Turns;
  /** Whether the store answers; never rejects. */
  readonly isStoreUp: () => Promise<boolean>;
  readonly version: string;
  readonly now: () => Date;
};
