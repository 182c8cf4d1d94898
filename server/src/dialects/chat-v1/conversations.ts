import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { idempotencyOf, RepeatHeaders } from "../../http/idempotency.ts";
import { Type } from "../../http/schema.ts";
import { whenClosed } from "../../http/when-closed.ts";
import { projectOfQuery } from "./listing.ts";
import { conversationBody } from "./map.ts";
import { type ChatV1Parts, ORIGIN } from "./parts.ts";
import {
  answers,
  ConversationBody,
  ConversationChange,
  ConversationsQuery,
  DeletedBody,
  Meta,
  NewConversation,
  UserQuery,
} from "./schemas.ts";

const tags = ["chat-v1"];
const Params = Type.Object({ conversationId: Type.String() });
const ConversationQuery = Type.Object({
  wait: Type.Optional(
    Type.Literal("title", {
      description:
        "Answers when a model has named the conversation, at most 15 s later; at once where none is asked to.",
    }),
  ),
  ...UserQuery.properties,
});

export function conversationRoutes(
  plain: FastifyInstance,
  { conversations, titles }: Pick<ChatV1Parts, "conversations" | "titles">,
): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.post(
    "/v1/chat/conversations",
    {
      schema: {
        tags,
        summary: "Create a conversation",
        headers: RepeatHeaders,
        body: NewConversation,
        querystring: UserQuery,
        response: answers(201, ConversationBody),
      },
    },
    async (request, reply) => {
      const { title, agent_id, model, mode, is_temporary: isTemporary, project_id } = request.body;
      const created = await conversations.create(
        request.principal,
        ORIGIN,
        { title, agentId: agent_id, model, mode, isTemporary, projectId: project_id },
        [],
        idempotencyOf(request),
      );
      return reply.code(201).send({
        success: true,
        data: conversationBody(created),
        message: "Conversation created successfully",
      });
    },
  );

  app.get(
    "/v1/chat/conversations",
    {
      schema: {
        tags,
        summary:
          "List conversations that are not archived, or those that are, those used last first",
        querystring: ConversationsQuery,
        response: answers(200, Type.Array(ConversationBody), { meta: Meta }),
      },
    },
    async (request, reply) => {
      const { page, limit, is_pinned: isPinned, archived } = request.query;
      const projectId = projectOfQuery(request.query.project_id);
      const { items, total } = await conversations.list(request.principal, {
        limit,
        offset: (page - 1) * limit,
        isArchived: archived === "1",
        ...(projectId === undefined ? {} : { projectId }),
        ...(isPinned === undefined ? {} : { isPinned }),
      });
      // A page is small, and is written as it is in half of the time that the schema takes.
      return reply
        .type("application/json; charset=utf-8")
        .serializer(JSON.stringify)
        .send({
          success: true,
          data: items.map(conversationBody),
          meta: { total, page, limit, totalPages: Math.ceil(total / limit) },
        });
    },
  );

  app.get(
    "/v1/chat/conversations/:conversationId",
    {
      schema: {
        tags,
        summary: "Get a conversation",
        params: Params,
        querystring: ConversationQuery,
        response: answers(200, ConversationBody),
      },
    },
    async (request, reply) => {
      const { principal, params } = request;
      if (request.query.wait === "title") {
        const closing = new AbortController();
        whenClosed(reply.raw, () => closing.abort());
        await titles.settled(principal, params.conversationId, closing.signal);
      }
      const found = await conversations.get(principal, params.conversationId);
      return reply.send({ success: true, data: conversationBody(found) });
    },
  );

  app.patch(
    "/v1/chat/conversations/:conversationId",
    {
      schema: {
        tags,
        summary:
          "Rename, pin, archive, put into a project, choose who answers (an agent, a model), or choose the branch that is shown",
        params: Params,
        querystring: UserQuery,
        body: ConversationChange,
        response: answers(200, ConversationBody),
      },
    },
    async (request, reply) => {
      const { title, is_pinned, is_archived, project_id, agent_id, model, mode, active_branch } =
        request.body;
      const changed = await conversations.change(request.principal, request.params.conversationId, {
        title,
        isPinned: is_pinned,
        isArchived: is_archived,
        projectId: project_id,
        agentId: agent_id,
        model,
        mode,
        activeBranch: active_branch,
      });
      return reply.send({
        success: true,
        data: conversationBody(changed),
        message: "Conversation updated successfully",
      });
    },
  );

  app.delete(
    "/v1/chat/conversations/:conversationId",
    {
      schema: {
        tags,
        summary: "Delete a conversation and all its messages",
        params: Params,
        querystring: UserQuery,
        response: answers(200, DeletedBody),
      },
    },
    async (request, reply) => {
      const { conversationId } = request.params;
      await conversations.delete(request.principal, conversationId);
      return reply.send({
        success: true,
        data: { id: conversationId },
        message: "Conversation deleted successfully",
      });
    },
  );
}
