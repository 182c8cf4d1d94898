import type { Conversation } from "../../domain/conversation.ts";
import { notFound } from "../../domain/errors.ts";
import type { Message } from "../../domain/message.ts";
import type { Owner, Speaker } from "../../domain/principal.ts";
import type { ConversationStore, TurnTarget } from "../../ports/store.ts";
import type { ReadPrompt, Reservation } from "../access/budgets.ts";
import { type OpenRequest, readPrompt, requestReply } from "./model-request.ts";
import { createStop, type Stop } from "./stop.ts";
import type { StartTurn, TurnParts } from "./turn.ts";

/** A conversation as it was read before the transaction that stores the message, which decides. */
export type Guess = {
  readonly id: string;
  readonly stored: Conversation | null;
} & Chosen;

/** The agent and the model that a conversation names; null leaves the choice to the agent, or to the server. */
export type Chosen = Pick<Conversation, "agentId" | "model">;

const chosenIn = ({ agentId, model }: Chosen): Chosen => ({ agentId, model });

/** What one turn is begun with: its ids, its way to be stopped, its question. */
export type Intent = {
  readonly stop: Stop;
  readonly ids: { readonly user: string; readonly reply: string };
  readonly reservation: Reservation;
  /**
   * Sends the request to the model.
   * @param conversationId null: one that does not exist yet
   * @param question as it was stored, where it is: what the model is told ends before it
   */
  readonly send: (
    conversationId: string | null,
    chosen: Chosen,
    question: Message | null,
  ) => OpenRequest;
};

/** What a turn of that request is begun with. Nothing is sent yet. */
export function intend(
  parts: TurnParts,
  owner: Speaker,
  { content, attachments = [], model, temperature, settings = {} }: StartTurn,
  reservation: Reservation,
): Intent {
  const stop = createStop();
  const ids = { user: parts.newId(), reply: parts.newId() };
  const { user: userMessageId } = ids;
  const question = {
    owner,
    userMessageId,
    content,
    attachments,
    temperature,
    settings,
    reservation,
  };
  return {
    stop,
    ids,
    reservation,
    send: (conversationId, chosen, stored) =>
      requestReply(
        parts,
        {
          ...question,
          conversationId,
          stored,
          agentId: chosen.agentId,
          model: model ?? chosen.model,
        },
        stop,
      ),
  };
}

export const isReplacing = ({ target }: StartTurn): boolean =>
  target.kind === "existing" && target.replaceFrom !== undefined;

/** Nothing was said or changed in the conversation since. */
export const isSame = (before: Guess, now: Guess): boolean =>
  before.id === now.id &&
  before.agentId === now.agentId &&
  before.model === now.model &&
  before.stored?.updatedAt.getTime() === now.stored?.updatedAt.getTime();

/**
 * Reads the conversation that the turn will probably go to; the transaction that stores the message decides.
 * @throws AppError not_found
 */
export async function guessAt(
  store: Pick<
    ConversationStore,
    "getConversation" | "findConversationByAlias" | "latestConversation"
  >,
  owner: Owner,
  target: TurnTarget,
): Promise<Guess> {
  if (target.kind === "new")
    return { id: target.conversation.id, stored: null, ...chosenIn(target.conversation) };
  if (target.kind === "existing") {
    const stored = await store.getConversation(owner, target.conversationId);
    if (!stored) throw notFound("conversation");
    return { id: stored.id, stored, ...chosenIn(stored) };
  }
  const { alias, origin } = target.conversation;
  const found =
    target.kind === "alias"
      ? await store.findConversationByAlias(owner, alias ?? "")
      : await store.latestConversation(owner, origin);
  const stored =
    found && (target.kind === "alias" || found.updatedAt > target.usedAfter) ? found : null;
  return {
    id: stored?.id ?? target.conversation.id,
    stored,
    ...chosenIn(stored ?? target.conversation),
  };
}

/** The prompt according to that guess. Messages that are to be replaced count as well, so the estimate is never too small. */
export function promptOf(
  parts: TurnParts,
  owner: Speaker,
  { content, attachments = [], model, temperature, settings = {} }: StartTurn,
  guess: Guess,
): Promise<ReadPrompt> {
  return readPrompt(parts, {
    owner,
    userMessageId: "",
    conversationId: guess.stored?.id ?? null,
    agentId: guess.agentId,
    content,
    attachments,
    model: model ?? guess.model,
    temperature,
    settings,
    stored: null,
  });
}
