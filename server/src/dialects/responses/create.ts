import type { FastifyInstance, FastifyReply } from "fastify";
import { type Message, partsOf } from "../../domain/message.ts";
import { failureOf } from "../../domain/turn.ts";
import { RepeatHeaders } from "../../http/idempotency.ts";
import { goneOf } from "../../http/when-closed.ts";
import { sayNothingKept, sayWhereKept } from "../openai/headers.ts";
import type { Repeats } from "../openai/repeats.ts";
import { goOnApproved } from "./approvals.ts";
import { prepareResponse, startStored } from "./begin.ts";
import type { ResponsesParts } from "./parts.ts";
import { readRequest } from "./request.ts";
import { endedBody, responseBody } from "./response.ts";
import { streamResponse } from "./sse.ts";
import { beginStateless } from "./stateless.ts";
import { endOfSteps, type Running } from "./steps.ts";
import { runningOf } from "./stored.ts";

export const TAGS = ["responses"];

export function createRoutes(
  app: FastifyInstance,
  parts: ResponsesParts & { readonly repeats: Repeats },
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
      const asked = await readRequest(request.body, request.headers);
      const goesOn = await goOnApproved(parts, principal, asked);
      if (goesOn) {
        const running = await runningOf(parts, principal, goesOn.turn, goesOn.stage);
        if (asked.isStreamed) return streamResponse(reply, running);
        if (asked.isBackground) return reply.send(responseBody(running.base, "queued", null));
        return answerAtTheEnd(reply, running, goneOf(reply));
      }
      const ready = await prepareResponse(parts, principal, asked);
      const idempotency = await parts.repeats.idempotencyOf(request, principal);
      if (!ready.isKept) {
        const prompt = await ready.prompt(ready.place.history);
        const running = await beginStateless(parts, principal, asked, prompt, {
          repeatedAs: idempotency,
          // The clients that count repeats send a stream that has opened no second time.
          mayComeBack: !asked.isStreamed || request.headers["idempotency-key"] !== undefined,
        });
        return asked.isStreamed
          ? streamResponse(reply, running)
          : answerAtTheEnd(reply, running, goneOf(reply));
      }
      const turn = await startStored(parts, principal, asked, ready, idempotency);
      const running = await runningOf(parts, principal, turn);
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

async function answerAtTheEnd(
  reply: FastifyReply,
  running: Running,
  signal: AbortSignal,
): Promise<FastifyReply> {
  const ended = await endOfSteps(running, signal);
  return reply.send(ended && endedBody(running.base, ended.outcome));
}

const isUnsaid = (reply: Message): boolean => partsOf(reply).length === 0;
