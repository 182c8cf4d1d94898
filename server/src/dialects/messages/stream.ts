import type { FastifyReply } from "fastify";
import type { SharedTurn } from "../../core/turns/shared-answers.ts";
import type { AskedOutcome } from "../../core/turns/turn.ts";
import { toAppError } from "../../domain/errors.ts";
import type { JsonObject } from "../../domain/json.ts";
import { openEventStream } from "../../http/sse.ts";
import { goneOf } from "../../http/when-closed.ts";
import { sendHeaders } from "./admission.ts";
import { headOf, tokensOf, usageBody, wholeOutcome } from "./answer.ts";
import { type BlockStep, createBlocks } from "./blocks.ts";
import { errorBody } from "./errors.ts";
import type { MessagesRequest } from "./request.ts";

/** How long a failure before the first word may still be told by a status, before the stream opens without a word. */
const SILENCE_MS = 500;

const frameOf = (type: string, fields: JsonObject = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;

const stepFrame = (step: BlockStep): string => {
  const { index } = step;
  if (step.type === "start")
    return frameOf("content_block_start", { index, content_block: step.block });
  return step.type === "delta"
    ? frameOf("content_block_delta", { index, delta: step.delta })
    : frameOf("content_block_stop", { index });
};

const framesOf = (steps: readonly BlockStep[]): string => steps.map(stepFrame).join("");

/** The answer as it comes. @throws AppError why there is none, before anything is sent */
export async function streamMessage(
  reply: FastifyReply,
  turn: SharedTurn,
  request: MessagesRequest,
): Promise<void> {
  const { ask, hasThoughts } = request;
  const events = turn.follow(goneOf(reply))[Symbol.asyncIterator]();
  const first = events.next();
  const [early, asked] = await Promise.all([Promise.race([first, silence()]), tokensOf(ask)]);
  if (early && !early.done && early.value.type === "ended") wholeOutcome(early.value.outcome);
  sendHeaders(reply);
  const stream = openEventStream(reply);
  const blocks = createBlocks(hasThoughts);
  stream.send(
    frameOf("message_start", {
      message: {
        ...headOf(turn, turn.model),
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: await usageBody(null, asked, ""),
      },
    }) + frameOf("ping"),
  );
  const end = (frames: string): void => {
    if (!stream.gone.aborted) stream.end(frames);
  };
  try {
    let outcome: AskedOutcome | null = null;
    for (let next = await first; !next.done && !outcome; ) {
      const event = next.value;
      if (event.type === "ended") outcome = event.outcome;
      else {
        const frames = framesOf(blocks.add(event));
        if (frames !== "") stream.send(frames);
        await stream.caughtUp();
        next = await events.next();
      }
    }
    const ended = wholeOutcome(outcome);
    const delta = { stop_reason: blocks.stopReason(ended), stop_sequence: null };
    const usage = await usageBody(ended.usage, asked, blocks.text());
    end(
      framesOf(blocks.end()) + frameOf("message_delta", { delta, usage }) + frameOf("message_stop"),
    );
  } catch (error) {
    const { type, ...fields } = errorBody(toAppError(error), reply.request.id);
    end(frameOf(type, fields));
  } finally {
    await events.return?.();
  }
}

/** Resolves when it has lasted so long that the client should see that the stream is there. */
const silence = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, SILENCE_MS).unref();
  });
