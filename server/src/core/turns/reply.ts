import { finishReasonOf } from "../../domain/finish-reason.ts";
import type { Message } from "../../domain/message.ts";
import type { Owner, Speaker } from "../../domain/principal.ts";
import type { TurnEnding } from "../../domain/turn.ts";
import type { ModelPart } from "../../ports/model.ts";
import type { TurnObservation } from "../../ports/observer.ts";
import type { TurnWriter } from "../../ports/turn-log.ts";
import type { ReadPrompt, Reservation } from "../access/budgets.ts";
import { cutAt } from "./answer-limit.ts";
import { buildPrompt, promptBudget } from "./prompt.ts";
import { keep, type Outcome, replyError, tooLate, whatIsMissing } from "./reply-ending.ts";
import type { Stop } from "./stop.ts";
import type { TurnParts } from "./turn.ts";

/** A request to the model that is under way. */
export type Asking = {
  readonly parts: { next(): Promise<IteratorResult<ModelPart>> };
  /** The first answer, asked for already. */
  readonly first: Promise<IteratorResult<ModelPart>>;
  /** The sequence of the latest message that the model is told of besides the question; -1: none. Null: it could not be read. */
  readonly knowsTo: Promise<number | null>;
  /** Ends the request; whatever it still gives is nobody's. */
  discard(): void;
};

type Question = {
  readonly owner: Speaker;
  /** Null: a conversation that does not exist yet, so there is nothing to remember. */
  readonly conversationId: string | null;
  readonly agentId: string | null;
  /** The message to answer; what is stored from it on is no history. */
  readonly userMessageId: string;
  /** That message as it was stored; null while it is on its way to the disk. */
  readonly stored: Message | null;
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
  const opening = open(parts, question, aborting);
  const first = opening.then((opened) => {
    answer = opened.answer;
    return answer.next();
  });
  first.catch(() => {});
  const knowsTo = opening.then(
    ({ lastSequence }) => lastSequence,
    () => null,
  );
  return { parts: { next: () => answer?.next() ?? first }, first, knowsTo, discard };
}

type Read = ReadPrompt & {
  readonly model: string | null;
  readonly temperature: number | null;
  /** Of the latest message before the question; -1: there is none. */
  readonly lastSequence: number;
};

/** What the model is going to be asked, by what is stored now. */
export async function readPrompt(
  { store, models, systemPrompt }: Pick<TurnParts, "store" | "models" | "systemPrompt">,
  question: Omit<Question, "reservation">,
): Promise<Read> {
  const { owner, conversationId, agentId, content } = question;
  const agent = agentId ? await store.getAgent(owner, agentId) : null;
  const model = question.model ?? agent?.model ?? null;
  const contextTokens = models.contextTokensOf(model);
  const budget = promptBudget(contextTokens);
  const stored = conversationId
    ? await store.recentMessages(owner, conversationId, {
        maxCharacters: budget.maxCharacters,
        ...(question.stored && { beforeSequence: question.stored.sequence }),
      })
    : [];
  const asked = stored.findIndex((message) => message.id === question.userMessageId);
  const history = asked < 0 ? stored : stored.slice(0, asked);
  const messages = buildPrompt({ agent, systemPrompt, history, content }, budget);
  const temperature = question.temperature ?? agent?.temperature ?? null;
  const lastSequence = history.at(-1)?.sequence ?? -1;
  return { messages, contextTokens, model, temperature, lastSequence };
}

/** The model's answer itself: between a token and its watchers there is nothing that need not be. */
async function open(
  parts: TurnParts,
  question: Question,
  aborting: AbortController,
): Promise<{ readonly answer: AsyncIterator<ModelPart>; readonly lastSequence: number }> {
  const read = await readPrompt(parts, question);
  const { messages, model, temperature, lastSequence } = read;
  const allowed = question.owner.models;
  // What was chosen may have changed while the message waited.
  const refusal = parts.models.refusal(model, allowed);
  if (refusal) throw refusal;
  const { fit } = question.reservation;
  const maxTokens = fit ? await fit(read) : null;
  const request = { model, allowed, messages, temperature, maxTokens };
  const answer = parts.models.reply(request, aborting.signal);
  const limited = maxTokens === null ? answer : cutAt(answer, maxTokens, () => aborting.abort());
  return { answer: limited[Symbol.asyncIterator](), lastSequence };
}

type Generation = {
  readonly owner: Owner;
  readonly reply: Message;
  /** Resolves when the conversation's earlier replies have ended; null: there are none. Never rejects. */
  readonly earlier: Promise<void> | null;
  /** Called when the ending is stored and told. */
  readonly leave: () => void;
  readonly writer: TurnWriter;
  readonly observation: TurnObservation;
  readonly stop: Stop;
  readonly reservation: Reservation;
  readonly ask: () => Asking;
};

/**
 * Generates one reply to its end, stores it and tells the log; resolves with the one ending that
 * everybody gets. Never rejects.
 */
export async function generate(parts: TurnParts, generation: Generation): Promise<TurnEnding> {
  const { owner, reply, writer, observation } = generation;
  const outcome = await run(parts, generation);
  generation.reservation.settle(outcome.usage, outcome.reasoning + outcome.content);
  const ending = await keep(parts, owner, reply, outcome);
  observation.ended({
    status: outcome.status,
    model: outcome.model,
    usage: outcome.usage,
    finishReason: outcome.finishWord,
    errorCode: outcome.error?.code ?? null,
  });
  writer.end(ending);
  generation.leave();
  return ending;
}

async function run(
  parts: TurnParts,
  { owner, reply, earlier, writer, observation, stop, ask: start }: Generation,
): Promise<Outcome> {
  const outcome: Outcome = {
    status: "complete",
    content: "",
    reasoning: "",
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
    Object.assign(outcome, { status: "interrupted", interruptedBy: stop.cause });
  const thinking = createStopwatch(parts.clock);
  const checkpoint = parts.checkpoints.add({ owner, replyId: reply.id });
  let endWait = () => {};
  let isLate = false;
  let asking: Asking | null = null;
  let isOver = false;
  try {
    if (earlier) await earlier;
    if (stop.cause) return interrupted();
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
        if (outcome.content === "") {
          observation.firstToken();
          outcome.reasoningMs = thinking.read();
        }
        outcome.content += part.text;
        checkpoint.addContent(part.text);
        writer.append(part.text);
      } else if (part.type === "reasoning") {
        thinking.start();
        outcome.reasoning += part.text;
        checkpoint.addReasoning(part.text);
        writer.think(part.text);
      } else {
        outcome.finishWord = part.reason;
        outcome.finishReason = finishReasonOf(part.reason);
        outcome.usage = part.usage;
        outcome.model = part.model ?? outcome.model;
      }
    }
    isOver = true;
    if (outcome.finishReason === null && stop.cause) return interrupted();
    const missing = whatIsMissing(outcome);
    if (missing) throw missing;
  } catch (error) {
    if (stop.cause) return interrupted();
    outcome.status = "failed";
    outcome.error = replyError(isLate ? tooLate(parts.deadlines.timeoutMs) : error);
  } finally {
    outcome.reasoningMs ??= thinking.read();
    endWait();
    if (!isOver) asking?.discard();
    checkpoint.remove();
    outcome.hasCheckpoints = checkpoint.isBegun;
  }
  return outcome;
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
