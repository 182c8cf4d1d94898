import type { TSchema } from "typebox";
import { FINISH_REASONS, INTERRUPTIONS } from "../../domain/message.ts";
import { Type } from "../../http/schema.ts";
import { toolsOfAgent } from "./agent-tools.ts";
import {
  branchInChange,
  branchInConversation,
  branchInMessage,
  branchInQuery,
  placeInBody,
  versionsInQuery,
} from "./branches.ts";
import { AttachmentBody, attachmentsInBody } from "./file-schemas.ts";
import {
  beginningInBody,
  listingInChange,
  listingInConversation,
  listingInQuery,
} from "./listing.ts";
import { settingsInBody } from "./model-settings.ts";
import { partsInBody, partsInMessage, partsInQuery, partsOfMany } from "./part-schemas.ts";
import { MessageStatusBody, questionsInMessage, stepsInBody } from "./question-schemas.ts";
import { reasoningInBody, reasoningInQuery } from "./reasoning.ts";
import { temporaryInConversation } from "./temporary.ts";

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Time = Type.String({ format: "date-time" });

export const ConversationBody = Type.Object(
  {
    id: Type.String(),
    title: Type.String(),
    user_id: Type.String(),
    is_pinned: Type.Boolean(),
    agent_id: Nullable(Type.String()),
    model: Nullable(
      Type.String({
        description:
          "The model that answers in it where a message names none; null: its agent's, or the server's usual one.",
      }),
    ),
    mode: Nullable(Type.String()),
    created_at: Time,
    updated_at: Time,
    ...temporaryInConversation,
    ...listingInConversation,
    ...branchInConversation,
  },
  { title: "Conversation" },
);

export const MessageBody = Type.Object(
  {
    id: Type.String(),
    conversation_id: Type.String(),
    role: Type.Union([Type.Literal("user"), Type.Literal("assistant"), Type.Literal("system")]),
    content: Type.String(),
    model: Nullable(Type.String()),
    status: MessageStatusBody,
    ...questionsInMessage,
    finish_reason: Nullable(
      Type.Enum([...FINISH_REASONS], {
        description:
          "Why the model ended its answer: `length` was cut by its length limit, `filter` by its provider's content filter. Null while that is not known, and for what no model ended.",
      }),
    ),
    interrupted_by: Nullable(
      Type.Enum([...INTERRUPTIONS], {
        description:
          "What ended a reply of status `interrupted`: its user (`stopped`), a message that took its place (`superseded`), a deletion, a server that was shut down or lost (`shutdown`, `crash`), or a listener who spoke over it (`heard`).",
      }),
    ),
    reasoning: Nullable(
      Type.String({ description: "What the model thought before it answered, where it says so." }),
    ),
    reasoning_ms: Nullable(
      Type.Integer({ description: "How long it thought before the first word of its answer." }),
    ),
    usage: Nullable(
      Type.Object({
        prompt_tokens: Type.Integer(),
        completion_tokens: Type.Integer(),
        total_tokens: Type.Integer(),
        cached_tokens: Type.Optional(
          Type.Integer({ description: "Of the prompt: those that the provider had kept." }),
        ),
        reasoning_tokens: Type.Optional(
          Type.Integer({ description: "Of the completion: those of what the model thought." }),
        ),
        cost_usd: Type.Optional(Type.Number({ description: "Where the provider says it." })),
      }),
    ),
    ...partsInMessage,
    attachments: Type.Optional(
      Type.Array(AttachmentBody, { description: "The files that it was sent with, if any." }),
    ),
    created_at: Time,
    error: Type.Optional(
      Type.Object(
        { code: Type.String(), message: Type.String() },
        { description: "Why a reply of status `failed` failed, and what to do about it." },
      ),
    ),
    ...branchInMessage,
  },
  { title: "Message" },
);

export const AgentBody = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    instructions: Type.String(),
    model: Nullable(Type.String()),
    temperature: Nullable(Type.Number()),
    voice: Nullable(Type.String()),
    tools: Nullable(Type.Array(Type.String())),
    created_at: Time,
    updated_at: Time,
  },
  { title: "Agent" },
);

export const Failure = Type.Object(
  {
    success: Type.Literal(false),
    message: Type.String(),
    error: Type.Object({
      code: Type.String(),
      details: Type.Optional(Type.Object({ field: Type.Optional(Type.String()) })),
    }),
  },
  { title: "Failure", description: "What went wrong, and what to do about it." },
);

export const Meta = Type.Object({
  total: Type.Integer(),
  page: Type.Integer(),
  limit: Type.Integer(),
  totalPages: Type.Integer(),
});

/** The answers of a route: its success, and this wire's failure for everything else. */
export const answers = <
  Status extends 200 | 201,
  Data extends TSchema,
  Extra extends Record<string, TSchema> = Record<never, never>,
>(
  status: Status,
  data: Data,
  extra = {} as Extra,
) => {
  const envelope = Type.Object({
    success: Type.Literal(true),
    data,
    message: Type.Optional(Type.String()),
    ...extra,
  });
  return { [status]: envelope, "4xx": Failure, "5xx": Failure } as Record<
    Status,
    typeof envelope
  > & { "4xx": typeof Failure; "5xx": typeof Failure };
};

export const User = {
  user_id: Type.Optional(
    Type.String({
      description: "Selects the user, for credentials that may act for several. Also as X-User-ID.",
    }),
  ),
};

export const PageQuery = Type.Object({
  page: Type.Integer({ minimum: 1, maximum: 1_000_000_000, default: 1 }),
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 10 }),
  ...User,
});

export const ConversationsQuery = Type.Object({
  ...PageQuery.properties,
  ...listingInQuery,
});

export const UserQuery = Type.Object(User);

export const MessageQuery = Type.Object({ ...partsInQuery, ...User });

export const MessagesQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  before: Type.Optional(Type.String({ description: "A message's id: gives those before it." })),
  ...branchInQuery,
  ...versionsInQuery,
  ...partsOfMany,
  ...User,
});

export const NewConversation = Type.Object({
  ...beginningInBody,
  title: Type.Optional(Nullable(Type.String())),
  agent_id: Type.Optional(Nullable(Type.String())),
  model: Type.Optional(Nullable(Type.String({ maxLength: 256 }))),
  mode: Type.Optional(Nullable(Type.String())),
  ...User,
});

export const ConversationChange = Type.Object({
  title: Type.Optional(Type.String({ minLength: 1 })),
  ...listingInChange,
  agent_id: Type.Optional(Nullable(Type.String())),
  model: Type.Optional(Nullable(Type.String({ maxLength: 256 }))),
  mode: Type.Optional(Nullable(Type.String())),
  ...branchInChange,
  ...User,
});

const asking = {
  content: Type.String({ description: "1 to 100,000 characters." }),
  model: Type.Optional(Nullable(Type.String({ maxLength: 256 }))),
  temperature: Type.Optional(Nullable(Type.Number({ minimum: 0, maximum: 2 }))),
  ...attachmentsInBody,
  ...reasoningInBody,
  ...partsInBody,
  ...settingsInBody,
  ...stepsInBody,
  ...User,
};

export const NewMessage = Type.Object({
  ...asking,
  content: Type.Optional(asking.content),
  ...placeInBody,
  role: Type.Optional(
    Type.Enum(["user", "assistant", "system"], {
      description: "`user` (default) asks the model; the others are only stored.",
    }),
  ),
});

export const NewStreamedConversation = Type.Object({
  ...asking,
  ...beginningInBody,
  title: Type.Optional(Nullable(Type.String())),
  agent_id: Type.Optional(Nullable(Type.String())),
  keep_model: Type.Optional(
    Type.Boolean({
      description:
        "The conversation keeps `model` for messages that name none; without this it is for the first message alone.",
    }),
  ),
  mode: Type.Optional(Nullable(Type.String())),
});

export const StopQuery = Type.Object({
  waiting: Type.Optional(
    Type.Literal("keep", {
      description:
        "Stops only the reply that is generated now; the messages that wait are answered then. Without it those are stopped, too.",
    }),
  ),
  ...branchInQuery,
  ...User,
});

export const ResumeQuery = Type.Object({
  after: Type.Optional(
    Type.String({ description: "The id of the last event that was seen; also as Last-Event-ID." }),
  ),
  ...reasoningInQuery,
  ...branchInQuery,
  ...partsInQuery,
  ticket: Type.Optional(
    Type.String({
      description:
        "In place of a credential: of POST /v1/chat/tickets with the `conversation_id`. Without an event to go on from, its own reply is told from the start.",
    }),
  ),
  ...User,
});

export const NewAgent = Type.Object({
  id: Type.Optional(Type.String()),
  name: Type.String(),
  instructions: Type.String(),
  model: Type.Optional(Nullable(Type.String())),
  temperature: Type.Optional(Nullable(Type.Number({ minimum: 0, maximum: 2 }))),
  voice: Type.Optional(Nullable(Type.String())),
  ...toolsOfAgent,
  ...User,
});

export const ModelBody = Type.Object({
  id: Type.String(),
  name: Type.String(),
  provider: Type.String(),
  context_tokens: Nullable(Type.Integer()),
  is_default: Type.Boolean(),
});

export const DeletedBody = Type.Object({ id: Type.String() });
