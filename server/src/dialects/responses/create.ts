import type { FastifyInstance, FastifyReply } from "fastify";
import { type Message, partsOf } from "../../domain/message.ts";
import { failureOf } from "../../domain/turn.ts";
import { RepeatHeaders } from "../../http/idempotency.ts";
import { goneOf } from "../../http/when-closed.ts";
import { sayNothingKept, sayWhereKept } from "../openai/headers.ts";
import type { Repeats } from "../openai/repeats.ts";
import type { Reading, SharedAnswers } from "../openai/shared-answers.ts";
import { prepareResponse, startStored } from "./begin.ts";
import type { ResponsesParts } from "./parts.ts";
import { readRequest } from "./request.ts";
import { endedBody, responseBody } from "./response.ts";
import { streamResponse } from "./sse.ts";
import { beginStateless } from "./stateless.ts";
import { endOfSteps, type Running, type Step } from "./steps.ts";
import { runningOf } from "./stored.ts";

export const TAGS = ["responses"];

export function createRoutes(
  app: FastifyInstance,
  parts: ResponsesParts & { readonly repeats: Repeats; readonly shared: SharedAnswers },
): void {
  app.post(
    "/v1/responses",
    {
      schema: {
        tags: TAGS,
        summary: "Ask for a response (OpenAI's Responses API)",
        headers: RepeatHeaders,
      },
    },
    async (request, reply) => {
      const { principal } = request;
      const asked = readRequest(request.body, request.headers);
      const ready = await prepareResponse(parts, principal, asked);
      const idempotency = await parts.repeats.idempotencyOf(request, principal);
      if (!ready.isKept) {
        const { head, follow } = await parts.shared.answerTo(
          {
            owner: principal,
            idempotency,
            // The clients that count repeats send a stream that has opened no second time.
            mayComeBack: !asked.isStreamed || request.headers["idempotency-key"] !== undefined,
          },
          async () => {
            const prompt = await ready.prompt(ready.place.history);
            const { steps, base, ...rest } = await beginStateless(parts, principal, asked, prompt);
            const { echo: _, ...begun } = base;
            return { head: { rest, begun }, follow: steps };
          },
          READING,
        );
        const base = { ...head.begun, echo: asked.echo };
        const running: Running = { ...head.rest, base, steps: follow };
        return asked.isStreamed
          ? streamResponse(reply, running)
          : answerAtTheEnd(reply, running, goneOf(reply));
      }
      const turn = await startStored(parts, principal, asked, ready, idempotency);
      const running = runningOf(turn);
      sayWhereKept(reply, turn, ready.place.isHidden);
      if (asked.isStreamed) return streamResponse(reply, running);
      if (asked.isBackground) return reply.send(responseBody(running.base, "queued", null));
      const ending = await turn.ending;
      if (ending.type === "failed" && isUnsaid(ending.reply)) {
        sayNothingKept(reply);
        throw failureOf(ending.error);
      }
      return answerAtTheEnd(reply, running, new AbortController().signal);
    },
  );
}

const READING: Reading<Step> = {
  endOf(step) {
    if (step.type !== "ended") return null;
    const { status } = step.outcome;
    return status === "completed" || status === "incomplete" ? "whole" : "failed";
  },
  sizeOf: (step) =>
    step.type === "ended" ? JSON.stringify(step.outcome.output).length : textOf(step),
};

const textOf = ({ delta }: Extract<Step, { type: "step" }>): number =>
  delta.type === "grow" ? delta.text.length : 0;

async function answerAtTheEnd(
  reply: FastifyReply,
  running: Running,
  signal: AbortSignal,
): Promise<FastifyReply> {
  const ended = await endOfSteps(running, signal);
  return reply.send(ended && endedBody(running.base, ended.outcome));
}

const isUnsaid = (reply: Message): boolean => partsOf(reply).length === 0;
