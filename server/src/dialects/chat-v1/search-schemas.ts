import type { Readable } from "node:stream";
import type { Static } from "typebox";
import { Type } from "../../http/schema.ts";
import { ConversationBody, Failure, MessageBody, Meta, Nullable, User } from "./schemas.ts";

export const SearchQuery = Type.Object({
  q: Type.String({ minLength: 1, maxLength: 1000 }),
  page: Type.Integer({ minimum: 1, maximum: 10_000, default: 1 }),
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
  ...User,
});

const HitBody = Type.Object({
  conversation: ConversationBody,
  message: Nullable(MessageBody),
  snippet: Type.String({
    description:
      "The text around the match, without the signs of Markdown; the matches stand between U+E000 and U+E001.",
  }),
  hits_in_conversation: Type.Integer({
    description: "How many hits are in this conversation, on all pages.",
  }),
});

const SearchMeta = Type.Object({
  ...Meta.properties,
  conversations: Type.Integer({ description: "How many conversations the hits are in." }),
  is_complete: Type.Boolean({
    description: "False: only the newest hits were ranked and counted, and there are more.",
  }),
  is_indexing: Type.Optional(
    Type.Literal(true, {
      description:
        "There while not all of the user's messages are searchable yet, after an import for example: the same search finds more a little later.",
    }),
  ),
});

export type Hit = Static<typeof HitBody>;

/** Sent as it is written: the messages in it may be long. */
export const searchAnswers = {
  200: Type.Unsafe<Readable>(
    Type.Object({ success: Type.Literal(true), data: Type.Array(HitBody), meta: SearchMeta }),
  ),
  "4xx": Failure,
  "5xx": Failure,
};
