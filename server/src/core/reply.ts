import { AppError, toAppError } from "../domain/errors.ts";
import type { Message, ReplyError, Usage } from "../domain/message.ts";
import type { Owner } from "../domain/principal.ts";
import { endingOf, type TurnEnding } from "../domain/turn.ts";
import type { Turnstile } from "../ports/conversation-lock.ts";
import type { ModelPart } from "../ports/model.ts";
import type { TurnObservation } from "../ports/observer.ts";
import type { TurnWriter } from "../ports/turn-log.ts";
import type { Reservation } from "./budgets.ts";
import { buildPrompt, promptBudget } from "./prompt.ts";
import type { TurnParts } from "./turn.ts";

/** Whether a turn was asked to stop; cheaper, for every turn, than an AbortSignal. */
export type Stop = {
  readonly isStopped: boolean;
  /** Asks it to stop; may be called again. */
  readonly now: () => void;
  /** Calls the listener when it is asked to stop; at once if it was already. */
  readonly listen: (listener: () => void) => void;
};

export function createStop(): Stop {
  const listeners: (() => void)[] = [];
  let isStopped = false;
  return {
    get isStopped() {
      return isStopped;
    },
    now() {
      isStopped = true;
      for (const listener of listeners.splice(0)) listener();
    },
    listen(listener) {
      if (isStopped) listener();
      else listeners.push(listener);
    },
  };
}

/** A request to the model that is under way. */
export type Asking = {
  readonly parts: { next(): Promise<IteratorResult<ModelPart>> };
  /** The first answer, asked for already. */
  readonly first: Promise<IteratorResult<ModelPart>>;
  /** Ends the request; whatever it still gives is nobody's. */
  discard(): void;
};

type Question = {
  readonly owner: Owner;
  /** Null: a conversation that does not exist yet, so there is nothing to remember. */
  readonly conversationId: string | null;
  readonly agentId: string | null;
  /** The message to answer; what is stored from it on is no history. */
  readonly userMessageId: string;
  readonly content: string;
  readonly model: string | null;
  readonly temperature: number | null;
  readonly reservation: Reservation;
};

/** Asks the model at once; nothing is thrown here, a failure is in `first`. */
export function ask(parts: TurnParts, question: Question, stop: Stop): Asking {
  const aborting = new AbortController();
  const discard = () => aborting.abort();
  stop.listen(discard);
  let answer: AsyncIterator<ModelPart> | null = null;
  const first = open(parts, question, aborting.signal).then((opened) => {
    answer = opened;
    return opened.next();
  });
  first.catch(() => {});
  return { parts: { next: () => answer?.next() ?? first }, first, discard };
}

/** The model's answer itself: between a token and its watchers there is nothing that need not be. */
async function open(
  { store, models, systemPrompt }: TurnParts,
  question: Question,
  signal: AbortSignal,
): Promise<AsyncIterator<ModelPart>> {
  const { owner, conversationId, agentId, content } = question;
  const agent = agentId ? await store.getAgent(owner, agentId) : null;
  const model = question.model ?? agent?.model ?? null;
  const budget = promptBudget(models.contextTokensOf(model));
  const stored = conversationId
    ? await store.recentMessages(owner, conversationId, { maxCharacters: budget.maxCharacters })
    : [];
  const asked = stored.findIndex((message) => message.id === question.userMessageId);
  const history = asked < 0 ? stored : stored.slice(0, asked);
  const messages = buildPrompt({ agent, systemPrompt, history, content }, budget);
  question.reservation.asked(messages);
  const temperature = question.temperature ?? agent?.temperature ?? null;
  return models.reply({ model, messages, temperature }, signal)[Symbol.asyncIterator]();
}

type Generation = {
  readonly owner: Owner;
  readonly reply: Message;
  readonly turnstile: Turnstile;
  readonly writer: TurnWriter;
  readonly observation: TurnObservation;
  readonly stop: Stop;
  readonly reservation: Reservation;
  readonly ask: () => Asking;
};

type Outcome = {
  status: "complete" | "interrupted" | "failed";
  content: string;
  reasoning: string;
  model: string;
  usage: Usage | null;
  finishReason: string | null;
  error: ReplyError | null;
};

const STORE_RETRY_MS = 250;
const STORE_PATIENCE_MS = 10_000;

/**
 * Generates one reply to its end, stores it and tells the log; resolves with the one ending that
 * everybody gets. Never rejects.
 */
export async function generate(parts: TurnParts, generation: Generation): Promise<TurnEnding> {
  const { owner, reply, turnstile, writer, observation } = generation;
  const outcome = await run(parts, generation);
  generation.reservation.settle(outcome.usage, outcome.reasoning + outcome.content);
  const ending = await keep(parts, owner, reply, outcome);
  observation.ended({
    status: outcome.status,
    model: outcome.model,
    usage: outcome.usage,
    finishReason: outcome.finishReason,
    errorCode: outcome.error?.code ?? null,
  });
  writer.end(ending);
  turnstile.leave();
  return ending;
}

async function run(
  parts: TurnParts,
  { owner, reply, turnstile, writer, observation, stop, ask: start }: Generation,
): Promise<Outcome> {
  const outcome: Outcome = {
    status: "complete",
    content: "",
    reasoning: "",
    model: reply.model ?? "",
    usage: null,
    finishReason: null,
    error: null,
  };
  const checkpoint = parts.checkpoints.add({
    owner,
    replyId: reply.id,
    text: () => outcome.content,
  });
  let endWait = () => {};
  let isLate = false;
  let asking: Asking | null = null;
  let isOver = false;
  try {
    if (turnstile.isFirst !== true)
      await Promise.race([turnstile.ready, new Promise<void>(stop.listen)]);
    if (stop.isStopped) return { ...outcome, status: "interrupted" };
    asking = start();
    observation.asked();
    const { discard } = asking;
    endWait = parts.deadlines.add(() => {
      isLate = true;
      discard();
    });
    for (let next = await asking.first; !next.done; next = await asking.parts.next()) {
      const part = next.value;
      if (part.type === "text") {
        if (outcome.content === "") observation.firstToken();
        outcome.content += part.text;
        writer.append(part.text);
      } else if (part.type === "reasoning") outcome.reasoning += part.text;
      else {
        outcome.finishReason = part.reason;
        outcome.usage = part.usage;
        outcome.model = part.model ?? outcome.model;
      }
    }
    isOver = true;
    if (outcome.finishReason === null && !stop.isStopped)
      throw new AppError(
        "model_failed",
        "The model ended its answer without saying that it was finished",
      );
    if (outcome.finishReason === null) outcome.status = "interrupted";
  } catch (error) {
    outcome.status = stop.isStopped ? "interrupted" : "failed";
    if (outcome.status === "failed")
      outcome.error = replyError(isLate ? tooLate(parts.deadlines.timeoutMs) : error);
  } finally {
    endWait();
    if (!isOver) asking?.discard();
    checkpoint.remove();
  }
  return outcome;
}

const tooLate = (timeoutMs: number): AppError =>
  new AppError(
    "model_failed",
    `The model did not finish its answer within ${Math.round(timeoutMs / 1000)} s (MODEL_TOTAL_SECONDS)`,
  );

function replyError(error: unknown): ReplyError {
  const { code, message } = toAppError(error);
  if (code === "model_refused" || code === "unavailable" || code === "internal")
    return { code, message };
  return { code: "model_failed", message };
}

/**
 * Stores the ending, for a while also against a store that cannot take it now. After that the watchers
 * wait no longer, and are told that it failed; the store gets it when it can.
 */
async function keep(
  { store, clock, unsettled }: TurnParts,
  owner: Owner,
  reply: Message,
  outcome: Outcome,
): Promise<TurnEnding> {
  const { status, content, model, usage, error } = outcome;
  const finishedAt = clock.now();
  const end = {
    status,
    content,
    model,
    usage,
    error,
    reasoning: outcome.reasoning || null,
    finishedAt,
  };
  const unstored: Message = { ...reply, ...end };
  let patience: AbortSignal | null = null;
  for (;;) {
    try {
      const stored = await store.finishReply(owner, reply.id, end);
      return asEnding(
        stored ??
          (await store.getMessage(owner, reply.id)) ?? {
            ...unstored,
            status: "interrupted",
            error: null,
          },
      );
    } catch (problem) {
      patience ??= AbortSignal.timeout(STORE_PATIENCE_MS);
      if (patience.aborted) {
        unsettled.add(owner, reply.id, end);
        return asEnding({ ...unstored, status: "failed", error: replyError(problem) });
      }
      await clock.sleep(STORE_RETRY_MS);
    }
  }
}

const asEnding = (reply: Message): TurnEnding =>
  endingOf(reply) ?? { type: "interrupted", position: reply.content.length + 1, reply };
