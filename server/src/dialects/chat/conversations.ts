import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { streamList } from "../../http/json-list.ts";
import { jsonInPieces } from "../../http/large-answers.ts";
import { Type } from "../../http/schema.ts";
import { principalFor, requireUser } from "./access.ts";
import { conversationBody } from "./map.ts";
import type { ChatParts } from "./parts.ts";
import {
  answers,
  ConversationBody,
  DeletedBody,
  ListQuery,
  Streamed,
  UserQuery,
} from "./schemas.ts";

const tags = ["chat"];
const Params = Type.Object({ conversationId: Type.String() });

export function conversationRoutes(
  plain: FastifyInstance,
  parts: Pick<ChatParts, "conversations">,
): void {
  const { conversations } = parts;
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.get(
    "/conversations",
    {
      preHandler: requireUser,
      schema: {
        tags,
        summary: "Get all conversations of a user with their messages, newest first",
        querystring: ListQuery,
        response: answers(Streamed(Type.Array(ConversationBody))),
      },
    },
    async (request, reply) => {
      const { limit, before } = request.query;
      const all = conversations.all(request.principal, { order: "newest", limit, before });
      const list = streamList(
        all,
        (one) => jsonInPieces(conversationBody(one, one.messages)),
        "[",
        () => "]",
      );
      return reply.type("application/json; charset=utf-8").send(list);
    },
  );

  app.get(
    "/conversations/:conversationId",
    {
      schema: {
        tags,
        summary: "Get a conversation with its messages",
        params: Params,
        querystring: UserQuery,
        response: answers(ConversationBody),
      },
    },
    async (request, reply) => {
      const { conversationId } = request.params;
      const principal = await principalFor(parts, request, conversationId);
      const conversation = await conversations.get(principal, conversationId);
      const messages = await conversations.messages(principal, conversationId);
      return reply.send(conversationBody(conversation, messages));
    },
  );

  app.delete(
    "/conversations/:conversationId",
    {
      schema: {
        tags,
        summary: "Delete a conversation and all its messages",
        params: Params,
        querystring: UserQuery,
        response: answers(DeletedBody),
      },
    },
    async (request, reply) => {
      const { conversationId } = request.params;
      const principal = await principalFor(parts, request, conversationId);
      await conversations.delete(principal, conversationId);
      return reply.send({ message: "Conversation deleted successfully" });
    },
  );
}
