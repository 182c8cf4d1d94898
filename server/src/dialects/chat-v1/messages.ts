import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { replyToWatch } from "../../core/access/access.ts";
import { AppError } from "../../domain/errors.ts";
import { failureOf } from "../../domain/turn.ts";
import { idempotencyOf, RepeatHeaders } from "../../http/idempotency.ts";
import { Type } from "../../http/schema.ts";
import { asked, existing } from "./asked.ts";
import { checkPlace } from "./branches.ts";
import { messageBody, replyBody } from "./map.ts";
import { RestoreBody, RestoredBody, StoppedBody } from "./message-actions.ts";
import { type ChatV1Parts, ORIGIN } from "./parts.ts";
import {
  answers,
  DeletedBody,
  MessageBody,
  MessageQuery,
  MessagesQuery,
  NewMessage,
  NewStreamedConversation,
  ResumeQuery,
  StopQuery,
  UserQuery,
} from "./schemas.ts";
import { repeatPoint, repeatTurn, resumeTurn, streamTurn } from "./stream.ts";
import { isAtEnd, resumePoint, viewOf } from "./view.ts";

const tags = ["chat-v1"];
const ofConversation = Type.Object({ conversationId: Type.String() });
const ofMessage = Type.Object({ messageId: Type.String() });

export function messageRoutes(
  plain: FastifyInstance,
  { conversations, turns, files }: Pick<ChatV1Parts, "conversations" | "turns" | "files">,
): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.post(
    "/v1/chat/conversations/:conversationId/messages",
    {
      schema: {
        tags,
        summary: "Send a message and wait for the whole reply",
        headers: RepeatHeaders,
        params: ofConversation,
        querystring: UserQuery,
        body: NewMessage,
        response: answers(201, Type.Array(MessageBody)),
      },
    },
    async (request, reply) => {
      const { conversationId } = request.params;
      const { role = "user", branch } = request.body;
      const content = checkPlace(request.body);
      if (role !== "user") {
        if (request.body.attachments?.length)
          throw new AppError("invalid_request", "Only a message of role user can have files", {
            field: "attachments",
          });
        const stored = await conversations.append(
          request.principal,
          conversationId,
          { role, content },
          idempotencyOf(request),
          branch ?? undefined,
        );
        return reply.code(201).send({ success: true, data: [messageBody(stored)] });
      }
      const turn = await turns.start(
        request.principal,
        await asked({ files }, request, existing(request, conversationId, request.body), {
          ...request.body,
          content,
        }),
      );
      const ending = await turn.ending;
      if (ending.type === "failed") throw failureOf(ending.error);
      const { parts } = viewOf(request.body);
      const data = [messageBody(turn.userMessage, parts), replyBody(ending, parts)];
      return reply.code(201).send({ success: true, data });
    },
  );

  app.post(
    "/v1/chat/conversations/:conversationId/messages/stream",
    {
      schema: {
        tags,
        summary: "Send a message and watch the reply",
        headers: RepeatHeaders,
        produces: ["text/event-stream"],
        params: ofConversation,
        querystring: UserQuery,
        body: NewMessage,
      },
    },
    async (request, reply) => {
      const { conversationId } = request.params;
      if ((request.body.role ?? "user") !== "user")
        throw new AppError(
          "invalid_request",
          "Only a message of role user has a reply to stream; POST the others to …/messages",
          { field: "role" },
        );
      const point = repeatPoint(request.headers["last-event-id"]);
      if (point) {
        const known = await turns.watch(request.principal, conversationId, point.replyId);
        return repeatTurn(reply, known, point, viewOf(request.body));
      }
      const content = checkPlace(request.body);
      const turn = await turns.start(
        request.principal,
        await asked({ files }, request, existing(request, conversationId, request.body), {
          ...request.body,
          content,
        }),
      );
      const view = viewOf(request.body);
      const opening = { type: "user_message", data: messageBody(turn.userMessage, view.parts) };
      return streamTurn(reply, turn, opening, view);
    },
  );

  app.post(
    "/v1/chat/conversations/stream",
    {
      schema: {
        tags,
        summary: "Create a conversation with its first message and watch the reply",
        headers: RepeatHeaders,
        produces: ["text/event-stream"],
        querystring: UserQuery,
        body: NewStreamedConversation,
      },
    },
    async (request, reply) => {
      const point = repeatPoint(request.headers["last-event-id"]);
      if (point) {
        const known = await turns.watchReply(request.principal, point.replyId);
        return repeatTurn(reply, known, point, viewOf(request.body));
      }
      const { title, agent_id, model, keep_model, mode, is_temporary, project_id } = request.body;
      const conversation = conversations.draft(ORIGIN, {
        ...{ title, mode, agentId: agent_id, projectId: project_id },
        model: keep_model ? model : null,
        isTemporary: is_temporary,
      });
      const turn = await turns.start(
        request.principal,
        await asked({ files }, request, { kind: "new", conversation }, request.body),
      );
      const view = viewOf(request.body);
      const userMessage = messageBody(turn.userMessage, view.parts);
      const data = { conversationId: turn.conversation.id, userMessage };
      return streamTurn(reply, turn, { type: "conversation_created", data }, view);
    },
  );

  app.get(
    "/v1/chat/conversations/:conversationId/messages/stream",
    {
      schema: {
        tags,
        summary: "Watch a reply from where one left it",
        description:
          "Also for a page's `EventSource`, which sends no Authorization: it is let in by a `ticket`, comes back by itself with the id of the last event, and ends at the 204 that follows the last.",
        produces: ["text/event-stream"],
        params: ofConversation,
        querystring: ResumeQuery,
      },
      config: { watchesReply: true },
    },
    async (request, reply) => {
      const point = resumePoint(
        request.headers["last-event-id"]?.toString() || request.query.after,
      );
      const { conversationId } = request.params;
      const replyId = replyToWatch(request.principal, conversationId, point.replyId);
      const { reasoning, parts, branch } = request.query;
      const turn = await turns.watch(request.principal, conversationId, replyId, branch);
      if (!turn || isAtEnd(turn, point)) return reply.code(204).send();
      const view = { reasoning: reasoning === "1", parts: parts === "1" };
      return resumeTurn(reply, turn, point, view);
    },
  );

  app.post(
    "/v1/chat/conversations/:conversationId/messages/stop",
    {
      schema: {
        tags,
        summary: "Stop the reply; what was said is kept",
        params: ofConversation,
        querystring: StopQuery,
        response: answers(200, StoppedBody),
      },
    },
    async ({ principal, params, query }, reply) => {
      const which = query.waiting === "keep" ? "first" : "all";
      const { conversationId } = params;
      const stopped = await turns.stop(principal, conversationId, "stopped", which, query.branch);
      return reply.send({ success: true, data: { stopped } });
    },
  );

  app.post(
    "/v1/chat/conversations/:conversationId/messages/restore",
    {
      schema: {
        tags,
        summary: "Bring back what a message took the place of, within a minute",
        description:
          "The message that was sent with `replace_from` goes, with its reply, and what it replaced is there again: the same messages with the same ids. 404 when that is too long ago, 409 when more was said since.",
        params: ofConversation,
        querystring: UserQuery,
        body: RestoreBody,
        response: answers(200, RestoredBody),
      },
    },
    async (request, reply) => {
      const restored = await conversations.restore(
        request.principal,
        request.params.conversationId,
        request.body.replaced_by,
      );
      return reply.send({ success: true, data: { restored } });
    },
  );

  app.get(
    "/v1/chat/conversations/:conversationId/messages",
    {
      schema: {
        tags,
        summary: "List messages, oldest first",
        params: ofConversation,
        querystring: MessagesQuery,
        response: answers(200, Type.Array(MessageBody)),
      },
    },
    async (request, reply) => {
      const { conversationId } = request.params;
      const { limit, before, branch, parts } = request.query;
      const page = { limit, before, branch };
      const messages = await conversations.messages(request.principal, conversationId, page);
      const versions =
        request.query.versions === "1"
          ? await conversations.versions(request.principal, conversationId)
          : null;
      const data = messages.map((message) =>
        messageBody(message, parts === "steps" ? parts : parts === "1", versions?.get(message.id)),
      );
      return reply.send({ success: true, data });
    },
  );

  app.get(
    "/v1/chat/messages/:messageId",
    {
      schema: {
        tags,
        summary: "Get a message",
        params: ofMessage,
        querystring: MessageQuery,
        response: answers(200, MessageBody),
      },
    },
    async (request, reply) => {
      const message = await conversations.message(request.principal, request.params.messageId);
      const data = messageBody(message, request.query.parts === "1");
      return reply.send({ success: true, data });
    },
  );

  app.delete(
    "/v1/chat/messages/:messageId",
    {
      schema: {
        tags,
        summary: "Delete a message",
        params: ofMessage,
        querystring: UserQuery,
        response: answers(200, DeletedBody),
      },
    },
    async (request, reply) => {
      const { messageId } = request.params;
      await conversations.deleteMessage(request.principal, messageId);
      return reply.send({
        success: true,
        data: { id: messageId },
        message: "Message deleted successfully",
      });
    },
  );
}
