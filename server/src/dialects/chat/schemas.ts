import type { Readable } from "node:stream";
import type { TSchema } from "typebox";
import { UNUSUAL_FINISHES } from "../../domain/finish-reason.ts";
import { Type } from "../../http/schema.ts";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Time = Type.String({ format: "date-time" });

const FinishReason = Type.Optional(
  Type.Enum([...UNUSUAL_FINISHES], {
    description: "There where the model did not end by itself: `length`, `filter`, …",
  }),
);

const MessageBody = Type.Object(
  {
    id: Type.String(),
    content: Type.String(),
    role: Type.String(),
    created_at: Time,
    finish_reason: FinishReason,
    status: Type.Optional(
      Type.Enum(["interrupted", "failed"], {
        description: "There for replies that are not whole.",
      }),
    ),
  },
  { title: "ChatMessage" },
);

export const ConversationBody = Type.Object(
  {
    id: Type.String(),
    user_id: Type.String(),
    created_at: Time,
    messages: Type.Array(MessageBody),
  },
  { title: "ChatConversation" },
);

const Failure = Type.Object(
  {
    detail: Type.String(),
    text_so_far: Type.Optional(
      Type.String({ description: "What a reply had said before it was interrupted or failed." }),
    ),
  },
  { title: "ChatFailure" },
);

/** The answers of a route: its success, and this wire's failure for everything else. */
export const answers = <Success extends TSchema>(success: Success) => ({
  200: success,
  "4xx": Failure,
  "5xx": Failure,
});

/** A body that the schema describes, but that is sent while it is read. */
export const Streamed = (schema: TSchema) => Type.Unsafe<Readable>(schema);

const USER_ID = "The user. May come as X-User-ID instead; a key says it by itself.";

export const NewMessage = Type.Object({
  message: Type.String({ description: "1 to 100,000 characters." }),
  user_id: Type.Optional(Nullable(Type.String({ description: USER_ID }))),
  conversation_id: Type.Optional(
    Nullable(
      Type.String({
        description:
          "Goes on with that conversation; null begins a new one. Without it the user's latest goes on, unless it has been idle for too long.",
      }),
    ),
  ),
});

export const ReplyBody = Type.Object({
  response: Type.String(),
  conversation_id: Type.String(),
  finish_reason: FinishReason,
});

export const UserQuery = Type.Object({
  user_id: Type.Optional(Type.String({ description: USER_ID })),
});

export const ListQuery = Type.Object({
  user_id: Type.Optional(Type.String({ description: USER_ID })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000_000 })),
  before: Type.Optional(
    Type.String({ description: "A conversation's id: gives those made before it." }),
  ),
});

export const DeletedBody = Type.Object({ message: Type.String() });
