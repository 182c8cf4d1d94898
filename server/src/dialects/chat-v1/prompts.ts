import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import type { Static } from "typebox";
import { MAX_PROMPT_CHARACTERS, MAX_PROMPTS, type SavedPrompt } from "../../domain/saved-prompt.ts";
import { MAX_NAME_CHARACTERS } from "../../domain/text.ts";
import { idempotencyOf, RepeatHeaders } from "../../http/idempotency.ts";
import { Type } from "../../http/schema.ts";
import type { ChatV1Parts } from "./parts.ts";
import { answers, DeletedBody, User, UserQuery } from "./schemas.ts";

const tags = ["chat-v1"];
const Params = Type.Object({ promptId: Type.String() });
const Time = Type.String({ format: "date-time" });

const texts = {
  name: Type.String({ description: `1 to ${MAX_NAME_CHARACTERS} characters.` }),
  text: Type.String({
    description: `1 to ${MAX_PROMPT_CHARACTERS} characters. A word in {{double braces}} is for the user to fill in.`,
  }),
};
const NewPrompt = Type.Object({ ...texts, ...User });
const PromptBody = Type.Object(
  { id: Type.String(), ...texts, created_at: Time, updated_at: Time },
  { title: "Prompt" },
);

const promptBody = (prompt: SavedPrompt): Static<typeof PromptBody> => ({
  id: prompt.id,
  name: prompt.name,
  text: prompt.text,
  created_at: prompt.createdAt.toISOString(),
  updated_at: prompt.updatedAt.toISOString(),
});

export function promptRoutes(
  plain: FastifyInstance,
  { prompts }: Pick<ChatV1Parts, "prompts">,
): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.post(
    "/v1/chat/prompts",
    {
      schema: {
        tags,
        summary: "Keep a prompt",
        description: `A user keeps at most ${MAX_PROMPTS}.`,
        headers: RepeatHeaders,
        querystring: UserQuery,
        body: NewPrompt,
        response: answers(201, PromptBody),
      },
    },
    async (request, reply) => {
      const { principal, body } = request;
      const created = await prompts.create(principal, body, idempotencyOf(request));
      return reply.code(201).send({ success: true, data: promptBody(created) });
    },
  );

  app.get(
    "/v1/chat/prompts",
    {
      schema: {
        tags,
        summary: "List the user's prompts, oldest first",
        querystring: UserQuery,
        response: answers(200, Type.Array(PromptBody)),
      },
    },
    async ({ principal }, reply) =>
      reply.send({ success: true, data: (await prompts.list(principal)).map(promptBody) }),
  );

  app.put(
    "/v1/chat/prompts/:promptId",
    {
      schema: {
        tags,
        summary: "Replace a prompt",
        params: Params,
        querystring: UserQuery,
        body: NewPrompt,
        response: answers(200, PromptBody),
      },
    },
    async ({ principal, params, body }, reply) =>
      reply.send({
        success: true,
        data: promptBody(await prompts.replace(principal, params.promptId, body)),
      }),
  );

  app.delete(
    "/v1/chat/prompts/:promptId",
    {
      schema: {
        tags,
        summary: "Delete a prompt",
        params: Params,
        querystring: UserQuery,
        response: answers(200, DeletedBody),
      },
    },
    async ({ principal, params }, reply) => {
      await prompts.delete(principal, params.promptId);
      return reply.send({ success: true, data: { id: params.promptId } });
    },
  );
}
