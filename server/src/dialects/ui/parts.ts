import type { Admit } from "../../core/access/admission.ts";
import type { Conversations } from "../../core/conversations.ts";
import type { Files } from "../../core/files.ts";
import type { Turns } from "../../core/turns/turn.ts";

/** The wire's name, in limits, metrics and the conversations begun through it. */
export const ORIGIN = "ui";

/** What the wire asks of the core. */
export type UiParts = {
  readonly admit: Admit;
  readonly conversations: Conversations;
  readonly turns: Turns;
  readonly files: Files;
};
