import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { wholeReply } from "../../core/turns/whole-reply.ts";
import { checkMessageText } from "../../domain/text.ts";
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
      const answer = await wholeReply(parts.turns, request.principal, {
        target: targetOf(parts, conversation_id),
        content: message,
        origin: ORIGIN,
        idempotency: idempotencyOf(request),
      });
      return reply.send({
        response: answer.reply.content,
        conversation_id: answer.turn.conversation.id,
        ...unusualEnding(answer.reply),
      });
    },
  );
}
