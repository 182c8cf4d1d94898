// Responses that are kept: what is read of a turn, and what is said of it.
import { endOfWatched } from "../../core/turns/follow.ts";
import type { Turn, WatchedTurn } from "../../core/turns/turn.ts";
import { AppError, type ErrorDetails } from "../../domain/errors.ts";
import type { JsonObject, JsonValue } from "../../domain/json.ts";
import type { Message } from "../../domain/message.ts";
import type { Owner } from "../../domain/principal.ts";
import { pulled } from "../../domain/sink.ts";
import { failureOf, type TurnEnding } from "../../domain/turn.ts";
import { DELETED, isDeletedRecord } from "../openai/deleted.ts";
import { OpenAiError } from "../openai/errors.ts";
import { uuidIn } from "../openai/ids.ts";
import { textsIn } from "../openai/usage.ts";
import { lastStatus, outputItems, type ThoughtsAs, thoughtsAs } from "./items.ts";
import type { ResponsesParts } from "./parts.ts";
import type { Echo } from "./request.ts";
import {
  endedBody,
  type Outcome,
  PLAIN_ECHO,
  type ResponseBody,
  responseBody,
  statusOf,
  usageOf,
} from "./response.ts";
import { reasoningSeal } from "./seal.ts";
import type { Ended, Running, Step } from "./steps.ts";

/** What this wire keeps with a turn. */
export type ResponseRecord = {
  readonly echo: Echo;
  /** The model that was asked. */
  readonly model: string;
  /** Whether its conversation is one that no client is told of. */
  readonly isHidden: boolean;
  readonly isBackground: boolean;
  readonly sealsReasoning: boolean;
  /** It was deleted, and is there only for those that go on from it. */
  readonly isDeleted?: boolean;
};

/** What is kept with a turn that another wire began. */
const PLAIN_RECORD: ResponseRecord = {
  echo: PLAIN_ECHO,
  model: "",
  isHidden: false,
  isBackground: false,
  sealsReasoning: false,
};

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function recordOf(record: JsonObject | null): ResponseRecord {
  const kept = record?.response;
  const isDeleted = isDeletedRecord(record) || (isObject(kept) && kept.isDeleted === true);
  if (!isObject(kept) || !isObject(kept.echo))
    return {
      ...PLAIN_RECORD,
      isHidden: record?.isHidden === true,
      ...(isDeleted && { isDeleted }),
    };
  return {
    echo: kept.echo,
    model: typeof kept.model === "string" ? kept.model : "",
    isHidden: kept.isHidden === true,
    isBackground: kept.isBackground === true,
    sealsReasoning: kept.sealsReasoning === true,
    ...(isDeleted && { isDeleted }),
  };
}

export const storedRecord = ({ isDeleted, ...response }: ResponseRecord): JsonObject => ({
  response,
  ...(isDeleted && DELETED),
});

/** Of what a response says again of its request, as JSON; less than MAX_RECORD_BYTES of the core. */
const MAX_ECHO_BYTES = 60 * 1024;

/** What of the request is said again: all of it, unless tools and instructions are too long to be kept with each response. */
export function keptEcho(echo: Echo): Echo {
  const isShort = (one: Echo) => Buffer.byteLength(JSON.stringify(one)) <= MAX_ECHO_BYTES;
  if (isShort(echo)) return echo;
  const withoutTools = { ...echo, tools: [] };
  return isShort(withoutTools) ? withoutTools : { ...withoutTools, instructions: null };
}

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
  const replyId = uuidIn("resp_", id);
  const turn = replyId === null ? null : await turns.turnOf(owner, replyId);
  if (!turn || recordOf(turn.record).isDeleted) throw noSuchResponse(id);
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
): Promise<Outcome> {
  return {
    ...statusOf(reply),
    model: reply.model ?? "",
    output: outputItems(reply, sealing, told),
    usage: await usageOf(reply.usage, textsIn(input), textsIn([reply])),
    endedAt: reply.finishedAt ?? reply.createdAt,
  };
}

const endedOf = async (
  ending: TurnEnding,
  input: readonly Message[],
  sealing: Running["seal"],
  told: ThoughtsAs,
): Promise<Ended> => ({
  type: "ended",
  outcome: await outcomeOf(ending.reply, input, sealing, told),
  lastStatus: lastStatus(ending.reply),
  error: ending.type === "failed" ? failureOf(ending.error) : null,
});

/** A stored turn as a response. */
export async function runningOf(
  parts: Pick<ResponsesParts, "sealingSecret">,
  owner: Owner,
  turn: Turn | WatchedTurn,
): Promise<Running> {
  const record = recordOf(turn.record);
  const { echo, model, isHidden, isBackground } = record;
  const sealing = await reasoningSeal(parts, owner, record);
  return {
    base: {
      id: turn.replyId,
      createdAt: turn.userMessage.createdAt,
      conversationId: isHidden ? null : turn.userMessage.conversationId,
      echo,
      model,
    },
    isBackground,
    isKept: true,
    seal: sealing,
    async *steps(signal): AsyncGenerator<Step> {
      for await (const event of pulled(turn.watchPieces, signal)) {
        if (event.type === "open" || event.type === "grow") yield { type: "step", delta: event };
        else yield await endedOf(event, turn.input, sealing, thoughtsAs(echo));
      }
    },
  };
}

/** The response as it is now. */
export async function bodyOf(
  parts: Pick<ResponsesParts, "sealingSecret">,
  owner: Owner,
  turn: WatchedTurn,
): Promise<ResponseBody> {
  const running = await runningOf(parts, owner, turn);
  if (!turn.stored) return responseBody(running.base, "in_progress", null);
  const { base, seal: sealing } = running;
  const told = thoughtsAs(base.echo);
  return endedBody(base, (await endedOf(turn.stored, turn.input, sealing, told)).outcome);
}

/** Waits for the ending of a reply. */
export async function endOf(turn: WatchedTurn): Promise<void> {
  if (turn.stored) return;
  await endOfWatched(turn);
}
