import type { FastifyReply } from "fastify";
import type { AskedEvent, AskedOutcome, PromptMessage } from "../../core/turns/turn.ts";
import { AppError, toAppError } from "../../domain/errors.ts";
import { type EventStream, openEventStream, unnumberedFrame } from "../../http/sse.ts";
import { goneOf } from "../../http/when-closed.ts";
import { errorOf, sayNoRetry } from "../openai/errors.ts";
import { sayNothingKept, sendHeaders } from "../openai/headers.ts";
import { idOf } from "../openai/ids.ts";
import { collectAnswers } from "./answer.ts";
import { chunksOf } from "./chunks.ts";
import { promptUsage } from "./usage.ts";

/** How long a failure before the first word may still be told by a status, before the stream opens without a word. */
const SILENCE_MS = 500;

/** A completion that is on its way, whatever becomes of it afterwards. */
export type Completion = {
  /** A UUID. */
  readonly id: string;
  readonly createdAt: Date;
  /** The name of the model until its provider says better. */
  readonly model: string;
  /** What the model was told. */
  readonly prompt: readonly PromptMessage[];
  /** How many answers were asked for. */
  readonly choices: number;
  readonly hasLogprobs: boolean;
  /** Whether what is said stays stored. */
  readonly isKept: boolean;
  /** The answer as it comes. @throws AppError where it fails before anything was said */
  follow(signal: AbortSignal): AsyncIterable<AskedEvent>;
};

const headOf = ({ id, createdAt, model }: Completion) => ({
  id: idOf("chatcmpl-", id),
  created: Math.floor(createdAt.getTime() / 1000),
  model,
});

/** The whole answer as one JSON body. @throws AppError why there is none */
export async function wholeCompletion(
  reply: FastifyReply,
  completion: Completion,
  gone: AbortSignal,
) {
  const answers = collectAnswers(completion.choices);
  let outcome: AskedOutcome | null = null;
  let isSaid = false;
  for await (const event of completion.follow(gone)) {
    if (event.type === "ended") outcome = event.outcome;
    else {
      isSaid = true;
      answers.add(event);
    }
  }
  if (completion.isKept && outcome?.error) {
    if (isSaid) sayNoRetry(reply);
    else sayNothingKept(reply);
  }
  const ended = wholeOutcome(outcome);
  return {
    ...headOf(completion),
    object: "chat.completion",
    model: ended.model,
    choices: answers.choices(ended, completion.hasLogprobs),
    usage: await promptUsage(ended.usage, completion.prompt, answers.text()),
    service_tier: "default",
    system_fingerprint: null,
  };
}

/** @throws AppError why the answer is not whole */
function wholeOutcome(outcome: AskedOutcome | null): AskedOutcome {
  if (outcome?.error) throw outcome.error;
  if (!outcome || outcome.finishes.length === 0)
    throw new AppError("unavailable", "The reply was stopped before its end. Ask again");
  return outcome;
}

/** The answer as it comes. @throws AppError why there is none, before anything is sent */
export async function streamCompletion(
  reply: FastifyReply,
  completion: Completion,
  hasUsage: boolean,
): Promise<void> {
  const gone = goneOf(reply);
  const events = completion.follow(gone)[Symbol.asyncIterator]();
  const first = events.next();
  const early = await Promise.race([first, silence()]);
  if (early && !early.done && early.value.type === "ended") {
    if (early.value.outcome.error) sayNothingKept(reply);
    wholeOutcome(early.value.outcome);
  }
  sendHeaders(reply);
  const stream = openEventStream(reply);
  const chunks = chunksOf(headOf(completion), completion.choices, hasUsage);
  const answers = hasUsage ? collectAnswers(completion.choices) : null;
  stream.send(chunks.opening());
  try {
    let outcome: AskedOutcome | null = null;
    for (let next = await first; !next.done && !outcome; ) {
      const event = next.value;
      if (event.type === "ended") outcome = event.outcome;
      else {
        stream.send(chunks.of(event));
        answers?.add(event);
        await stream.caughtUp();
        next = await events.next();
      }
    }
    const ended = wholeOutcome(outcome);
    const last = answers
      ? chunks.usage(await promptUsage(ended.usage, completion.prompt, answers.text()))
      : "";
    endStream(stream, `${chunks.finishes(ended)}${last}${unnumberedFrame("[DONE]")}`);
  } catch (error) {
    endStream(stream, unnumberedFrame(JSON.stringify({ error: errorOf(toAppError(error)) })));
  } finally {
    await events.return?.();
  }
}

const endStream = (stream: EventStream, frames: string): void => {
  if (!stream.gone.aborted) stream.end(frames);
};

/** Resolves when it has lasted so long that the client should see that the stream is there. */
const silence = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, SILENCE_MS).unref();
  });
