import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import type { ChatV1Parts } from "./parts.ts";
import { answers, UserQuery } from "./schemas.ts";

const TicketBody = Type.Object(
  {
    ticket: Type.String({ description: "Goes into the socket's address as ?ticket=, once." }),
    user_id: Type.String({ description: "Whom it stands for." }),
    expires_at: Type.String({ format: "date-time" }),
  },
  { title: "Ticket" },
);

export function ticketRoutes(
  plain: FastifyInstance,
  { tickets }: Pick<ChatV1Parts, "tickets">,
): void {
  plain.withTypeProvider<TypeBoxTypeProvider>().post(
    "/v1/chat/tickets",
    {
      schema: {
        tags: ["chat-v1"],
        summary: "Get a ticket, with which a page opens one WebSocket within 30 s",
        querystring: UserQuery,
        response: answers(201, TicketBody),
      },
    },
    async (request, reply) => {
      const { ticket, expiresAt } = await tickets.issue(request.principal);
      return reply.code(201).send({
        success: true,
        data: { ticket, user_id: request.principal.userId, expires_at: expiresAt.toISOString() },
      });
    },
  );
}
