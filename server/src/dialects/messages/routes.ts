import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { RepeatHeaders } from "../../http/idempotency.ts";
import { goneOf } from "../../http/when-closed.ts";
import type { Repeats } from "../openai/repeats.ts";
import { tokensOf, wholeMessage } from "./answer.ts";
import type { MessagesParts } from "./parts.ts";
import { readRequest } from "./request.ts";
import { streamMessage } from "./stream.ts";

const tags = ["messages"];

type RouteParts = MessagesParts & { readonly repeats: Repeats };

export function messageRoutes(app: FastifyInstance, parts: RouteParts): void {
  app.post(
    "/v1/messages",
    {
      schema: {
        tags,
        summary: "Ask a model (Anthropic's Messages API); with stream:true as it answers",
        headers: RepeatHeaders,
      },
    },
    (request, reply) => answer(parts, request, reply),
  );

  app.post(
    "/v1/messages/count_tokens",
    { schema: { tags, summary: "Estimate how many tokens a request has" } },
    async ({ principal, body }) => {
      const { ask } = await readRequest(parts, principal, body, true);
      return { input_tokens: await tokensOf(ask) };
    },
  );
}

async function answer(
  parts: RouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { principal, headers } = request;
  const asked = await readRequest(parts, principal, request.body);
  const turn = await parts.answers.ask(principal, {
    question: () => asked.ask,
    repeatedAs: await parts.repeats.idempotencyOf(request, principal),
    // The clients that count repeats send a stream that has opened no second time.
    mayComeBack: !asked.isStreamed || headers["idempotency-key"] !== undefined,
  });
  if (asked.isStreamed) {
    await streamMessage(reply, turn, asked);
    return reply;
  }
  const gone = goneOf(reply);
  try {
    return await wholeMessage(turn, asked, gone);
  } catch (error) {
    if (!gone.aborted) throw error;
    // Nobody is there whom anything could be told.
    return reply.hijack();
  }
}
