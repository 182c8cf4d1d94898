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

const Failure = Type.Object(
  {
    error: Type.String(),
    details: Type.String(),
    text_so_far: Type.Optional(
      Type.String({ description: "What a reply had said before it was interrupted or failed." }),
    ),
  },
  { title: "DialogixFailure" },
);

/** The answers of a route: its success, and this wire's failure for everything else. */
export const answers = <Success extends TSchema>(success: Success) => ({
  200: success,
  "4xx": Failure,
  "5xx": Failure,
});

const USER_ID = "Selects the user, for whoever may act for several. May come as X-User-ID instead.";

const User = {
  user_id: Type.Optional(Nullable(Type.String({ description: USER_ID }))),
};

export const UserQuery = Type.Object({
  user_id: Type.Optional(Type.String({ description: USER_ID })),
});

export const NewMessage = Type.Object({
  message: Type.String({ description: "1 to 100,000 characters." }),
  conversation_id: Type.Optional(
    Nullable(
      Type.String({
        description:
          "Goes on with that conversation. One that is not known yet is created, and keeps that name.",
      }),
    ),
  ),
  conversationId: Type.Optional(
    Nullable(Type.String({ description: "Another spelling of conversation_id." })),
  ),
  ...User,
});

/** The conversation in both spellings: each is read by some client of this wire. */
const ConversationName = { conversation_id: Type.String(), conversationId: Type.String() };

export const ReplyBody = Type.Object({
  message: Type.String(),
  messageId: Type.String(),
  ...ConversationName,
  finish_reason: FinishReason,
});

export const NewConversation = Type.Object(User);

export const CreatedBody = Type.Object(ConversationName);

export const HistoryBody = Type.Object({
  messages: Type.Array(
    Type.Object(
      {
        id: Type.String(),
        content: Type.String(),
        role: Type.String(),
        timestamp: Time,
        finish_reason: FinishReason,
        status: Type.Optional(
          Type.Enum(["interrupted", "failed"], {
            description: "There for replies that are not whole.",
          }),
        ),
      },
      { title: "DialogixMessage" },
    ),
  ),
});

export const HealthBody = Type.Object(
  {
    status: Type.Union([Type.Literal("ok"), Type.Literal("error")]),
    timestamp: Time,
    version: Type.String(),
  },
  { title: "DialogixHealth" },
);
