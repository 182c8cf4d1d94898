import type { DecideAccess } from "../../core/access/access.ts";
import type { Admit } from "../../core/access/admission.ts";
import type { Conversations } from "../../core/conversations.ts";
import type { Turns } from "../../core/turns/turn.ts";

/** The wire's name, in limits, metrics and the conversations begun through it. */
export const ORIGIN = "chat";

/** What the wire asks of the core. */
export type ChatParts = {
  readonly admit: Admit;
  readonly conversations: Conversations;
  readonly turns: Turns;
  /** After that time without a message, one that names no conversation begins a new one. */
  readonly chatIdleMs: number;
  readonly now: () => Date;
};

/** What the wire's WebSocket asks of the core. */
export type ChatSocketParts = ChatParts & {
  readonly decide: DecideAccess;
};
