// Responses that are kept: what is read of a turn, and what is said of it.
import { endOfWatched } from "../../core/turns/follow.ts";
import type { Turn, WatchedTurn } from "../../core/turns/turn.ts";
import { AppError, type ErrorDetails } from "../../domain/errors.ts";
import { growingParts } from "../../domain/growing-parts.ts";
import { type Message, partsOf } from "../../domain/message.ts";
import type { Owner } from "../../domain/principal.ts";
import { pulled } from "../../domain/sink.ts";
import { failureOf, type TurnEnding, type Waiting } from "../../domain/turn.ts";
import { OpenAiError } from "../openai/errors.ts";
import { uuidIn } from "../openai/ids.ts";
import { textsIn } from "../openai/usage.ts";
import { lastStatus, outputItems, type ThoughtsAs, thoughtsAs } from "./items.ts";
import {
  approvalItem,
  callsById,
  listItems,
  responseId,
  type StageView,
  stageIn,
  stageView,
  unanswered,
} from "./mcp-items.ts";
import type { ResponsesParts } from "./parts.ts";
import { recordOf } from "./records.ts";
import {
  endedBody,
  type Outcome,
  type ResponseBody,
  responseBody,
  statusOf,
  usageOf,
} from "./response.ts";
import { reasoningSeal } from "./seal.ts";
import type { Ended, Running, Step } from "./steps.ts";

const noSuchResponse = (id: string): AppError =>
  new AppError("not_found", `Response with id '${id.slice(0, 100)}' not found.`, {
    resource: "reply",
  } satisfies ErrorDetails);

/** The response of that id. @throws AppError not_found */
export async function storedResponse(
  { turns }: Pick<ResponsesParts, "turns">,
  owner: Owner,
  id: string,
): Promise<WatchedTurn> {
  const { id: first, stage } = stageIn(id);
  const replyId = uuidIn("resp_", first);
  const turn = replyId === null ? null : await turns.turnOf(owner, replyId);
  if (!turn) throw noSuchResponse(id);
  const { isDeleted, sources } = recordOf(turn.record);
  if (isDeleted || stage > (sources?.stages.length ?? 0)) throw noSuchResponse(id);
  return turn;
}

/** The response to go on from. @throws AppError not_found */
export async function previousResponse(
  parts: Pick<ResponsesParts, "turns">,
  owner: Owner,
  id: string,
): Promise<WatchedTurn> {
  try {
    return await storedResponse(parts, owner, id);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "not_found") throw error;
    throw previousNotFound(id);
  }
}

export const previousNotFound = (id: string): OpenAiError =>
  new OpenAiError(
    "not_found",
    "previous_response_not_found",
    `Previous response with id '${id.slice(0, 100)}' not found.`,
    "previous_response_id",
  );

/** How a reply that is over is told. */
async function outcomeOf(
  reply: Message,
  input: readonly Message[],
  sealing: Running["seal"],
  told: ThoughtsAs,
  view: StageView | null,
): Promise<Outcome> {
  return {
    ...statusOf(reply),
    model: reply.model ?? "",
    output: [
      ...(view ? listItems(reply.id, view) : []),
      ...outputItems(reply, sealing, told, view),
    ],
    usage: await usageOf(reply.usage, textsIn(input), textsIn([reply])),
    endedAt: reply.finishedAt ?? reply.createdAt,
  };
}

const endedOf = async (
  ending: TurnEnding,
  input: readonly Message[],
  sealing: Running["seal"],
  told: ThoughtsAs,
  view: StageView | null,
): Promise<Ended> => ({
  type: "ended",
  outcome: await outcomeOf(ending.reply, input, sealing, told, view),
  lastStatus: lastStatus(ending.reply),
  error: ending.type === "failed" ? failureOf(ending.error) : null,
});

/** What has ended because it waited for approvals: the items so far, and what is asked. */
async function stoppedOf(
  reply: Message,
  input: readonly Message[],
  sealing: Running["seal"],
  told: ThoughtsAs,
  view: StageView,
): Promise<Ended> {
  const all = partsOf(reply);
  const calls = callsById(all);
  const whole = { ...reply, status: "complete", finishReason: null } as const;
  const shown = { ...reply, parts: all.slice(view.from, view.to ?? all.length) };
  return {
    type: "ended",
    lastStatus: "completed",
    error: null,
    outcome: {
      ...{ status: "completed", reason: null, error: null, model: reply.model ?? "" },
      output: [
        ...listItems(reply.id, view),
        ...outputItems(whole, sealing, told, view),
        ...view.asked.flatMap((callId) => {
          const call = calls.get(callId);
          return call ? approvalItem(reply.id, all, call) : [];
        }),
      ],
      usage: await usageOf(null, textsIn(input), textsIn([shown])),
      endedAt: new Date(view.stages[view.stage]?.endedAt ?? view.endedAt ?? reply.createdAt),
    },
  };
}

/** The same of a reply that waits now: for a decision about each of its calls that has no result. */
const waitingOf = (
  { reply, questions }: Waiting,
  input: readonly Message[],
  sealing: Running["seal"],
  told: ThoughtsAs,
  view: StageView,
): Promise<Ended> =>
  stoppedOf(reply, input, sealing, told, {
    ...view,
    asked: unanswered(partsOf(reply)),
    endedAt: questions[0]?.askedAt.getTime() ?? null,
  });

/** A stored turn as a response. @param stage which of those that it is, where it has waited for approvals */
export async function runningOf(
  parts: Pick<ResponsesParts, "sealingSecret">,
  owner: Owner,
  turn: Turn | WatchedTurn,
  stage = 0,
): Promise<Running> {
  const record = recordOf(turn.record);
  const { model, isHidden, isBackground, sources } = record;
  const view = sources ? stageView(sources, stage) : null;
  const begunBy = sources?.stages[stage - 1];
  const echo = begunBy
    ? { ...record.echo, previous_response_id: responseId(turn.replyId, stage - 1) }
    : record.echo;
  const sealing = await reasoningSeal(parts, owner, record);
  const told = thoughtsAs(echo);
  const { input } = turn;
  return {
    base: {
      id: turn.replyId,
      stage,
      createdAt: begunBy ? new Date(begunBy.answeredAt) : turn.userMessage.createdAt,
      conversationId: isHidden ? null : turn.userMessage.conversationId,
      echo,
      model,
    },
    isBackground,
    isKept: true,
    seal: sealing,
    ...(view && { view }),
    async *steps(signal): AsyncGenerator<Step> {
      const seen = growingParts();
      for await (const event of pulled(turn.watchPieces, signal)) {
        const isStep = event.type === "open" || event.type === "grow";
        if (view && view.to !== null && (!isStep || event.index >= view.to)) {
          const reply = { ...replyOf(turn, model), parts: seen.parts() };
          yield await stoppedOf(reply, input, sealing, told, view);
          return;
        }
        if (isStep) {
          if (view) seen.apply(event);
          const isBefore = view !== null && event.index < view.from;
          yield { type: "step", delta: event, ...(isBefore && { isBefore }) };
        } else if (view && event.type === "waiting")
          yield await waitingOf(event, input, sealing, told, view);
        else yield await endedOf(event, input, sealing, told, view);
      }
    },
  };
}

/** As much of the reply of a turn as is known without its parts. */
const replyOf = (turn: Turn | WatchedTurn, model: string): Message => ({
  ...turn.userMessage,
  ...{ id: turn.replyId, role: "assistant", content: "", reasoning: null, model },
});

/** The response as it is now. */
export async function bodyOf(
  parts: Pick<ResponsesParts, "sealingSecret" | "turns">,
  owner: Owner,
  turn: WatchedTurn,
  stage = 0,
): Promise<ResponseBody> {
  const { base, seal: sealing, view = null } = await runningOf(parts, owner, turn, stage);
  const { stored, input, soFar } = turn;
  const told = thoughtsAs(base.echo);
  const ended = async (): Promise<Ended | null> => {
    if (view && view.to !== null) return stoppedOf(soFar, input, sealing, told, view);
    if (stored) return endedOf(stored, input, sealing, told, view);
    const waiting = view && (await parts.turns.waitingFor(owner, turn.replyId));
    return waiting && waitingOf(waiting, input, sealing, told, view);
  };
  const now = await ended();
  return now ? endedBody(base, now.outcome) : responseBody(base, "in_progress", null);
}

/** Waits for the ending of a reply. */
export async function endOf(turn: WatchedTurn): Promise<void> {
  if (turn.stored) return;
  await endOfWatched(turn);
}
