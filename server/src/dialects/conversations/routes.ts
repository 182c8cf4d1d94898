import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { AppError } from "../../domain/errors.ts";
import { idempotencyOf, RepeatHeaders } from "../../http/idempotency.ts";
import { streamList } from "../../http/json-list.ts";
import { jsonInPieces } from "../../http/large-answers.ts";
import { Type } from "../../http/schema.ts";
import { changeConversation, checkId, createConversation } from "./changes.ts";
import { conversationBody } from "./map.ts";
import { sortMessages } from "./messages.ts";
import type { ConversationsParts } from "./parts.ts";
import {
  ConversationChange,
  conversationAnswers,
  Deletion,
  DeletionQuery,
  deletedAnswers,
  listAnswers,
  NewConversation,
  oneAnswers,
  UserQuery,
} from "./schemas.ts";
import { conditionOf, etagOf } from "./versions.ts";

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
        async (conversation) => jsonInPieces(await conversationBody(conversation)),
        '{"success":true,"conversations":[',
        (count) => `],"count":${count},"requestId":${JSON.stringify(request.id)}}`,
      );
      return reply.type("application/json; charset=utf-8").send(list);
    },
  );

  app.get(
    `${url}/:conversationId`,
    {
      schema: {
        tags,
        summary: "Get one conversation with its messages",
        params: Type.Object({ conversationId: Type.String() }),
        querystring: UserQuery,
        response: oneAnswers,
      },
    },
    async ({ params: { conversationId }, id: requestId, principal }, reply) => {
      checkId(conversationId);
      const conversation = await conversations.get(principal, conversationId);
      const messages = await conversations.messages(principal, conversationId);
      return reply.header("etag", etagOf(conversation)).send({
        success: true,
        conversation: await conversationBody({ ...conversation, messages }),
        requestId,
      });
    },
  );

  app.post(
    url,
    {
      bodyLimit,
      schema: {
        tags,
        summary: "Create a conversation, with messages that exist already",
        headers: RepeatHeaders,
        querystring: UserQuery,
        body: NewConversation,
        response: conversationAnswers(201),
      },
    },
    async (request, reply) => {
      const { body, id: requestId, principal } = request;
      const { title, isPinned } = body;
      const { messages, skipped } = await sortMessages(body.messages ?? []);
      const draft = { title, isPinned, agentId: body.agentId || null, mode: body.mode || null };
      const created = await createConversation(
        conversations,
        principal,
        draft,
        messages,
        idempotencyOf(request),
      );
      return reply
        .code(201)
        .header("etag", etagOf(created))
        .send({
          success: true,
          conversation: await conversationBody(created),
          message: "Conversation created successfully",
          skipped,
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
    async ({ body, headers, id: requestId, principal }, reply) => {
      const { conversationId, title, isPinned, agentId, mode } = body;
      const { messages, skipped } = await sortMessages(body.messages ?? []);
      const change = {
        title,
        isPinned,
        agentId: agentId === "" ? null : agentId,
        mode: mode === "" ? null : mode,
        onlyIf: conditionOf(headers["if-match"], body.updatedAt),
      };
      const changed = await changeConversation(
        conversations,
        principal,
        conversationId,
        change,
        body.messages && messages,
      );
      return reply.header("etag", etagOf(changed)).send({
        success: true,
        conversation: await conversationBody(changed),
        message: "Conversation updated successfully",
        skipped,
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
