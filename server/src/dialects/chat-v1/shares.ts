import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import type { Static } from "typebox";
import { DEFAULT_TITLE } from "../../domain/conversation.ts";
import { DEFAULT_SHARE_DAYS, type ListedShare, MAX_SHARE_DAYS } from "../../domain/share.ts";
import { idempotencyOf, RepeatHeaders } from "../../http/idempotency.ts";
import { Type } from "../../http/schema.ts";
import type { ChatV1Parts } from "./parts.ts";
import { answers, DeletedBody, Nullable, User, UserQuery } from "./schemas.ts";

const tags = ["chat-v1"];
const Time = Type.String({ format: "date-time" });

const NewShare = Type.Object({
  message_id: Type.Optional(
    Nullable(
      Type.String({
        description:
          "The last message that is shown, on its branch. Default: the latest of the active branch.",
      }),
    ),
  ),
  expires_in_days: Type.Optional(
    Nullable(Type.Integer({ minimum: 1, maximum: MAX_SHARE_DAYS, default: DEFAULT_SHARE_DAYS })),
  ),
  ...User,
});

const ShareBody = Type.Object(
  {
    id: Type.String({ description: "Names the link to its owner; the link does not contain it." }),
    token: Type.String({ description: "What the link ends with: /app/shared/{token}." }),
    conversation_id: Type.String(),
    title: Type.String(),
    created_at: Time,
    expires_at: Time,
  },
  { title: "Share" },
);

const SharedBody = Type.Object(
  {
    title: Type.String(),
    shared_at: Time,
    expires_at: Time,
    messages: Type.Array(
      Type.Object({
        role: Type.Union([Type.Literal("user"), Type.Literal("assistant")]),
        content: Type.String(),
        files: Type.Array(Type.String(), {
          description: "The names of the attached files, which are not shared themselves.",
        }),
        created_at: Time,
      }),
    ),
  },
  { title: "SharedConversation" },
);

const shareBody = (share: ListedShare): Static<typeof ShareBody> => ({
  id: share.id,
  token: share.token,
  conversation_id: share.conversationId,
  title: share.title ?? DEFAULT_TITLE,
  created_at: share.createdAt.toISOString(),
  expires_at: share.expiresAt.toISOString(),
});

export function shareRoutes(plain: FastifyInstance, { shares }: Pick<ChatV1Parts, "shares">): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.post(
    "/v1/chat/conversations/:conversationId/shares",
    {
      schema: {
        tags,
        summary: "Make a link with which anybody can read the conversation up to a message",
        headers: RepeatHeaders,
        params: Type.Object({ conversationId: Type.String() }),
        querystring: UserQuery,
        body: NewShare,
        response: answers(201, ShareBody),
      },
    },
    async (request, reply) => {
      const { message_id: messageId, expires_in_days: expiresInDays } = request.body;
      const made = await shares.create(
        request.principal,
        { conversationId: request.params.conversationId, messageId, expiresInDays },
        idempotencyOf(request),
      );
      return reply.code(201).send({ success: true, data: shareBody(made) });
    },
  );

  app.get(
    "/v1/chat/shares",
    {
      schema: {
        tags,
        summary: "List the links that work, newest first",
        querystring: UserQuery,
        response: answers(200, Type.Array(ShareBody)),
      },
    },
    async ({ principal }, reply) =>
      reply.send({ success: true, data: (await shares.list(principal)).map(shareBody) }),
  );

  app.delete(
    "/v1/chat/shares/:shareId",
    {
      schema: {
        tags,
        summary: "Revoke a link, which then opens nothing",
        params: Type.Object({ shareId: Type.String() }),
        querystring: UserQuery,
        response: answers(200, DeletedBody),
      },
    },
    async ({ principal, params }, reply) => {
      await shares.revoke(principal, params.shareId);
      return reply.send({ success: true, data: { id: params.shareId } });
    },
  );

  app.get(
    "/v1/chat/shared/:shareToken",
    {
      schema: {
        tags,
        summary: "Read what a link shows",
        description:
          "Needs no credential but the link's token. It shows the words of the conversation's user and of the replies, and no id.",
        params: Type.Object({ shareToken: Type.String() }),
        security: [],
        response: answers(200, SharedBody),
      },
      config: { readsShare: true },
    },
    async ({ principal }, reply) => {
      const { title, sharedAt, expiresAt, messages } = await shares.read(principal);
      return reply.header("x-robots-tag", "noindex, nofollow").send({
        success: true,
        data: {
          title: title ?? DEFAULT_TITLE,
          shared_at: sharedAt.toISOString(),
          expires_at: expiresAt.toISOString(),
          messages: messages.map(({ role, content, attachments = [], createdAt }) => ({
            role: role === "user" ? ("user" as const) : ("assistant" as const),
            content,
            files: attachments.map(({ name }) => name),
            created_at: createdAt.toISOString(),
          })),
        },
      });
    },
  );
}
