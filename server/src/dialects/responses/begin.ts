// How a response begins: what was said before it, what the model is told, and where the response is kept.

import type { Idempotency } from "../../core/conversations.ts";
import { createShowFiles } from "../../core/turns/prompt-files.ts";
import type { PromptMessage, Turn, TurnTarget, WatchedTurn } from "../../core/turns/turn.ts";
import { notFound } from "../../domain/errors.ts";
import type { Message } from "../../domain/message.ts";
import type { Principal } from "../../domain/principal.ts";
import { uuidIn } from "../openai/ids.ts";
import { checkOutputs, contentOf, type Draft, draftsOf } from "./drafts.ts";
import { inputMessages } from "./input-messages.ts";
import { ORIGIN, type ResponsesParts } from "./parts.ts";
import { hasLinks, joinPrompt, promptOfDraft, promptOfMessages } from "./prompt.ts";
import { callsIn, plainItems } from "./references.ts";
import type { Asked } from "./request.ts";
import {
  endOf,
  keptEcho,
  previousNotFound,
  previousResponse,
  recordOf,
  storedRecord,
} from "./stored.ts";

export const EVERY_ROLE = { everyRole: true } as const;

/** Where a response belongs, and what was said there. */
type Place = {
  readonly target: Exclude<TurnTarget, { kind: "latest" }>;
  readonly isHidden: boolean;
  /** As it is now, oldest first. */
  readonly history: readonly Message[];
  /** What was said before that is not stored. */
  readonly remembered: readonly PromptMessage[];
};

/** A response that a socket remembers, with all that was said until its end. */
export type Remembered = { readonly id: string; readonly messages: readonly PromptMessage[] };

/** A response that is ready to be begun. */
export type Ready = {
  readonly place: Place;
  readonly drafts: readonly Draft[];
  /** All that the model is told, after that history. */
  prompt(history: readonly Message[]): Promise<PromptMessage[]>;
};

/** @throws AppError invalid_request, not_found */
export async function prepareResponse(
  parts: Pick<ResponsesParts, "conversations" | "turns" | "files" | "models">,
  principal: Principal,
  asked: Asked,
  remembered: Remembered | null = null,
): Promise<Ready> {
  const { conversations, models, files } = parts;
  const isRemembered = remembered !== null && remembered.id === asked.previousResponseId;
  if (isRemembered && asked.isStored) throw previousNotFound(remembered.id);
  const place = isRemembered
    ? { ...newPlace(conversations), remembered: remembered.messages }
    : await placeOf(parts, principal, asked);
  const items = await plainItems(conversations, principal, asked.input);
  checkOutputs(items, callsIn([...place.remembered, ...place.history]));
  const drafts = draftsOf(items);
  const contextTokens = models.contextTokensOf(asked.model);
  const showFiles = createShowFiles(files);
  return {
    place,
    drafts,
    prompt: async (history) =>
      joinPrompt(
        asked.instructions,
        [
          ...place.remembered,
          ...(await promptOfMessages(showFiles, principal, history, contextTokens)),
        ],
        drafts.map(promptOfDraft),
        asked.mayCut ? contextTokens : null,
      ),
  };
}

/** A conversation of its own, of which no client is told. */
const newPlace = (conversations: ResponsesParts["conversations"]): Place => ({
  target: { kind: "new", conversation: conversations.draft(ORIGIN, { isHidden: true }) },
  isHidden: true,
  history: [],
  remembered: [],
});

async function placeOf(
  parts: Pick<ResponsesParts, "conversations" | "turns">,
  principal: Principal,
  { previousResponseId, conversation }: Asked,
): Promise<Place> {
  const { conversations } = parts;
  if (previousResponseId !== null) {
    const turn = await previousResponse(parts, principal, previousResponseId);
    const { conversationId } = turn;
    return {
      target: {
        kind: "existing",
        conversationId,
        place: { kind: "after", messageId: turn.replyId },
      },
      isHidden: recordOf(turn.record).isHidden,
      history: await historyTo(parts, principal, turn),
      remembered: [],
    };
  }
  if (conversation === null) return newPlace(conversations);
  if (conversation.startsWith("conv_")) {
    const conversationId = uuidIn("conv_", conversation);
    if (conversationId === null) throw notFound("conversation");
    const history = await conversations.messages(principal, conversationId, EVERY_ROLE);
    const target = { kind: "existing", conversationId } as const;
    return { target, isHidden: false, history, remembered: [] };
  }
  const known = await conversations.findByAlias(principal, conversation);
  const draft = conversations.draft(ORIGIN, { alias: conversation });
  return {
    target: { kind: "alias", conversation: draft },
    isHidden: false,
    history: known ? await conversations.messages(principal, known.id, EVERY_ROLE) : [],
    remembered: [],
  };
}

/** What was said up to the end of that response. */
async function historyTo(
  { conversations }: Pick<ResponsesParts, "conversations">,
  principal: Principal,
  turn: WatchedTurn,
): Promise<readonly Message[]> {
  const { conversationId, replyId, branch } = turn;
  await endOf(turn);
  const page = { ...EVERY_ROLE, branch };
  const messages = await conversations.messages(principal, conversationId, page);
  const last = messages.findLastIndex(({ id }) => id === replyId);
  return messages.slice(0, last + 1);
}

const hasFiles = (draft: Draft): boolean =>
  "pieces" in draft && draft.pieces.some(({ type }) => type === "file");

/** Stores the input and starts the reply. @throws AppError as Turns.start */
export async function startStored(
  { turns, files, models }: Pick<ResponsesParts, "turns" | "files" | "models">,
  principal: Principal,
  asked: Asked,
  { place, drafts, prompt }: Ready,
  idempotency: Idempotency | null,
): Promise<Turn> {
  const { isHidden, target, history } = place;
  const { isBackground, sealsReasoning, instructions } = asked;
  const echo = keptEcho(asked.echo);
  // What else is said in the conversation meanwhile is told as well, which the core alone can know.
  const isShared = target.kind === "alias" || (target.kind === "existing" && !target.place);
  const isPlain = !drafts.some(hasFiles) && !history.some(hasLinks);
  return turns.start(principal, {
    target: place.target,
    content: drafts.map(contentOf).findLast((words) => words !== "") ?? "",
    input: await inputMessages(files, principal, drafts),
    ...(isShared && isPlain
      ? { ...(instructions && { instructions }), refusesTruncation: !asked.mayCut }
      : { prompt: await prompt(history) }),
    leavesNoFailure: !isBackground,
    record: storedRecord({
      echo,
      model: models.nameOf(asked.model),
      isHidden,
      isBackground,
      sealsReasoning,
    }),
    model: asked.model,
    temperature: asked.temperature,
    settings: asked.settings,
    origin: ORIGIN,
    idempotency,
  });
}
