import type { FastifyReply } from "fastify";
import { toAppError } from "../../domain/errors.ts";
import { type EventStream, openEventStream } from "../../http/sse.ts";
import { sendHeaders } from "../openai/headers.ts";
import { eventMaker } from "./events.ts";
import type { ResponseEvent } from "./item-body.ts";
import { failedOutcome } from "./response.ts";
import type { Running } from "./steps.ts";

const frameOf = (event: ResponseEvent): string =>
  `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

/** The events of a response, from its beginning to its end. */
export async function* eventsOf(
  running: Running,
  signal: AbortSignal,
): AsyncGenerator<readonly ResponseEvent[]> {
  const maker = eventMaker(running.base, running);
  yield maker.begin();
  try {
    for await (const step of running.steps(signal)) {
      if (step.type === "step") yield maker.add(step.delta, step.logprobs, step.isBefore);
      else yield maker.end(step.outcome, step.lastStatus, step.error);
    }
  } catch (error) {
    // What nobody keeps has failed where it cannot be followed.
    if (running.isKept) throw error;
    const failure = toAppError(error);
    yield maker.end(failedOutcome(running.base, failure), "incomplete", failure);
  }
}

/**
 * Streams a response.
 * @param startingAfter the number of the last event that the client has; null: it has none
 */
export async function streamResponse(
  reply: FastifyReply,
  running: Running,
  startingAfter: number | null = null,
): Promise<void> {
  sendHeaders(reply);
  const stream = openEventStream(reply);
  try {
    for await (const events of eventsOf(running, stream.gone)) {
      const wanted = events.filter(
        ({ sequence_number: number }) => startingAfter === null || number > startingAfter,
      );
      if (wanted.length > 0) await sendAll(stream, wanted);
    }
  } catch {
    // The reply goes on without this stream, and its client comes back for the rest.
    if (!stream.gone.aborted) stream.cut();
    return;
  }
  if (!stream.gone.aborted) stream.end("data: [DONE]\n\n");
}

async function sendAll(stream: EventStream, events: readonly ResponseEvent[]): Promise<void> {
  stream.send(events.map(frameOf).join(""));
  await stream.caughtUp();
}
