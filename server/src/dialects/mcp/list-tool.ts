import type { Static } from "typebox";
import { AppError } from "../../domain/errors.ts";
import { Type } from "../../http/schema.ts";
import { checkBySchema } from "../../http/validation.ts";
import type { McpParts } from "./parts.ts";
import {
  ConversationShape,
  type McpTool,
  Nullable,
  shownConversation,
  type ToolCall,
} from "./tool.ts";

const MAX_CONVERSATIONS = 50;

const Given = Type.Object(
  {
    limit: Type.Integer({ minimum: 1, maximum: MAX_CONVERSATIONS, default: 20 }),
    cursor: Type.Optional(
      Type.String({ maxLength: 16, description: "next_cursor of the page before." }),
    ),
  },
  { additionalProperties: false, required: [] },
);

const Result = Type.Object({
  conversations: Type.Array(ConversationShape),
  total: Type.Integer(),
  next_cursor: Nullable(Type.String({ description: "Of the next page; null: this was the last." })),
});

export function listTool({ conversations }: McpParts): McpTool {
  return {
    definition: {
      name: "list_conversations",
      title: "List conversations",
      description:
        "Lists the user's conversations, those used last first. Archived ones are among them, temporary ones are not.",
      inputSchema: Given,
      outputSchema: Result,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    isLong: false,
    check: checkBySchema(Given, "arguments"),
    async run({ principal, given: { limit, cursor } }: ToolCall<Static<typeof Given>>) {
      const offset = cursor === undefined ? 0 : placeIn(cursor);
      const { items, total } = await conversations.list(principal, { limit, offset });
      const end = offset + items.length;
      const result: Static<typeof Result> = {
        conversations: items.map(shownConversation),
        total,
        next_cursor: items.length > 0 && end < total ? `after:${end}` : null,
      };
      return { result };
    },
  };
}

/** @throws AppError invalid_request */
function placeIn(cursor: string): number {
  const place = /^after:(\d{1,9})$/.exec(cursor)?.[1];
  if (place !== undefined) return Number(place);
  throw new AppError("invalid_request", "cursor must be the next_cursor of an earlier page", {
    field: "cursor",
  });
}
