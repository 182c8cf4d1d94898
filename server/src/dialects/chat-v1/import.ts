import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { Type } from "../../http/schema.ts";
import type { ChatV1Parts } from "./parts.ts";
import { answers, User, UserQuery } from "./schemas.ts";

const MAX_AT_ONCE = 100;
/** A long conversation of a ChatGPT export has some megabytes. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

const Import = Type.Object({
  conversations: Type.Array(Type.Unknown(), {
    maxItems: MAX_AT_ONCE,
    description:
      "Elements of a ChatGPT export's conversations.json, or objects with `messages` [{role, content, timestamp or created_at}], and `title`, `created_at`, `is_pinned` where they have them.",
  }),
  ...User,
});

const ImportBody = Type.Object(
  {
    imported: Type.Integer(),
    skipped: Type.Integer({ description: "Those that were there already." }),
    failed: Type.Array(Type.Object({ index: Type.Integer(), reason: Type.String() })),
  },
  { title: "Import" },
);

export function importRoutes(
  plain: FastifyInstance,
  { importChats }: Pick<ChatV1Parts, "importChats">,
): void {
  plain.withTypeProvider<TypeBoxTypeProvider>().post(
    "/v1/chat/conversations/import",
    {
      bodyLimit: MAX_BODY_BYTES,
      schema: {
        tags: ["chat-v1"],
        summary: "Take over conversations from elsewhere",
        querystring: UserQuery,
        body: Import,
        response: answers(200, ImportBody),
      },
    },
    async ({ principal, body }, reply) => {
      const { failed, ...counts } = await importChats(principal, body.conversations);
      return reply.send({ success: true, data: { ...counts, failed: [...failed] } });
    },
  );
}
