import { TRUNK } from "../../domain/branches.ts";
import type { Conversation } from "../../domain/conversation.ts";
import { notFound } from "../../domain/errors.ts";
import type { Owner, Speaker } from "../../domain/principal.ts";
import type { ConversationStore, MessageStore, TurnPlace, TurnTarget } from "../../ports/store.ts";
import type { ReadPrompt, Reservation } from "../access/budgets.ts";
import { type OpenRequest, type Question, readPrompt, requestReply } from "./model-request.ts";
import { createStop, type Stop } from "./stop.ts";
import type { TurnParts } from "./turn.ts";
import type { SettledTurn } from "./turn-input.ts";

/** A conversation as it was read before the transaction that stores the message, which decides. */
export type Guess = {
  readonly id: string;
  readonly stored: Conversation | null;
  /** The branch that the turn goes to. */
  readonly branch: number;
  /** The sequence before which the model is told what was said; null: everything on the branch's path. */
  readonly before: number | null;
} & Chosen;

/**
 * The agent and the model that a conversation names (null leaves the choice to the agent, or to the server), the
 * project that it is in, and whether it is temporary.
 */
export type Chosen = Pick<Conversation, "agentId" | "model" | "projectId" | "expiresAt">;

const chosenIn = ({ agentId, model, projectId, expiresAt }: Chosen): Chosen => ({
  ...{ agentId, model },
  ...(projectId !== undefined && { projectId }),
  ...(expiresAt && { expiresAt }),
});

/**
 * Whether a model may remember in that conversation, and is told what is remembered: not in a temporary one, and not where
 * a program says what the model is told or writes the message.
 */
export const mayRemember = (
  { instructions, isUntrusted = false }: Pick<SettledTurn, "instructions" | "isUntrusted">,
  { expiresAt }: Pick<Chosen, "expiresAt">,
): boolean => instructions === undefined && expiresAt === undefined && !isUntrusted;

/** What one turn is begun with: its ids, its way to be stopped, its question. */
export type Intent = {
  readonly stop: Stop;
  readonly ids: { readonly reply: string };
  readonly reservation: Reservation;
  /**
   * Sends the request to the model.
   * @param conversationId null: one that does not exist yet
   * @param known what the model is told: the path of that branch, or what is before that sequence on its own
   */
  readonly send: (
    conversationId: string | null,
    chosen: Chosen,
    known: { readonly branch: number; readonly before: number | null },
  ) => OpenRequest;
};

/** What a turn of that request is begun with. Nothing is sent yet. */
export function intend(
  parts: TurnParts,
  owner: Speaker,
  request: SettledTurn,
  reservation: Reservation,
): Intent {
  const stop = createStop();
  const ids = { reply: parts.newId() };
  const { model } = request;
  const question = { owner, ...questionOf(request), reservation };
  return {
    stop,
    ids,
    reservation,
    send: (conversationId, chosen, { branch, before }) =>
      requestReply(
        parts,
        {
          ...question,
          conversationId,
          branch,
          before,
          agentId: chosen.agentId,
          projectId: chosen.projectId ?? null,
          mayRemember: mayRemember(request, chosen),
          model: model ?? chosen.model,
        },
        stop,
      ),
  };
}

/** The messages that the model is to answer. */
export const inputOfQuestion = ({
  input,
  content,
  attachments = [],
}: SettledTurn): Question["input"] => input ?? [{ role: "user", content, attachments }];

/** What a model is asked by that request. */
const questionOf = (request: SettledTurn) => ({
  firstMessageId: request.input?.[0]?.id ?? request.mainId,
  input: inputOfQuestion(request),
  temperature: request.temperature,
  settings: request.settings ?? {},
  serverTools: request.serverTools ?? null,
  prompt: request.prompt,
  instructions: request.instructions ?? null,
  refusesTruncation: request.refusesTruncation ?? false,
});

/** Nothing was said or changed in the conversation since. */
export const isSame = (before: Guess, now: Guess): boolean =>
  before.id === now.id &&
  before.branch === now.branch &&
  before.agentId === now.agentId &&
  before.model === now.model &&
  before.projectId === now.projectId &&
  before.stored?.updatedAt.getTime() === now.stored?.updatedAt.getTime();

/**
 * Reads the conversation that the turn will probably go to; the transaction that stores the message decides.
 * @throws AppError not_found
 */
export async function guessAt(
  store: Pick<
    ConversationStore,
    "getConversation" | "findConversationByAlias" | "latestConversation"
  > &
    Pick<MessageStore, "getMessage">,
  owner: Owner,
  target: TurnTarget,
): Promise<Guess> {
  if (target.kind === "new")
    return {
      id: target.conversation.id,
      stored: null,
      ...AT_TRUNK,
      ...chosenIn(target.conversation),
    };
  if (target.kind === "existing") {
    const stored = await store.getConversation(owner, target.conversationId);
    if (!stored) throw notFound("conversation");
    const spot = await spotIn(store, owner, stored, target.place);
    return { id: stored.id, stored, ...spot, ...chosenIn(stored) };
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
    ...AT_TRUNK,
    ...(stored && { branch: stored.activeBranch }),
    ...chosenIn(stored ?? target.conversation),
  };
}

const AT_TRUNK = { branch: TRUNK, before: null } as const;

/** @throws AppError not_found */
async function spotIn(
  store: Pick<MessageStore, "getMessage">,
  owner: Owner,
  { id, activeBranch, nextBranch }: Conversation,
  place: TurnPlace | undefined,
): Promise<Pick<Guess, "branch" | "before">> {
  if (!place) return { branch: activeBranch, before: null };
  if (place.kind === "branch") return { branch: place.branch, before: null };
  const messageId = place.kind === "after" ? place.messageId : place.questionId;
  const message = await store.getMessage(owner, messageId);
  if (message?.conversationId !== id) throw notFound("message");
  const before = place.kind === "after" ? message.sequence + 1 : message.sequence;
  return { branch: nextBranch, before };
}

/** The prompt according to that guess. Messages that are to be replaced count as well, so the estimate is never too small. */
export function promptOf(
  parts: TurnParts,
  owner: Speaker,
  request: SettledTurn,
  guess: Guess,
): Promise<ReadPrompt> {
  return readPrompt(parts, {
    owner,
    ...questionOf(request),
    conversationId: guess.stored?.id ?? null,
    agentId: guess.agentId,
    projectId: guess.projectId ?? null,
    mayRemember: mayRemember(request, guess),
    model: request.model ?? guess.model,
    branch: guess.branch,
    before: guess.before,
  });
}
