import { branchOf } from "../../domain/branches.ts";
import { titleFrom } from "../../domain/conversation.ts";
import { keyOfAnother, notFound } from "../../domain/errors.ts";
import { documentOf, type Message, partsOf } from "../../domain/message.ts";
import { cutAtText } from "../../domain/parts.ts";
import type { Owner, Speaker } from "../../domain/principal.ts";
import type { TurnEnding } from "../../domain/turn.ts";
import type { BegunTurn, RepeatedTurn } from "../../ports/store.ts";
import { waitForEarlierReplies } from "./earlier-replies.ts";
import { createEarlyRequest, type EarlyRequest, type PreparedRequest } from "./early-request.ts";
import { endReplaced } from "./end-replaced.ts";
import { endOf, endOfWatched, watching } from "./follow.ts";
import { checkModel } from "./model-choice.ts";
import { type QueuePlace, takePlace } from "./queue-place.ts";
import { generate } from "./reply.ts";
import { stopReply } from "./running-replies.ts";
import type { StartParts } from "./start-parts.ts";
import { stepsOf } from "./steps-of-reply.ts";
import type { Turn } from "./turn.ts";
import { checkAsked, newInput, recordOf, type SettledTurn } from "./turn-input.ts";
import { guessAt, type Intent, inputOfQuestion, mayRemember } from "./turn-intent.ts";
import { isForking, isReplacing } from "./turn-place.ts";

/** @throws AppError invalid_request, unavailable */
export function checkRequest({ local }: Pick<StartParts, "local">, request: SettledTurn): void {
  checkAsked(request);
  local.checkOpen();
}

/**
 * Stores the message and starts its reply; a repeated request gets the turn that the first one began.
 * @param request which was checked
 * @param prepared a request to the model that was sent before
 * @throws as Turns.start
 */
export async function startTurn(
  parts: StartParts,
  owner: Speaker,
  request: SettledTurn,
  intent: Intent,
  prepared: PreparedRequest | null,
): Promise<Turn> {
  parts.local.checkOpen();
  const guess = await guessAt(parts.store, owner, request.target);
  await checkModel(parts, owner, request, guess);
  await endReplaced(parts, owner, request);
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
    return intent.reservation.settle(null, "");
  };
  let begun: BegunTurn;
  const createdAt = parts.clock.now();
  const input = newInput(request, createdAt);
  const record = recordOf(request);
  try {
    const storing = parts.store.beginTurn(owner, {
      target: request.target,
      userMessage: {
        id: request.mainId,
        content: request.content,
        ...(request.attachments && { attachments: request.attachments }),
        createdAt,
      },
      ...(input && { input }),
      ...(record && { turn: record }),
      reply: { id: ids.reply, model },
      title: titleFrom(request.content),
      ...(request.idempotency ? { idempotency: request.idempotency } : {}),
    });
    early.sendIfFirst(place.isFirst);
    begun = await storing;
  } catch (error) {
    void giveUp();
    parts.pendingEndings.addBegun(owner, ids.reply, model, error);
    throw error;
  }
  if (begun.kind !== "begun") {
    await giveUp();
    return repeatedTurn(parts, owner, request, begun);
  }
  const { conversation, runningBefore } = begun;
  const branch = branchOf(begun.reply.sequence);
  const isGuessed = conversation.id === guess.id && branch === guess.branch;
  early.settle(isGuessed && runningBefore === null);
  const started = { owner, request, intent, begun, early };
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
    request,
    intent: { stop, reservation, send },
    begun,
    early,
    place,
  }: {
    readonly owner: Speaker;
    readonly request: SettledTurn;
    readonly intent: Intent;
    readonly begun: Extract<BegunTurn, { kind: "begun" }>;
    readonly early: EarlyRequest;
    readonly place: QueuePlace;
  },
): Turn {
  const { local } = parts;
  const { conversation, userMessage, input, reply, runningBefore } = begun;
  /** What the model is told of otherwise: all before it is history. */
  const first = request.input ? (input[0] ?? reply) : userMessage;
  const observation = parts.observer.begin({
    replyId: reply.id,
    conversationId: conversation.id,
    origin: request.origin,
    model: reply.model ?? "",
  });
  const earlier =
    runningBefore === null
      ? early.current && early.verify(first)
      : waitForEarlierReplies(parts, owner, reply, runningBefore, stop);
  const ending = generate(parts, {
    owner,
    reply,
    earlier,
    place,
    observation,
    stop,
    reservation,
    leavesNoFailure: request.leavesNoFailure ?? false,
    beganConversation: begun.created,
    steps: request.serverTools
      ? stepsOf(parts, request.serverTools, {
          speaker: owner,
          stop,
          conversationId: conversation.id,
          input: inputOfQuestion(request),
          firstMessageId: first.id,
          epoch: 0,
          begun: null,
          asked: {
            origin: request.origin,
            canAsk: request.canAsk ?? false,
            agentId: conversation.agentId,
            projectId: conversation.projectId ?? null,
            mayRemember: mayRemember(request, conversation),
            model: request.model ?? conversation.model,
            temperature: request.temperature,
            settings: request.settings ?? {},
            instructions: request.instructions ?? null,
            refusesTruncation: request.refusesTruncation ?? false,
            before: first.sequence,
            models: owner.models,
            ...(request.clientTools && { clientTools: request.clientTools }),
            ...(request.within && { within: request.within }),
            ...(request.chosenTools && { chosenTools: request.chosenTools }),
          },
        })
      : null,
    request: () =>
      early.current ??
      send(conversation.id, conversation, {
        branch: branchOf(first.sequence),
        before: first.sequence,
      }),
  });
  local.add(reply.id, { conversationId: conversation.id, ending, interrupt: stop.now });
  return turnOf(parts, owner, begun, ending);
}

/** The turn that the first of several equal requests began. @throws AppError not_found, conflict */
export function repeatedTurn(
  parts: StartParts,
  owner: Owner,
  request: SettledTurn,
  found: RepeatedTurn,
): Turn {
  if (found.kind === "not_found")
    throw notFound(isReplacing(request) || isForking(request) ? "message" : "conversation");
  if (found.kind === "conflict") throw keyOfAnother();
  return turnOf(parts, owner, found, endOf(parts, owner, found.reply));
}

/** The reply that was heard and is over; null: it waits for a decision, and what was heard of it stays. */
async function heardOf(
  parts: StartParts,
  owner: Owner,
  { type, reply }: TurnEnding,
): Promise<Message | null> {
  if (type !== "waiting") return reply;
  if ((await parts.store.replySteps(owner, reply.id))?.isParked) return null;
  // The decision has already made a server continue it.
  await stopReply(parts, owner, reply.id);
  return (await endOfWatched(watching(parts, owner, reply))).reply;
}

type Stored = Pick<
  Extract<BegunTurn, { kind: "begun" }>,
  "conversation" | "userMessage" | "input" | "reply"
>;

const turnOf = (
  parts: StartParts,
  owner: Owner,
  { conversation, userMessage, input, reply }: Stored,
  ending: Promise<TurnEnding>,
): Turn => ({
  conversation,
  userMessage,
  input,
  record: reply.turn?.record ?? null,
  replyId: reply.id,
  branch: branchOf(reply.sequence),
  ...watching(parts, owner, { id: reply.id, status: "streaming" }),
  ending,
  async cut(heardCharacters) {
    parts.local.interrupt(reply.id, "heard");
    const ended = await heardOf(parts, owner, await ending);
    if (!ended) return;
    if (heardCharacters < ended.content.length)
      await parts.store.truncateReply(
        owner,
        reply.id,
        documentOf(cutAtText(partsOf(ended), heardCharacters)),
      );
  },
});
