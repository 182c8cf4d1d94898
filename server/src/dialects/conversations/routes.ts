import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { AppError } from "../../domain/errors.ts";
import { streamList } from "../../http/json-list.ts";
import { changeConversation, checkId, createConversation } from "./changes.ts";
import { conversationBody } from "./map.ts";
import type { ConversationsParts } from "./parts.ts";
import {
  ConversationChange,
  conversationAnswers,
  Deletion,
  DeletionQuery,
  deletedAnswers,
  listAnswers,
  NewConversation,
  UserQuery,
} from "./schemas.ts";

const tags = ["conversations"];
const url = "/api/conversations";
/** Whole histories move in at once. */
const bodyLimit = 16 * 1024 * 1024;

export function conversationRoutes(
  plain: FastifyInstance,
  { conversations }: Pick<ConversationsParts, "conversations">,
): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.get(
    url,
    {
      schema: {
        tags,
        summary: "Get all conversations of a user with their messages, pinned ones first",
        querystring: UserQuery,
        response: listAnswers,
      },
    },
    async (request, reply) => {
      const list = streamList(
        conversations.all(request.principal, { order: "pinned" }),
        (conversation) => JSON.stringify(conversationBody(conversation)),
        '{"success":true,"conversations":[',
        (count) => `],"count":${count},"requestId":${JSON.stringify(request.id)}}`,
      );
      return reply.type("application/json; charset=utf-8").send(list);
    },
  );

  app.post(
    url,
    {
      bodyLimit,
      schema: {
        tags,
        summary: "Create a conversation, with messages that exist already",
        querystring: UserQuery,
        body: NewConversation,
        response: conversationAnswers(201),
      },
    },
    async ({ body, id: requestId, principal }, reply) => {
      const { title, isPinned, messages = [] } = body;
      const draft = { title, isPinned, agentId: body.agentId || null, mode: body.mode || null };
      const created = await createConversation(conversations, principal, draft, messages);
      return reply.code(201).send({
        success: true,
        conversation: conversationBody(created),
        message: "Conversation created successfully",
        requestId,
      });
    },
  );

  app.put(
    url,
    {
      bodyLimit,
      schema: {
        tags,
        summary: "Change what is named of a conversation; messages replaces them all",
        querystring: UserQuery,
        body: ConversationChange,
        response: conversationAnswers(200),
      },
    },
    async ({ body, id: requestId, principal }, reply) => {
      const { conversationId, title, isPinned, agentId, mode, messages } = body;
      const change = {
        title,
        isPinned,
        agentId: agentId === "" ? null : agentId,
        mode: mode === "" ? null : mode,
      };
      const changed = await changeConversation(
        conversations,
        principal,
        conversationId,
        change,
        messages,
      );
      return reply.send({
        success: true,
        conversation: conversationBody(changed),
        message: "Conversation updated successfully",
        requestId,
      });
    },
  );

  app.delete(
    url,
    {
      schema: {
        tags,
        summary: "Delete a conversation and all its messages",
        querystring: DeletionQuery,
        body: Deletion,
        response: deletedAnswers,
      },
    },
    async ({ body, query, id: requestId, principal }, reply) => {
      const conversationId = theOne(body.conversationId, query.conversationId);
      checkId(conversationId);
      await conversations.delete(principal, conversationId);
      return reply.send({
        success: true,
        message: "Conversation deleted successfully",
        requestId,
      });
    },
  );
}

function theOne(inBody: string | undefined, inQuery: string | undefined): string {
  const field = "conversationId";
  const id = inBody ?? inQuery;
  if (id === undefined)
    throw new AppError("invalid_request", `${field} field is required`, { field });
  if (inQuery !== undefined && inQuery !== id)
    throw new AppError("invalid_request", `${field} differs between body and query`, { field });
  return id;
}
