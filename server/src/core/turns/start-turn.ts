import { branchOf } from "../../domain/branches.ts";
import { type Conversation, titleFrom } from "../../domain/conversation.ts";
import { AppError, keyOfAnother, notFound } from "../../domain/errors.ts";
import { documentOf, type Message, partsOf } from "../../domain/message.ts";
import { cutAtText } from "../../domain/parts.ts";
import type { Owner, Speaker } from "../../domain/principal.ts";
import { checkMessageText } from "../../domain/text.ts";
import type { TurnEnding } from "../../domain/turn.ts";
import type { BegunTurn, RepeatedTurn } from "../../ports/store.ts";
import { waitForEarlierReplies } from "./earlier-replies.ts";
import { createEarlyRequest, type EarlyRequest, type PreparedRequest } from "./early-request.ts";
import { endReplaced } from "./end-replaced.ts";
import { endOf, following } from "./follow.ts";
import type { LocalTurns } from "./local-turns.ts";
import { checkModel } from "./model-choice.ts";
import { type QueuePlace, takePlace } from "./queue-place.ts";
import { generate } from "./reply.ts";
import type { StartTurn, Turn, TurnParts } from "./turn.ts";
import { guessAt, type Intent, isAnswering, isForking, isReplacing } from "./turn-intent.ts";

export type StartParts = TurnParts & { readonly local: LocalTurns };

/** @throws AppError invalid_request, unavailable */
export function checkRequest({ local }: Pick<StartParts, "local">, request: StartTurn): void {
  if (!isAnswering(request)) checkMessageText(request.content, "content");
  if ((request.settings?.choices ?? 1) > 1)
    throw new AppError(
      "invalid_request",
      "A conversation has one answer to a message: leave out n, or set it to 1",
      { field: "n" },
    );
  local.checkOpen();
}

/**
 * Stores the message and starts its reply; a repeated request gets the turn that the first one began.
 * @param prepared a request to the model that was sent before
 * @throws as Turns.start
 */
export async function startTurn(
  parts: StartParts,
  owner: Speaker,
  request: StartTurn,
  intent: Intent,
  prepared: PreparedRequest | null,
): Promise<Turn> {
  checkRequest(parts, request);
  const guess = await guessAt(parts.store, owner, request.target);
  await checkModel(parts, owner, request, guess);
  await endReplaced(parts, parts.local, owner, request);
  const { stop, ids } = intent;
  const model = parts.models.nameOf(request.model ?? guess.model);
  const early = createEarlyRequest(parts, owner, {
    guess,
    prepared,
    // The model must not see the messages that are being replaced, or those of another branch.
    isAllowed: !request.idempotency && !isReplacing(request) && !isForking(request),
    send: () => intent.send(guess.stored?.id ?? null, guess, guess),
  });
  const turn = { replyId: ids.reply, conversationId: guess.id, branch: guess.branch };
  const place = takePlace(parts, turn, stop.now);
  const giveUp = () => {
    early.discard();
    stop.now("superseded");
    place.discard();
    intent.reservation.settle(null, "");
  };
  let begun: BegunTurn;
  try {
    const storing = parts.store.beginTurn(owner, {
      target: request.target,
      userMessage: {
        id: ids.user,
        content: request.content,
        ...(request.attachments && { attachments: request.attachments }),
        createdAt: parts.clock.now(),
      },
      reply: { id: ids.reply, model },
      title: titleFrom(request.content),
      ...(request.idempotency ? { idempotency: request.idempotency } : {}),
    });
    early.sendIfFirst(place.isFirst);
    begun = await storing;
  } catch (error) {
    giveUp();
    parts.pendingEndings.addBegun(owner, ids.reply, model, error);
    throw error;
  }
  if (begun.kind !== "begun") {
    giveUp();
    return repeatedTurn(parts, owner, request, begun);
  }
  const { conversation, runningBefore } = begun;
  const branch = branchOf(begun.reply.sequence);
  const isGuessed = conversation.id === guess.id && branch === guess.branch;
  early.settle(isGuessed && runningBefore === null);
  const started = { owner, origin: request.origin, intent, begun, early };
  if (isGuessed) return runTurn(parts, { ...started, place });
  place.discard();
  const other = takePlace(parts, { ...turn, conversationId: conversation.id, branch }, stop.now);
  return runTurn(parts, { ...started, place: other });
}

/** Starts the reply to a stored question. */
function runTurn(
  parts: StartParts,
  {
    owner,
    origin,
    intent: { stop, reservation, send },
    begun,
    early,
    place,
  }: {
    readonly owner: Owner;
    readonly origin: string;
    readonly intent: Intent;
    readonly begun: Extract<BegunTurn, { kind: "begun" }>;
    readonly early: EarlyRequest;
    readonly place: QueuePlace;
  },
): Turn {
  const { local } = parts;
  const { conversation, userMessage, reply, runningBefore } = begun;
  const observation = parts.observer.begin({
    replyId: reply.id,
    conversationId: conversation.id,
    origin,
    model: reply.model ?? "",
  });
  const earlier =
    runningBefore === null
      ? early.current && early.verify(userMessage)
      : waitForEarlierReplies(parts, owner, reply, runningBefore, local.endingOf, stop);
  const ending = generate(parts, {
    owner,
    reply,
    earlier,
    place,
    observation,
    stop,
    reservation,
    request: () =>
      early.current ??
      send(conversation.id, conversation, {
        branch: branchOf(userMessage.sequence),
        before: userMessage.sequence,
      }),
  });
  local.add(reply.id, { conversationId: conversation.id, ending, interrupt: stop.now });
  return turnOf(parts, owner, conversation, userMessage, reply, ending);
}

/** The turn that the first of several equal requests began. @throws AppError not_found, conflict */
export function repeatedTurn(
  parts: StartParts,
  owner: Owner,
  request: StartTurn,
  found: RepeatedTurn,
): Turn {
  if (found.kind === "not_found")
    throw notFound(isReplacing(request) || isForking(request) ? "message" : "conversation");
  if (found.kind === "conflict") throw keyOfAnother();
  const { conversation, userMessage, reply } = found;
  const ending = endOf(parts, owner, reply);
  return turnOf(parts, owner, conversation, userMessage, reply, ending);
}

const turnOf = (
  parts: StartParts,
  owner: Owner,
  conversation: Conversation,
  userMessage: Message,
  { id: replyId, sequence }: Message,
  ending: Promise<TurnEnding>,
): Turn => ({
  conversation,
  userMessage,
  replyId,
  branch: branchOf(sequence),
  ...following(parts, owner, { id: replyId, status: "streaming" }),
  ending,
  async cut(heardCharacters) {
    parts.local.interrupt(replyId, "heard");
    const { reply } = await ending;
    if (heardCharacters < reply.content.length)
      await parts.store.truncateReply(
        owner,
        replyId,
        documentOf(cutAtText(partsOf(reply), heardCharacters)),
      );
  },
});
