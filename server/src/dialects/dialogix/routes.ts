import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { wholeReply } from "../../core/turns/whole-reply.ts";
import { checkMessageText } from "../../domain/text.ts";
import { idempotencyOf, RepeatHeaders } from "../../http/idempotency.ts";
import { Type } from "../../http/schema.ts";
import { historyBody, messageId, nameBody, sessionId, unusualEnding } from "./map.ts";
import { type DialogixParts, ORIGIN } from "./parts.ts";
import {
  answers,
  CreatedBody,
  HistoryBody,
  NewConversation,
  NewMessage,
  ReplyBody,
  UserQuery,
} from "./schemas.ts";
import { findSession, nameIn, targetOf } from "./sessions.ts";

const tags = ["dialogix"];
const Params = Type.Object({ conversationId: Type.String() });

/** @param prefix what stands before `/chat` */
export function chatRoutes(plain: FastifyInstance, parts: DialogixParts, prefix: string): void {
  const { conversations, turns } = parts;
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  for (const path of ["/chat/completions", "/conversation/message"])
    app.post(
      `${prefix}${path}`,
      {
        schema: {
          tags,
          summary: "Send a message and wait for the whole reply",
          headers: RepeatHeaders,
          body: NewMessage,
          querystring: UserQuery,
          response: answers(ReplyBody),
        },
      },
      async (request, reply) => {
        const { message } = request.body;
        checkMessageText(message, "message");
        const name = nameIn(request.body);
        const answer = await wholeReply(turns, request.principal, {
          target: await targetOf(conversations, request.principal, name),
          content: message,
          origin: ORIGIN,
          idempotency: idempotencyOf(request),
        });
        return reply.send({
          message: answer.reply.content,
          messageId: messageId(answer.reply),
          ...nameBody(name || sessionId(answer.turn.conversation)),
          ...unusualEnding(answer.reply),
        });
      },
    );

  app.post(
    `${prefix}/chat/conversations`,
    {
      schema: {
        tags,
        summary: "Create a conversation",
        headers: RepeatHeaders,
        body: NewConversation,
        querystring: UserQuery,
        response: answers(CreatedBody),
      },
    },
    async (request, reply) => {
      const created = await conversations.create(
        request.principal,
        ORIGIN,
        {},
        [],
        idempotencyOf(request),
      );
      return reply.send(nameBody(sessionId(created)));
    },
  );

  app.get(
    `${prefix}/chat/history/:conversationId`,
    {
      schema: {
        tags,
        summary: "Get the messages of a conversation, oldest first",
        params: Params,
        querystring: UserQuery,
        response: answers(HistoryBody),
      },
    },
    async (request, reply) => {
      const { principal, params } = request;
      const { id } = await findSession(conversations, principal, params.conversationId);
      return reply.send(historyBody(await conversations.messages(principal, id)));
    },
  );
}
