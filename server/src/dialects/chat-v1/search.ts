import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { streamList } from "../../http/json-list.ts";
import { conversationBody, messageBody } from "./map.ts";
import type { ChatV1Parts } from "./parts.ts";
import { type Hit, SearchQuery, searchAnswers } from "./search-schemas.ts";

/** The name of the limit that only searches count against. */
const LIMIT = "search";

export function searchRoutes(
  plain: FastifyInstance,
  { conversations, limits }: Pick<ChatV1Parts, "conversations" | "limits">,
): void {
  plain.withTypeProvider<TypeBoxTypeProvider>().get(
    "/v1/chat/search",
    {
      schema: {
        tags: ["chat-v1"],
        summary: "Search titles and messages",
        querystring: SearchQuery,
        response: searchAnswers,
      },
    },
    async ({ principal, query: { q, page, limit } }, reply) => {
      await limits.takeForUser(LIMIT, principal);
      const found = await conversations.search(principal, q, { limit, offset: (page - 1) * limit });
      const { hits, total, conversations: count, isComplete, isIndexing } = found;
      const totalPages = Math.ceil(total / limit);
      const meta = {
        total,
        page,
        limit,
        totalPages,
        conversations: count,
        is_complete: isComplete,
        ...(isIndexing && { is_indexing: isIndexing }),
      };
      const answer = streamList(
        hits,
        ({ conversation, message, snippet, hitsInConversation }) =>
          JSON.stringify({
            conversation: conversationBody(conversation),
            message: message && messageBody(message),
            snippet,
            hits_in_conversation: hitsInConversation,
          } satisfies Hit),
        '{"success":true,"data":[',
        () => `],"meta":${JSON.stringify(meta)}}`,
      );
      return reply.type("application/json; charset=utf-8").send(answer);
    },
  );
}
