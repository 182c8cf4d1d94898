import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { AppError, notFound } from "../../domain/errors.ts";
import type { OneReply, Principal } from "../../domain/principal.ts";
import { idempotencyOf, RepeatHeaders } from "../../http/idempotency.ts";
import { Type } from "../../http/schema.ts";
import type { ChatV1Parts } from "./parts.ts";
import { answers, Nullable, User, UserQuery } from "./schemas.ts";

const NewTicket = Type.Object({
  conversation_id: Type.Optional(
    Nullable(
      Type.String({
        description: "The ticket lets a page watch a reply of it. Without: it opens one WebSocket.",
      }),
    ),
  ),
  reply_id: Type.Optional(
    Nullable(
      Type.String({
        description:
          "Which reply: the part before the colon of any id of its events. Default: the latest.",
      }),
    ),
  ),
  ...User,
});

const TicketBody = Type.Object(
  {
    ticket: Type.String({
      description: "Goes into the address of the socket or the stream as ?ticket=.",
    }),
    user_id: Type.String({ description: "Whom it stands for." }),
    expires_at: Type.String({
      format: "date-time",
      description: "It has to be used, for the first time, before that.",
    }),
    reply_id: Nullable(Type.String({ description: "The reply that it lets a page watch." })),
    usable_until: Nullable(
      Type.String({
        format: "date-time",
        description: "Until when it can be used again; null: it is used once.",
      }),
    ),
  },
  { title: "Ticket" },
);

export function ticketRoutes(
  plain: FastifyInstance,
  { tickets, turns }: Pick<ChatV1Parts, "tickets" | "turns">,
): void {
  /** @throws AppError not_found when it is none of the owner's, or ended too long ago */
  const replyOf = async (
    owner: Principal,
    conversationId: string,
    replyId: string | null,
  ): Promise<OneReply> => {
    const turn = await turns.watch(owner, conversationId, replyId);
    if (!turn) throw notFound("reply");
    return { conversationId, replyId: turn.replyId };
  };

  plain.withTypeProvider<TypeBoxTypeProvider>().post(
    "/v1/chat/tickets",
    {
      schema: {
        tags: ["chat-v1"],
        summary: "Get a ticket, with which a page opens one WebSocket, or watches one reply",
        description:
          "A page cannot send headers with a WebSocket or an `EventSource`, and must not put a key into an address. Without `conversation_id` the ticket opens one WebSocket within 30 s. With it, it opens `GET /v1/chat/conversations/{conversationId}/messages/stream?ticket=…` within 30 s and then again, as often as an `EventSource` has to come back, until `usable_until`: for one reply, and nothing else. A repeat with the same `Idempotency-Key` gets no other ticket, and is 409.",
        headers: RepeatHeaders,
        querystring: UserQuery,
        body: NewTicket,
        response: answers(201, TicketBody),
      },
    },
    async (request, reply) => {
      const { principal } = request;
      const { conversation_id: conversationId, reply_id: replyId } = request.body;
      if (replyId && !conversationId)
        throw new AppError("invalid_request", "Send the conversation_id of that reply, too", {
          field: "conversation_id",
        });
      const onlyReply = conversationId
        ? await replyOf(principal, conversationId, replyId || null)
        : null;
      const { ticket, expiresAt, usableUntil } = await tickets.issue(
        principal,
        onlyReply,
        idempotencyOf(request),
      );
      return reply.code(201).send({
        success: true,
        data: {
          ticket,
          user_id: principal.userId,
          expires_at: expiresAt.toISOString(),
          reply_id: onlyReply?.replyId ?? null,
          usable_until: usableUntil?.toISOString() ?? null,
        },
      });
    },
  );
}
