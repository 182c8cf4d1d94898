import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { Type } from "../../http/schema.ts";
import type { ChatV1Parts } from "./parts.ts";
import { answers, UserQuery } from "./schemas.ts";

const HOUR_MS = 3_600_000;

const AccountBody = Type.Object(
  {
    user_id: Type.String(),
    tenant_id: Type.String(),
    is_operator: Type.Boolean({ description: "May read figures and manage keys." }),
    is_claimed: Type.Boolean({
      description: "False until the first key is made: no one needs one on the server's machine.",
    }),
    takes_claim_code: Type.Boolean({
      description:
        "The first key can be made with the code that the server showed on its terminal; otherwise by the command line alone.",
    }),
    can_share: Type.Boolean({
      description: "SHARE_LINKS: links can be made with which anybody reads a conversation.",
    }),
    can_hear: Type.Boolean({
      description:
        "A speech recogniser is there: recordings are written down (/v1/audio/transcriptions).",
    }),
    is_open: Type.Boolean({
      description: "AUTH_ANONYMOUS=open: anybody is served without a key on the wires 000 to 003.",
    }),
    temporary_hours: Type.Integer({ description: "How long a temporary conversation is kept." }),
  },
  { title: "Account" },
);

export function accountRoutes(
  plain: FastifyInstance,
  {
    isClaimed,
    takesClaimCode,
    isOpen,
    shares,
    engines,
    temporaryMs,
  }: Pick<
    ChatV1Parts,
    "isClaimed" | "takesClaimCode" | "isOpen" | "shares" | "engines" | "temporaryMs"
  >,
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
    async ({ principal }, reply) => {
      const isClaimedNow = await isClaimed();
      return reply.send({
        success: true,
        data: {
          user_id: principal.userId,
          tenant_id: principal.tenantId,
          is_operator: principal.isOperator,
          is_claimed: isClaimedNow,
          takes_claim_code: !isClaimedNow && takesClaimCode(),
          can_share: shares.isOn,
          can_hear: engines.hears !== null,
          is_open: isOpen,
          temporary_hours: temporaryMs / HOUR_MS,
        },
      });
    },
  );
}
