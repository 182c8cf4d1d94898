import type { Conversation } from "../domain/conversation.ts";
import type { Reservation } from "./budgets.ts";
import type { Asking, createStop } from "./reply.ts";
import type { StartTurn } from "./turn.ts";

/** What a conversation looks like before the transaction that stores the message has the last word. */
export type Guess = {
  readonly id: string;
  readonly stored: Conversation | null;
  readonly agentId: string | null;
};

/** What one turn is begun with: its ids, its way to be stopped, its question. */
export type Intent = {
  readonly stop: ReturnType<typeof createStop>;
  readonly ids: { readonly user: string; readonly reply: string };
  readonly reservation: Reservation;
  readonly asking: (conversationId: string | null, agentId: string | null) => Asking;
};

export type EarlyAsking = { readonly about: Guess; readonly asking: Asking };

export const isReplacing = ({ target }: StartTurn): boolean =>
  target.kind === "existing" && target.replaceFrom !== undefined;

/** Nothing was said or changed in the conversation since. */
export const isSame = (before: Guess, now: Guess): boolean =>
  before.id === now.id &&
  before.agentId === now.agentId &&
  before.stored?.updatedAt.getTime() === now.stored?.updatedAt.getTime();
