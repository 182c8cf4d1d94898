import { AppError } from "../../domain/errors.ts";
import type { Message, Usage } from "../../domain/message.ts";
import { MAX_PARTS } from "../../domain/part-checks.ts";
import { CLIENT_TOOLS, CUSTOM_TOOLS, textIn } from "../../domain/parts.ts";
import type { Owner } from "../../domain/principal.ts";
import { pushed } from "../../domain/sink.ts";
import { endingOf, type TurnEnding } from "../../domain/turn.ts";
import type { ModelPart } from "../../ports/model.ts";
import type { TurnObservation } from "../../ports/observer.ts";
import type { TurnWriter } from "../../ports/turn-log.ts";
import { BudgetError, type Reservation } from "../access/budgets.ts";
import type { OpenRequest } from "./model-request.ts";
import type { QueuePlace } from "./queue-place.ts";
import {
  keep,
  type Outcome,
  replyError,
  takeBack,
  tooLate,
  whatIsMissing,
} from "./reply-ending.ts";
import { createSteps, LostReply, type Steps } from "./steps.ts";
import type { StepsOfReply } from "./steps-of-reply.ts";
import type { Stop } from "./stop.ts";
import type { TurnParts } from "./turn.ts";
import { waitingOf } from "./waiting-ending.ts";

type Generation = {
  readonly owner: Owner;
  readonly reply: Message;
  /** Resolves when the conversation's earlier replies have ended; null: there are none. Never rejects. */
  readonly earlier: Promise<void> | null;
  readonly place: QueuePlace;
  readonly observation: TurnObservation;
  readonly stop: Stop;
  readonly reservation: Reservation;
  /** Whether the turn is taken back where it fails before anything was said. */
  readonly leavesNoFailure: boolean;
  /** Whether the turn began its conversation. */
  readonly beganConversation: boolean;
  /** The request to the model; called when the turn's time has come. */
  readonly request: () => OpenRequest;
  /** With what the reply may have several steps; null: it has one. */
  readonly steps: StepsOfReply | null;
};

/**
 * Generates one reply to its end, stores it, tells the log and leaves the queue, whatever happens; resolves
 * with the one ending that everybody gets. Never rejects.
 */
export async function generate(parts: TurnParts, generation: Generation): Promise<TurnEnding> {
  const { owner, reply, place, observation } = generation;
  try {
    const outcome = await run(parts, generation);
    if (outcome === "parked") {
      await generation.reservation.settle(null, "");
      observation.ended({ ...PARKED, model: reply.model ?? "" });
      const ending = await waitingOf(parts, owner, reply, place.writer.reply.parts());
      place.writer.end(ending);
      return ending;
    }
    if (outcome === "lost") {
      const settled = generation.reservation.settle(null, "");
      observation.ended({ ...LOST, model: reply.model ?? "" });
      const ending = await endElsewhere(parts, generation);
      await settled;
      place.writer.end(ending);
      return ending;
    }
    const settled = generation.reservation.settle(
      outcome.usage,
      outcome.parts.map(textIn).join(""),
    );
    const takenBack =
      generation.leavesNoFailure && outcome.status === "failed" && outcome.parts.length === 0;
    const ending = takenBack
      ? await takeBack(parts, owner, generation, outcome)
      : await keep(parts, owner, reply, outcome);
    await settled;
    observation.ended({
      status: outcome.status,
      model: outcome.model,
      usage: outcome.usage,
      finishReason: outcome.finishWord,
      errorCode: outcome.error?.code ?? null,
    });
    place.writer.end(ending);
    return ending;
  } finally {
    place.leave();
  }
}

const LOOK_MS = 500;
/** What observers are told of a reply that waits for a decision, and of one that another server continues. */
const PARKED = { status: "waiting", usage: null, finishReason: null, errorCode: null } as const;
const LOST = { status: "interrupted", usage: null, finishReason: null, errorCode: null } as const;

/** How a reply ends that is another server's by now, or is gone. Never rejects. */
async function endElsewhere(
  { store, clock }: TurnParts,
  { owner, reply, stop }: Generation,
): Promise<TurnEnding> {
  while (!stop.cause) {
    const stored = await store.getMessage(owner, reply.id).catch(() => reply);
    const ending = stored && endingOf(stored);
    if (ending) return ending;
    if (!stored) break;
    await clock.sleep(LOOK_MS);
  }
  const position = reply.content.length + 1;
  const interruptedBy = stop.cause ?? "deleted";
  return {
    type: "interrupted",
    position,
    reply: { ...reply, status: "interrupted", interruptedBy },
  };
}

async function run(
  parts: TurnParts,
  {
    owner,
    reply,
    earlier,
    place: { writer },
    observation,
    stop,
    leavesNoFailure,
    request: send,
    reservation,
    steps: given,
  }: Generation,
): Promise<Outcome | "lost" | "parked"> {
  const outcome: Outcome = {
    status: "complete",
    parts: [],
    reasoningMs: null,
    model: reply.model ?? "",
    usage: null,
    finishReason: null,
    finishWord: null,
    interruptedBy: null,
    error: null,
    hasCheckpoints: false,
  };
  const interrupted = (): Outcome =>
    Object.assign(outcome, {
      status: "interrupted",
      interruptedBy: stop.cause,
      finishReason: null,
    });
  const thinking = createStopwatch(parts.clock);
  const { epoch } = given ?? { epoch: 0 };
  const checkpoint = parts.checkpoints.add({
    owner,
    replyId: reply.id,
    reply: writer.reply,
    epoch,
    leavesCalls: given !== null,
  });
  let endWait = () => {};
  let isLate = false;
  let isAnswering = false;
  let request: OpenRequest | null = null;
  let isOver = false;
  /** Whether the reply is no longer this server's. */
  let isLeft = false;
  const over = given && new AbortController();
  const steps =
    over &&
    createSteps(parts, {
      ...{ ...given, owner, reply, writer, checkpoint, reservation, observation },
      signal: over.signal,
    });
  /** What the provider counted for the present step. */
  let used: Usage | null = null;
  const finish = (part: Extract<ModelPart, { type: "finish" }>): void => {
    outcome.finishWord = part.word;
    outcome.finishReason = part.reason;
    used = part.usage;
    outcome.usage = steps ? steps.total(used) : used;
    outcome.model = part.model ?? outcome.model;
  };
  /** What came in one moment. Pauses where something is to be on disk before it is shown. */
  const take = (given: readonly ModelPart[]): Promise<void> | undefined => {
    for (const [place, part] of given.entries()) {
      if (part.type === "finish") {
        finish(part);
        continue;
      }
      if (part.type === "reasoning") thinking.start();
      else if (!isAnswering) {
        isAnswering = true;
        observation.firstToken();
        outcome.reasoningMs = thinking.read();
      }
      const noting = steps?.beforeWords();
      if (noting) return noting.then(() => take(given.slice(place)));
      write(writer, part, steps);
    }
    return undefined;
  };
  try {
    if (earlier) await earlier;
    if (stop.cause) return interrupted();
    if (over) stop.listen(() => over.abort());
    endWait = parts.deadlines.add(() => {
      isLate = true;
      request?.discard();
      over?.abort();
    });
    observation.asked();
    const begun = steps && given?.begun ? await steps.goOn() : send();
    isLeft = begun === "parked";
    if (begun === "parked") return begun;
    request = begun;
    while (request) {
      isOver = false;
      used = null;
      await pushed(request.answer, take);
      isOver = true;
      if (outcome.finishReason === null || !steps || !mayCall(outcome)) break;
      const next = await steps.next(used);
      isLeft = next === "parked";
      if (next === "parked") return next;
      request = next;
      if (!request) break;
      outcome.finishReason = null;
    }
    if (outcome.finishReason === null && stop.cause) return interrupted();
    outcome.parts = writer.reply.parts();
    const missing = whatIsMissing(outcome);
    if (missing) throw missing;
  } catch (error) {
    if (stop.cause) return interrupted();
    if (error instanceof LostReply) {
      isLeft = true;
      return "lost";
    }
    outcome.status = "failed";
    const problem = isLate ? tooLate(parts.deadlines.timeoutMs) : error;
    const isBudget = steps !== null && error instanceof BudgetError;
    outcome.error = replyError(problem, { isLimitTold: leavesNoFailure || isBudget });
  } finally {
    await (isLeft ? steps?.release() : steps?.close(used));
    outcome.parts = writer.reply.parts();
    outcome.reasoningMs ??= thinking.read();
    endWait();
    over?.abort();
    if (!isOver) request?.discard();
    checkpoint.remove();
    outcome.hasCheckpoints = checkpoint.isBegun;
  }
  return outcome;
}

/** Whether the calls of an answer that ended like this are whole. */
const mayCall = ({ finishReason }: Outcome): boolean =>
  finishReason === "tool_calls" || finishReason === "stop" || finishReason === "other";

/** Adds what the model gave. @throws AppError model_failed */
function write(
  writer: TurnWriter,
  part: Exclude<ModelPart, { type: "finish" }>,
  steps: Steps | null,
): void {
  const { type, text } = part;
  if (type === "arguments" || (type === "refusal" && writer.reply.last === type)) writer.grow(text);
  else if (type === "tool_call" && steps) writer.add(steps.callPart(part));
  else if (type === "text" && steps) writer.add({ type, text: steps.opening() + text });
  else if (type === "tool_call") {
    const source = part.isCustom ? CUSTOM_TOOLS : CLIENT_TOOLS;
    writer.add({ type, callId: part.callId, source, name: part.name, arguments: text });
  } else writer.add({ type, text });
  if (writer.reply.count > MAX_PARTS)
    throw new AppError(
      "model_failed",
      `The model's answer has more than ${MAX_PARTS.toLocaleString("en")} parts. Ask for less at a time, or choose another model`,
    );
}

/** How long something has taken since it began, by the clock; null if it has not begun. */
function createStopwatch(clock: Pick<TurnParts["clock"], "now">) {
  let startedAt: number | null = null;
  return {
    start(): void {
      startedAt ??= clock.now().getTime();
    },
    read: (): number | null =>
      startedAt === null ? null : Math.max(0, clock.now().getTime() - startedAt),
  };
}
