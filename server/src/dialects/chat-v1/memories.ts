import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import type { Static } from "typebox";
import type { Memories } from "../../core/memories.ts";
import { MAX_MEMORIES, MAX_MEMORY_CHARACTERS, type Memory } from "../../domain/memory.ts";
import type { Principal } from "../../domain/principal.ts";
import { idempotencyOf, RepeatHeaders } from "../../http/idempotency.ts";
import { Type } from "../../http/schema.ts";
import type { ChatV1Parts } from "./parts.ts";
import { answers, DeletedBody, User, UserQuery } from "./schemas.ts";

const tags = ["chat-v1"];
const Params = Type.Object({ memoryId: Type.String() });
const Time = Type.String({ format: "date-time" });

const IsOn = Type.Boolean({
  description:
    "Models may remember the user in all conversations but temporary ones, and are told what is remembered.",
});
const SwitchBody = Type.Object(
  {
    is_on: IsOn,
    is_allowed: Type.Boolean({ description: "MEMORY: it can be switched on on this server." }),
  },
  { title: "MemorySwitch" },
);
const Text = Type.String({
  description: `A short sentence of 1 to ${MAX_MEMORY_CHARACTERS} characters.`,
});
const NewMemory = Type.Object({ text: Text, ...User });
const MemoryBody = Type.Object(
  { id: Type.String(), text: Text, created_at: Time, updated_at: Time },
  { title: "Memory" },
);

const memoryBody = (memory: Memory): Static<typeof MemoryBody> => ({
  id: memory.id,
  text: memory.text,
  created_at: memory.createdAt.toISOString(),
  updated_at: memory.updatedAt.toISOString(),
});

/** Models are told nothing where the operator does not allow it. */
const switchBody = async (
  { isAllowed, isOn }: Memories,
  principal: Principal,
): Promise<Static<typeof SwitchBody>> => ({
  is_on: isAllowed && (await isOn(principal)),
  is_allowed: isAllowed,
});

export function memoryRoutes(
  plain: FastifyInstance,
  { memories }: Pick<ChatV1Parts, "memories">,
): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.get(
    "/v1/chat/memory",
    {
      schema: {
        tags,
        summary: "Whether models may remember the user",
        querystring: UserQuery,
        response: answers(200, SwitchBody),
      },
    },
    async ({ principal }, reply) =>
      reply.send({ success: true, data: await switchBody(memories, principal) }),
  );

  app.put(
    "/v1/chat/memory",
    {
      schema: {
        tags,
        summary: "Let models remember the user, or do so no longer",
        description: "What is remembered stays until it is deleted.",
        querystring: UserQuery,
        body: Type.Object({ is_on: IsOn, ...User }),
        response: answers(200, SwitchBody),
      },
    },
    async ({ principal, body }, reply) => {
      await memories.switch(principal, body.is_on);
      return reply.send({ success: true, data: await switchBody(memories, principal) });
    },
  );

  app.get(
    "/v1/chat/memories",
    {
      schema: {
        tags,
        summary: "List what is remembered of the user, oldest first",
        querystring: UserQuery,
        response: answers(200, Type.Array(MemoryBody)),
      },
    },
    async ({ principal }, reply) =>
      reply.send({ success: true, data: (await memories.list(principal)).map(memoryBody) }),
  );

  app.post(
    "/v1/chat/memories",
    {
      schema: {
        tags,
        summary: "Add something that is remembered of the user",
        description: `At most ${MAX_MEMORIES} memories are kept of a user.`,
        headers: RepeatHeaders,
        querystring: UserQuery,
        body: NewMemory,
        response: answers(201, MemoryBody),
      },
    },
    async (request, reply) => {
      const { principal, body } = request;
      const added = await memories.add(principal, body.text, idempotencyOf(request));
      return reply.code(201).send({ success: true, data: memoryBody(added) });
    },
  );

  app.put(
    "/v1/chat/memories/:memoryId",
    {
      schema: {
        tags,
        summary: "Replace the text of a memory",
        params: Params,
        querystring: UserQuery,
        body: NewMemory,
        response: answers(200, MemoryBody),
      },
    },
    async ({ principal, params, body }, reply) =>
      reply.send({
        success: true,
        data: memoryBody(await memories.change(principal, params.memoryId, body.text)),
      }),
  );

  app.delete(
    "/v1/chat/memories/:memoryId",
    {
      schema: {
        tags,
        summary: "Delete a memory",
        params: Params,
        querystring: UserQuery,
        response: answers(200, DeletedBody),
      },
    },
    async ({ principal, params }, reply) => {
      await memories.delete(principal, params.memoryId);
      return reply.send({ success: true, data: { id: params.memoryId } });
    },
  );

  app.delete(
    "/v1/chat/memories",
    {
      schema: {
        tags,
        summary: "Delete everything that is remembered of the user",
        querystring: UserQuery,
        response: answers(200, Type.Object({ deleted: Type.Integer() })),
      },
    },
    async ({ principal }, reply) =>
      reply.send({ success: true, data: { deleted: await memories.deleteAll(principal) } }),
  );
}
