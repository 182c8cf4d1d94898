import type { Static } from "typebox";
import { AppError } from "../../domain/errors.ts";
import { checkStorable } from "../../domain/text.ts";
import { Type } from "../../http/schema.ts";
import { checkBySchema } from "../../http/validation.ts";
import type { McpParts } from "./parts.ts";
import { type McpTool, Nullable, Time, type ToolCall } from "./tool.ts";

/** The name of the limit that only searches count against. */
const LIMIT = "search";
const MAX_HITS = 20;
/** Around each match. */
const MARKS = /[\u{E000}\u{E001}]/gu;

const Given = Type.Object(
  {
    query: Type.String({
      minLength: 1,
      maxLength: 500,
      description: "Words that must all be there; the last one may be the beginning of a word.",
    }),
    limit: Type.Integer({ minimum: 1, maximum: MAX_HITS, default: 10 }),
  },
  { additionalProperties: false, required: ["query"] },
);

const Result = Type.Object({
  results: Type.Array(
    Type.Object({
      conversation_id: Type.String(),
      title: Nullable(Type.String()),
      message_id: Nullable(Type.String({ description: "Null: the title matched." })),
      said_by: Nullable(Type.String()),
      at: Time,
      text: Type.String({ description: "The text around the match." }),
    }),
  ),
  total: Type.Integer({ description: "How many there are." }),
  is_complete: Type.Boolean({
    description: "False: there is more than was counted, or than can be searched yet.",
  }),
});

export function searchTool({ conversations, limits }: McpParts): McpTool {
  return {
    definition: {
      name: "search_conversations",
      title: "Search conversations",
      description:
        "Searches the titles and messages of the user's conversations, best first. Archived ones are found, temporary ones are not.",
      inputSchema: Given,
      outputSchema: Result,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    isLong: false,
    check: checkBySchema(Given, "arguments"),
    async run({ principal, given }: ToolCall<Static<typeof Given>>) {
      const { query, limit } = given;
      checkStorable(query, "query");
      if (!/\S/u.test(query))
        throw new AppError("invalid_request", "query must have the words to search for");
      await limits.takeForUser(LIMIT, principal);
      const found = await conversations.search(principal, query, { limit, offset: 0 });
      const result: Static<typeof Result> = {
        results: found.hits.map(({ conversation, message, snippet }) => ({
          conversation_id: conversation.id,
          title: conversation.title,
          message_id: message?.id ?? null,
          said_by: message?.role ?? null,
          at: (message?.createdAt ?? conversation.updatedAt).toISOString(),
          text: snippet.replace(MARKS, ""),
        })),
        total: found.total,
        is_complete: found.isComplete && !found.isIndexing,
      };
      return { result };
    },
  };
}
