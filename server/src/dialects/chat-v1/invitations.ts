import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import type { Static } from "typebox";
import {
  DEFAULT_INVITATION_DAYS,
  DEFAULT_INVITED_SESSION_DAYS,
  type Invitation,
  MAX_INVITATION_DAYS,
  MAX_INVITED_SESSION_DAYS,
} from "../../domain/invitation.ts";
import { MAX_MODEL_PATTERNS } from "../../domain/model-patterns.ts";
import { ownerOf } from "../../domain/principal.ts";
import { idempotencyOf, RepeatHeaders } from "../../http/idempotency.ts";
import { Type } from "../../http/schema.ts";
import type { ChatV1Parts } from "./parts.ts";
import { answers, DeletedBody } from "./schemas.ts";

const tags = ["chat-v1"];
const DAY_MS = 24 * 3_600_000;
const Time = Type.String({ format: "date-time" });
const Text = (description: string) =>
  Type.Optional(Type.Union([Type.String(), Type.Null()], { description }));
const Days = (max: number, usual: number, description: string) =>
  Type.Optional(
    Type.Union([Type.Integer({ minimum: 1, maximum: max }), Type.Null()], {
      description: `${description} Default: ${usual}.`,
    }),
  );

const NewInvitation = Type.Object({
  name: Text("Whom it is for: what the list calls it."),
  invited_by: Text("Who invites, as the invited person reads it."),
  user_id: Text("Who the person will be. Default: a user who has nothing yet."),
  tenant_id: Text("The tenant of that user. Default: local."),
  is_operator: Type.Optional(Type.Boolean({ description: "May read figures and manage keys." })),
  models: Type.Optional(
    Type.Union([Type.Array(Type.String(), { maxItems: MAX_MODEL_PATTERNS }), Type.Null()], {
      description:
        "The models that the person may use; `*` stands for any characters. Default: every model of the server.",
    }),
  ),
  expires_in_days: Days(
    MAX_INVITATION_DAYS,
    DEFAULT_INVITATION_DAYS,
    "How long the link can be accepted.",
  ),
  session_days: Days(
    MAX_INVITED_SESSION_DAYS,
    DEFAULT_INVITED_SESSION_DAYS,
    "How long the person stays signed in.",
  ),
});

const fields = {
  id: Type.String(),
  name: Type.String(),
  invited_by: Type.String(),
  user_id: Type.String(),
  tenant_id: Type.String(),
  is_operator: Type.Boolean(),
  models: Type.Union([Type.Array(Type.String()), Type.Null()]),
  session_days: Type.Integer(),
  created_at: Time,
  expires_at: Time,
  accepted_at: Type.Union([Time, Type.Null()], { description: "Null: nobody has accepted it." }),
};
const InvitationBody = Type.Object(fields, { title: "Invitation" });
const CreatedInvitationBody = Type.Object(
  {
    ...fields,
    secret: Type.String({
      description: "What the link ends with, shown this once: /app/invitation#{secret}.",
    }),
  },
  { title: "CreatedInvitation" },
);

const invitationBody = (invitation: Invitation): Static<typeof InvitationBody> => ({
  id: invitation.id,
  name: invitation.name,
  invited_by: invitation.invitedBy,
  user_id: invitation.userId,
  tenant_id: invitation.tenantId,
  is_operator: invitation.isOperator,
  models: invitation.models && [...invitation.models],
  session_days: Math.round(invitation.sessionMs / DAY_MS),
  created_at: invitation.createdAt.toISOString(),
  expires_at: invitation.expiresAt.toISOString(),
  accepted_at: invitation.acceptedAt?.toISOString() ?? null,
});

/** For operators: others get 403. The `user_id` of a body is that of the invited person, it claims nobody. */
export function invitationRoutes(
  plain: FastifyInstance,
  { invitations }: Pick<ChatV1Parts, "invitations">,
): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.post(
    "/v1/chat/invitations",
    {
      config: { namesAnotherUser: true },
      schema: {
        tags,
        summary: "Make a link with which one person signs in, once; needs an operator",
        description:
          "The secret of the link is shown in this answer alone. A repeat with the same Idempotency-Key makes no other one, and is 409.",
        headers: RepeatHeaders,
        body: NewInvitation,
        response: answers(201, CreatedInvitationBody),
      },
    },
    async (request, reply) => {
      const { principal, body } = request;
      const idempotency = idempotencyOf(request);
      const { invitation, secret } = await invitations.create(
        principal,
        {
          name: body.name,
          invitedBy: body.invited_by,
          userId: body.user_id,
          tenantId: body.tenant_id,
          isOperator: body.is_operator,
          models: body.models,
          expiresInDays: body.expires_in_days,
          sessionDays: body.session_days,
        },
        idempotency && { ...idempotency, owner: ownerOf(principal) },
      );
      return reply
        .code(201)
        .send({ success: true, data: { ...invitationBody(invitation), secret } });
    },
  );

  app.get(
    "/v1/chat/invitations",
    {
      schema: {
        tags,
        summary:
          "List the invitations that are open or whose person is signed in; needs an operator",
        response: answers(200, Type.Array(InvitationBody)),
      },
    },
    async ({ principal }, reply) =>
      reply.send({
        success: true,
        data: (await invitations.list(principal)).map(invitationBody),
      }),
  );

  app.delete(
    "/v1/chat/invitations/:invitationId",
    {
      config: { mayEndCredential: true },
      schema: {
        tags,
        summary: "Revoke an invitation, and sign out whoever has accepted it; needs an operator",
        params: Type.Object({ invitationId: Type.String() }),
        response: answers(200, DeletedBody),
      },
    },
    async ({ principal, params }, reply) => {
      await invitations.revoke(principal, params.invitationId);
      return reply.send({ success: true, data: { id: params.invitationId } });
    },
  );
}
