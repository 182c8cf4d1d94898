import type { Readable } from "node:stream";
import type { TSchema } from "typebox";
import { UNUSUAL_FINISHES } from "../../domain/finish-reason.ts";
import { Type } from "../../http/schema.ts";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Milliseconds = Type.Integer({ description: "Milliseconds since 1970." });

const MessageBody = Type.Object(
  {
    id: Type.String(),
    role: Type.String(),
    content: Type.String(),
    timestamp: Milliseconds,
    finishReason: Type.Optional(
      Type.Enum([...UNUSUAL_FINISHES], {
        description: "There where the model did not end by itself: `length`, `filter`, …",
      }),
    ),
    status: Type.Optional(
      Type.Enum(["interrupted", "failed"], {
        description: "There for replies that are not whole.",
      }),
    ),
  },
  { title: "StoredMessage" },
);

export const ConversationBody = Type.Object(
  {
    id: Type.String(),
    title: Type.String(),
    messages: Type.Array(MessageBody),
    createdAt: Milliseconds,
    updatedAt: Milliseconds,
    isPinned: Type.Boolean(),
    userId: Type.String(),
    agentId: Nullable(Type.String()),
    mode: Nullable(Type.String()),
  },
  { title: "StoredConversation" },
);

const Failure = Type.Object(
  {
    error: Type.String(),
    message: Type.String(),
    code: Type.String(),
    requestId: Type.String(),
    context: Type.Object({
      field: Type.Optional(Type.String()),
      resource: Type.Optional(Type.String()),
    }),
  },
  { title: "ConversationsFailure" },
);

const success = <Fields extends Record<string, TSchema>>(fields: Fields) =>
  Type.Object({ success: Type.Literal(true), ...fields, requestId: Type.String() });

/** The answers of a route: its success, and this wire's failure for everything else. */
const answers = <Status extends 200 | 201, Success extends TSchema>(
  status: Status,
  body: Success,
) =>
  ({ [status]: body, "4xx": Failure, "5xx": Failure }) as Record<Status, Success> & {
    "4xx": typeof Failure;
    "5xx": typeof Failure;
  };

/** Sent as it is read. */
export const listAnswers = answers(
  200,
  Type.Unsafe<Readable>(
    success({ conversations: Type.Array(ConversationBody), count: Type.Integer() }),
  ),
);

export const conversationAnswers = <Status extends 200 | 201>(status: Status) =>
  answers(
    status,
    success({
      conversation: ConversationBody,
      message: Type.String(),
      skipped: Type.Integer({ description: "Messages that could not be taken." }),
    }),
  );

export const oneAnswers = answers(200, success({ conversation: ConversationBody }));

export const deletedAnswers = answers(200, success({ message: Type.String() }));

const UserId = Type.String({ description: "The user, a UUID. A key says it by itself." });

export const UserQuery = Type.Object({ userId: Type.Optional(UserId) });

const KnownMessage = Type.Unknown({
  description:
    "{role, content, timestamp?, id?}: role is user, assistant or system; content has 1 to 100,000 characters; timestamp is in milliseconds since 1970 or ISO 8601, and now without it; an id is kept if it is a UUID that no other message of the user has. A message that cannot be taken is left out and counted in skipped.",
});

const fields = {
  userId: Type.Optional(UserId),
  messages: Type.Optional(Type.Array(KnownMessage)),
  agentId: Type.Optional(Nullable(Type.String())),
  mode: Type.Optional(Nullable(Type.String())),
  isPinned: Type.Optional(Type.Boolean()),
};

export const NewConversation = Type.Object({
  ...fields,
  title: Type.Optional(Nullable(Type.String())),
});

export const ConversationChange = Type.Object({
  ...fields,
  conversationId: Type.String(),
  title: Type.Optional(Nullable(Type.String({ minLength: 1 }))),
  updatedAt: Type.Optional(
    Nullable(
      Type.Number({
        description:
          "The updatedAt of the conversation that this change is about: 409 if it was changed later than that.",
      }),
    ),
  ),
});

const deletion = {
  userId: Type.Optional(UserId),
  conversationId: Type.Optional(Type.String()),
};

export const Deletion = Type.Object(deletion);

export const DeletionQuery = Type.Object(deletion, {
  description: "For clients that cannot send a body.",
});
