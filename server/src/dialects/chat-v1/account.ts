import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import type { ChatV1Parts } from "./parts.ts";
import { answers, UserQuery } from "./schemas.ts";

const AccountBody = Type.Object(
  {
    user_id: Type.String(),
    tenant_id: Type.String(),
    is_operator: Type.Boolean({ description: "May read figures and manage keys." }),
    is_claimed: Type.Boolean({
      description: "False until the first key is made: no one needs one on the server's machine.",
    }),
  },
  { title: "Account" },
);

export function accountRoutes(
  plain: FastifyInstance,
  { isClaimed }: Pick<ChatV1Parts, "isClaimed">,
): void {
  plain.withTypeProvider<TypeBoxTypeProvider>().get(
    "/v1/chat/account",
    {
      schema: {
        tags: ["chat-v1"],
        summary: "Who the credential stands for",
        querystring: UserQuery,
        response: answers(200, AccountBody),
      },
    },
    async ({ principal }, reply) =>
      reply.send({
        success: true,
        data: {
          user_id: principal.userId,
          tenant_id: principal.tenantId,
          is_operator: principal.isOperator,
          is_claimed: await isClaimed(),
        },
      }),
  );
}
