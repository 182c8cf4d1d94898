import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import type { Static } from "typebox";
import type { ApiKey } from "../../domain/key.ts";
import { MAX_MODEL_PATTERNS } from "../../domain/model-patterns.ts";
import { ownerOf } from "../../domain/principal.ts";
import { idempotencyOf, RepeatHeaders } from "../../http/idempotency.ts";
import { Type } from "../../http/schema.ts";
import type { ChatV1Parts } from "./parts.ts";
import { answers } from "./schemas.ts";

const tags = ["chat-v1"];
const Params = Type.Object({ keyId: Type.String() });
const Nullable = (description: string) =>
  Type.Optional(Type.Union([Type.String(), Type.Null()], { description }));

const NewKey = Type.Object({
  name: Nullable("What the list calls it."),
  user_id: Nullable("Whom it speaks for. Default: the user who speaks when nobody is named."),
  tenant_id: Nullable("The tenant of that user. Default: local."),
  claim_code: Nullable(
    "For the first key, on the server's machine: the code that the server showed on its terminal.",
  ),
  act_as: Type.Optional(Type.Boolean({ description: "May speak for every user of its tenant." })),
  is_operator: Type.Optional(
    Type.Boolean({
      description: "May read figures and manage keys. The first key ever always may.",
    }),
  ),
  models: Type.Optional(
    Type.Union([Type.Array(Type.String(), { maxItems: MAX_MODEL_PATTERNS }), Type.Null()], {
      description:
        "The models that it may use; `*` stands for any characters. Default: every model of the server.",
    }),
  ),
});

const fields = {
  id: Type.String(),
  prefix: Type.String({ description: "The first characters of the key." }),
  name: Type.String(),
  user_id: Type.String(),
  tenant_id: Type.String(),
  act_as: Type.Boolean(),
  is_operator: Type.Boolean(),
  models: Type.Union([Type.Array(Type.String()), Type.Null()], {
    description: "The models that it may use; null: every model of the server.",
  }),
  created_at: Type.String({ format: "date-time" }),
  revoked_at: Type.Union([Type.String({ format: "date-time" }), Type.Null()]),
};
const KeyBody = Type.Object(fields, { title: "Key" });
const CreatedKeyBody = Type.Object(
  { ...fields, key: Type.String({ description: "The key itself, shown this once." }) },
  { title: "CreatedKey" },
);

/** For operators: others get 403. The `user_id` of a body is the key's, it claims nobody. */
export function keyRoutes(plain: FastifyInstance, { keys }: Pick<ChatV1Parts, "keys">): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.post(
    "/v1/chat/keys",
    {
      config: { namesAnotherUser: true, mayEndCredential: true },
      schema: {
        tags,
        summary: "Create a key; needs an operator, or for the first one its claim code",
        description:
          "The key is shown in this answer alone. A repeat with the same Idempotency-Key makes no other one, and is 409.",
        headers: RepeatHeaders,
        body: NewKey,
        response: answers(201, CreatedKeyBody),
      },
    },
    async (request, reply) => {
      const { principal, body } = request;
      const draft = {
        name: body.name,
        userId: body.user_id,
        tenantId: body.tenant_id,
        actAs: body.act_as,
        isOperator: body.is_operator,
        claimCode: body.claim_code,
        models: body.models,
      };
      const idempotency = idempotencyOf(request);
      const { key, secret } = await keys.create(
        principal,
        draft,
        idempotency && { ...idempotency, owner: ownerOf(principal) },
      );
      return reply.code(201).send({
        success: true,
        data: { ...keyBody(key), key: secret },
        message: "Key created successfully",
      });
    },
  );

  app.get(
    "/v1/chat/keys",
    {
      schema: {
        tags,
        summary: "List the keys, revoked ones too; needs an operator",
        response: answers(200, Type.Array(KeyBody)),
      },
    },
    async ({ principal }, reply) =>
      reply.send({ success: true, data: (await keys.list(principal)).map(keyBody) }),
  );

  app.delete(
    "/v1/chat/keys/:keyId",
    {
      config: { mayEndCredential: true },
      schema: {
        tags,
        summary: "Revoke a key; needs an operator",
        params: Params,
        response: answers(200, KeyBody),
      },
    },
    async ({ principal, params }, reply) =>
      reply.send({
        success: true,
        data: keyBody(await keys.revoke(principal, params.keyId)),
        message: "Key revoked successfully",
      }),
  );
}

const keyBody = (key: ApiKey): Static<typeof KeyBody> => ({
  id: key.id,
  prefix: key.prefix,
  name: key.name,
  user_id: key.userId,
  tenant_id: key.tenantId,
  act_as: key.actAs,
  is_operator: key.isOperator,
  models: key.models && [...key.models],
  created_at: key.createdAt.toISOString(),
  revoked_at: key.revokedAt?.toISOString() ?? null,
});
