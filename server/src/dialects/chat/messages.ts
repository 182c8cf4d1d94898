import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { checkMessageText } from "../../domain/text.ts";
import { errorOfEnding } from "../../domain/turn.ts";
import { idempotencyOf, RepeatHeaders } from "../../http/idempotency.ts";
import { requireUser } from "./access.ts";
import { unusualEnding } from "./map.ts";
import { type ChatParts, ORIGIN } from "./parts.ts";
import { answers, NewMessage, ReplyBody, UserQuery } from "./schemas.ts";
import { targetOf } from "./target.ts";

export function messageRoutes(plain: FastifyInstance, parts: ChatParts): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.post(
    "/chat",
    {
      preHandler: requireUser,
      schema: {
        tags: ["chat"],
        summary: "Send a message and wait for the whole reply",
        headers: RepeatHeaders,
        body: NewMessage,
        querystring: UserQuery,
        response: answers(ReplyBody),
      },
    },
    async (request, reply) => {
      const { message, conversation_id } = request.body;
      checkMessageText(message, "message");
      const turn = await parts.turns.start(request.principal, {
        target: targetOf(parts, conversation_id),
        content: message,
        model: null,
        temperature: null,
        origin: ORIGIN,
        idempotency: idempotencyOf(request),
      });
      const ending = await turn.ending;
      const problem = errorOfEnding(ending);
      if (problem) throw problem;
      return reply.send({
        response: ending.reply.content,
        conversation_id: turn.conversation.id,
        ...unusualEnding(ending.reply),
      });
    },
  );
}
