// How messages and lists show the calls of tools that wait for a decision.
import type { Static } from "typebox";
import { CLIENT_TOOLS } from "../../domain/parts.ts";
import type { ToolQuestion } from "../../domain/tool-question.ts";
import { Type } from "../../http/schema.ts";

/** In the body of a message. */
export const stepsInBody = {
  steps: Type.Optional(
    Type.Boolean({
      description:
        "Whether somebody can be asked. Models are then also offered tools that are not used without a question. Where such a call waits, the stream ends with `ai_waiting` (`data.questions`), and the reply goes on when it is decided: take the stream up from its last id then. A call of one of `tools` waits likewise (`data.calls`) until the client gives its result.",
    }),
  ),
};

export const QuestionBody = Type.Object(
  {
    message_id: Type.String({ description: "The id of the reply that waits." }),
    call_id: Type.String(),
    conversation_id: Type.String(),
    kind: Type.Enum(["call", "sign_in"], {
      description:
        "`call`: whether the call may be made. `sign_in`: the user is asked to sign in to the source (`sign_in_page`). The call is then made automatically, and the only decision that can be sent is to decline it.",
    }),
    sign_in_page: Type.Optional(
      Type.String({ description: "The page on which the user signs in. Only with `sign_in`." }),
    ),
    source: Type.String({ description: "Where the tool comes from." }),
    tool: Type.String(),
    arguments: Type.String({ description: "As the model wrote them; exactly this runs." }),
    arguments_sha256: Type.String({ description: "Names the arguments in a decision." }),
    asked_at: Type.String({ format: "date-time" }),
    expires_at: Type.String({ format: "date-time", description: "When the call is declined." }),
  },
  { title: "Question" },
);

export const questionBody = (question: ToolQuestion): Static<typeof QuestionBody> => ({
  message_id: question.replyId,
  call_id: question.callId,
  conversation_id: question.conversationId,
  kind: question.kind,
  ...(question.kind === "sign_in" && { sign_in_page: "/app/sources" }),
  source: question.source,
  tool: question.tool,
  arguments: question.arguments,
  arguments_sha256: question.argumentsSha256,
  asked_at: question.askedAt.toISOString(),
  expires_at: question.expiresAt.toISOString(),
});

export const ClientCallBody = Type.Object(
  {
    message_id: Type.String({ description: "The id of the reply that waits." }),
    call_id: Type.String(),
    conversation_id: Type.String(),
    tool: Type.String(),
    arguments: Type.String({ description: "As the model wrote them: a JSON object." }),
    asked_at: Type.String({ format: "date-time" }),
    expires_at: Type.String({
      format: "date-time",
      description: "When the reply goes on without the result.",
    }),
  },
  { title: "ClientCall", description: "A call of a tool that the client has brought and runs." },
);

export const clientCallBody = (question: ToolQuestion): Static<typeof ClientCallBody> => ({
  message_id: question.replyId,
  call_id: question.callId,
  conversation_id: question.conversationId,
  tool: question.tool,
  // Models write nothing at all where a tool takes no arguments.
  arguments: question.arguments.trim() === "" ? "{}" : question.arguments,
  asked_at: question.askedAt.toISOString(),
  expires_at: question.expiresAt.toISOString(),
});

/** What a message of status `waiting` says of that. */
export function waitingFields(asked: readonly ToolQuestion[]) {
  const isOfClient = ({ source }: ToolQuestion) => source === CLIENT_TOOLS;
  const calls = asked.filter(isOfClient).map(clientCallBody);
  return {
    status: "waiting" as const,
    questions: asked.filter((question) => !isOfClient(question)).map(questionBody),
    ...(calls.length > 0 && { calls }),
  };
}

/** `waiting`: of a reply that has just been let go of, where calls wait for a decision or a result. */
export const MessageStatusBody = Type.Union([
  Type.Literal("complete"),
  Type.Literal("waiting"),
  Type.Literal("interrupted"),
  Type.Literal("failed"),
]);

/** In a message of status `waiting`. */
export const questionsInMessage = {
  questions: Type.Optional(
    Type.Array(QuestionBody, { description: "Of a reply that waits: what is to be decided." }),
  ),
  calls: Type.Optional(
    Type.Array(ClientCallBody, {
      description: "Of a reply that waits: the calls of which the client is to give the results.",
    }),
  ),
};
