// How a response begins: what was said before it, what the model is told, and where the response is kept.

import type { Idempotency } from "../../core/conversations.ts";
import { isOfConversation } from "../../core/turns/overlay.ts";
import { createShowFiles } from "../../core/turns/prompt-files.ts";
import type { PromptMessage, Turn, TurnTarget, WatchedTurn } from "../../core/turns/turn.ts";
import type { Message } from "../../domain/message.ts";
import type { Principal } from "../../domain/principal.ts";
import type { ConversationName } from "../openai/conversation-name.ts";
import { notHere } from "../openai/errors.ts";
import { invalid } from "../openai/fields.ts";
import { conversationNamed, keptPlace } from "../openai/kept-place.ts";
import { checkOutputs, contentOf, type Draft, draftsOf } from "./drafts.ts";
import { inputMessages, keptMessages } from "./input-messages.ts";
import { type SourceTools, toolsOfSources } from "./mcp-tools.ts";
import { ORIGIN, type ResponsesParts } from "./parts.ts";
import { hasLinks, joinPrompt, promptOfDraft, promptOfMessages } from "./prompt.ts";
import { keptEcho, recordOf, storedRecord } from "./records.ts";
import { callsIn, plainItems } from "./references.ts";
import type { Asked } from "./request.ts";
import { endOf, previousNotFound, previousResponse } from "./stored.ts";

export const EVERY_ROLE = { everyRole: true } as const;

/** Where a response belongs, and what was said there. */
type Place = {
  readonly target: Exclude<TurnTarget, { kind: "latest" }>;
  readonly isHidden: boolean;
  /** Whether the response is kept there. */
  readonly isKept: boolean;
  /** What of the input is new there, where the client sent a history of its own; null: all of it. */
  readonly added: readonly Draft[] | null;
  /** As it is now, oldest first; nothing where the client sent a history of its own. */
  readonly history: readonly Message[];
  /** What was said before that is not stored. */
  readonly remembered: readonly PromptMessage[];
};

/** A response that a socket remembers, with all that was said until its end. */
export type Remembered = { readonly id: string; readonly messages: readonly PromptMessage[] };

/** A response that is ready to be begun. */
export type Ready = {
  readonly place: Place;
  readonly isKept: boolean;
  readonly drafts: readonly Draft[];
  /** The server's tools that it may use; null: none. */
  readonly sources: SourceTools | null;
  /** All that the model is told, after that history. */
  prompt(history: readonly Message[]): Promise<PromptMessage[]>;
};

/** @throws AppError invalid_request, not_found */
export async function prepareResponse(
  parts: Pick<
    ResponsesParts,
    "conversations" | "turns" | "files" | "models" | "sealingSecret" | "serverTools"
  >,
  principal: Principal,
  asked: Asked,
  remembered: Remembered | null = null,
): Promise<Ready> {
  const { conversations, models, files } = parts;
  const isRemembered = remembered !== null && remembered.id === asked.previousResponseId;
  if (isRemembered && asked.isStored) throw previousNotFound(remembered.id);
  const items = await plainItems(parts, principal, asked.input);
  const drafts = draftsOf(items);
  const place = isRemembered
    ? { ...newPlace(conversations, asked), remembered: remembered.messages }
    : await placeOf(parts, principal, asked, drafts);
  checkOutputs(items, callsIn([...place.remembered, ...place.history]));
  const sources = toolsOfSources(parts.serverTools, asked.sources);
  if (sources) checkKept(place, drafts);
  const contextTokens = models.contextTokensOf(asked.model);
  const showFiles = createShowFiles(files);
  return {
    place,
    isKept: place.isKept,
    drafts,
    sources,
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

/** The server makes the calls of a reply that it keeps, with a history that it keeps. @throws AppError invalid_request */
function checkKept({ isKept, added }: Place, drafts: readonly Draft[]): void {
  if (!isKept || added)
    throw notHere(
      "tools",
      "Tools of type mcp are used in responses that the server keeps: leave out store, and name what was said before by previous_response_id or conversation",
    );
  if (drafts.some(hasWebFiles))
    throw notHere(
      "input",
      "With tools of type mcp, images and files are accepted only as data URLs. Send their bytes",
    );
}

const hasWebFiles = (draft: Draft): boolean =>
  "pieces" in draft &&
  draft.pieces.some((piece) => piece.type === "file" && !piece.file.url.startsWith("data:"));

/** A conversation of its own, of which no client is told. */
const newPlace = (
  conversations: ResponsesParts["conversations"],
  { isStored }: Pick<Asked, "isStored">,
): Place => ({
  target: { kind: "new", conversation: conversations.draft(ORIGIN, { isHidden: true }) },
  isHidden: true,
  isKept: isStored,
  added: null,
  history: [],
  remembered: [],
});

async function placeOf(
  parts: Pick<ResponsesParts, "conversations" | "turns">,
  principal: Principal,
  asked: Asked,
  drafts: readonly Draft[],
): Promise<Place> {
  const { conversations } = parts;
  const { previousResponseId, conversation, isStored } = asked;
  if (previousResponseId !== null) {
    const turn = await previousResponse(parts, principal, previousResponseId);
    const { conversationId } = turn;
    const { isHidden } = recordOf(turn.record);
    await endOf(turn);
    if (!turn.stored && (await parts.turns.waitingFor(principal, turn.replyId)))
      throw invalid(
        "previous_response_id",
        "This response waits for approvals. Send an mcp_approval_response for each of its mcp_approval_request items first, and nothing else with them",
      );
    const isNamed = async (): Promise<boolean> =>
      conversation !== null &&
      (await conversationNamed(conversations, principal, conversation.name))?.id === conversationId;
    return {
      target: {
        kind: "existing",
        conversationId,
        place: { kind: "after", messageId: turn.replyId },
      },
      isHidden,
      isKept: isStored || (!isHidden && (await isNamed())),
      added: null,
      history: await historyTo(parts, principal, turn),
      remembered: [],
    };
  }
  if (conversation === null) return newPlace(conversations, asked);
  const { name } = conversation;
  const open = { isHidden: false, isKept: true, remembered: [] } as const;
  if (isHeldByClient(asked, conversation, drafts)) {
    const said = drafts.filter(isOfConversation);
    const sent = said.map(promptOfDraft);
    const begin = { origin: ORIGIN };
    const { target, known } = await keptPlace(conversations, principal, name, sent, begin);
    return { ...open, target, added: said.slice(known), history: [] };
  }
  const known = await conversationNamed(conversations, principal, name);
  return {
    ...open,
    target:
      known && known.alias !== name
        ? { kind: "existing", conversationId: known.id }
        : { kind: "alias", conversation: conversations.draft(ORIGIN, { alias: name }) },
    added: null,
    history: known ? await conversations.messages(principal, known.id, EVERY_ROLE) : [],
  };
}

/**
 * Whether the input is all that was said, and not only what is new: nothing is to be stored of it by itself, a front end
 * names its chat unasked, or the words of the assistant are among it. A client of `conversation` leaves that to the server.
 */
const isHeldByClient = (
  { isStored }: Asked,
  { by }: ConversationName,
  drafts: readonly Draft[],
): boolean =>
  !isStored ||
  by === "front_end" ||
  (by === "sender" && drafts.some(({ role }) => role === "assistant"));

/** What was said up to the end of that response, which has ended. */
async function historyTo(
  { conversations }: Pick<ResponsesParts, "conversations">,
  principal: Principal,
  turn: WatchedTurn,
): Promise<readonly Message[]> {
  const { conversationId, replyId, branch } = turn;
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
  { place, drafts, sources, prompt }: Ready,
  idempotency: Idempotency | null,
): Promise<Turn> {
  const { isHidden, target, added, history } = place;
  const { isBackground, sealsReasoning, instructions } = asked;
  const echo = keptEcho(asked.echo, sources !== null);
  // What else is said in the conversation meanwhile is told as well, which the core alone can know.
  const isShared =
    added === null && (target.kind === "alias" || (target.kind === "existing" && !target.place));
  const isPlain = !drafts.some(hasFiles) && !history.some(hasLinks);
  return turns.start(principal, {
    target: place.target,
    content: drafts.map(contentOf).findLast((words) => words !== "") ?? "",
    input: added
      ? await keptMessages(files, principal, added)
      : await inputMessages(files, principal, drafts),
    ...(sources || (isShared && isPlain)
      ? // A client of this wire says all that the model is told of its person.
        { instructions: instructions ?? "", refusesTruncation: !asked.mayCut }
      : { prompt: await prompt(history) }),
    ...(sources && { usesServerTools: true, canAsk: true, chosenTools: sources.chosen }),
    leavesNoFailure: !isBackground,
    record: storedRecord({
      echo,
      model: models.nameOf(asked.model),
      isHidden,
      isBackground,
      sealsReasoning,
      ...(sources && { sources: { listed: sources.listed, stages: [] } }),
    }),
    model: asked.model,
    temperature: asked.temperature,
    settings: asked.settings,
    origin: ORIGIN,
    idempotency,
  });
}
