import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { MAX_INSTRUCTIONS_CHARACTERS, type Profile } from "../../domain/profile.ts";
import { Type } from "../../http/schema.ts";
import type { ChatV1Parts } from "./parts.ts";
import { answers, Nullable, User, UserQuery } from "./schemas.ts";

const tags = ["chat-v1"];
const Instructions = Type.String({
  description: `What models are told of the person, and of how they like answers; at most ${MAX_INSTRUCTIONS_CHARACTERS} characters. Empty: nothing.`,
});
const UsesInstructions = Type.Boolean({ description: "False: models are not told it." });

const ProfileBody = Type.Object(
  {
    instructions: Instructions,
    uses_instructions: UsesInstructions,
    updated_at: Nullable(
      Type.String({ format: "date-time", description: "Null: nothing was ever kept." }),
    ),
  },
  { title: "Profile" },
);

const bodyOf = (profile: Profile | null) => ({
  instructions: profile?.instructions ?? "",
  uses_instructions: profile?.areInstructionsOn ?? true,
  updated_at: profile?.updatedAt.toISOString() ?? null,
});

export function profileRoutes(
  plain: FastifyInstance,
  { profiles }: Pick<ChatV1Parts, "profiles">,
): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.get(
    "/v1/chat/profile",
    {
      schema: {
        tags,
        summary: "What the user keeps for every conversation",
        querystring: UserQuery,
        response: answers(200, ProfileBody),
      },
    },
    async ({ principal }, reply) =>
      reply.send({ success: true, data: bodyOf(await profiles.get(principal)) }),
  );

  app.put(
    "/v1/chat/profile",
    {
      schema: {
        tags,
        summary: "Replace what the user keeps for every conversation",
        querystring: UserQuery,
        body: Type.Object({
          instructions: Instructions,
          uses_instructions: Type.Optional(UsesInstructions),
          ...User,
        }),
        response: answers(200, ProfileBody),
      },
    },
    async ({ principal, body }, reply) => {
      const draft = {
        instructions: body.instructions,
        areInstructionsOn: body.uses_instructions ?? true,
      };
      return reply.send({ success: true, data: bodyOf(await profiles.put(principal, draft)) });
    },
  );
}
