// Questions about calls of tools, what is decided about them, the results of those that clients make, and the permissions
// that are remembered.
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import type { Static } from "typebox";
import { GRANT_REACHES, type ToolGrant } from "../../domain/tool-question.ts";
import { Type } from "../../http/schema.ts";
import type { ChatV1Parts } from "./parts.ts";
import { ClientCallBody, clientCallBody, QuestionBody, questionBody } from "./question-schemas.ts";
import { answers, DeletedBody, Meta, Nullable, PageQuery, User, UserQuery } from "./schemas.ts";

const tags = ["chat-v1"];
const Time = Type.String({ format: "date-time" });

const DecisionBody = Type.Object({
  decision: Type.Enum(["allow", "decline"]),
  remember: Type.Optional(
    Type.Enum([...GRANT_REACHES], {
      description:
        "How far a permission reaches: this call (default), this conversation, or always. A later call of that tool is then made without a question.",
    }),
  ),
  arguments_sha256: Type.String({ description: "Of the arguments that were shown." }),
  ...User,
});

const OUTCOMES = ["ok", "failed", "declined"] as const;

const ResultBody = Type.Object({
  text: Type.String({
    description:
      "What the model is told. Of more than 32,768 characters it is told the beginning, and how many there were.",
  }),
  outcome: Type.Optional(
    Type.Enum([...OUTCOMES], {
      description:
        "`ok` (default), `failed`, or `declined` where the client's user did not want it.",
    }),
  ),
  ...User,
});

const AnsweredBody = Type.Object(
  {
    message_id: Type.String(),
    call_id: Type.String(),
    outcome: Type.Enum([...OUTCOMES]),
  },
  { title: "Answered" },
);

const DecidedBody = Type.Object(
  {
    message_id: Type.String(),
    call_id: Type.String(),
    decision: Type.Enum(["allow", "decline"]),
  },
  { title: "Decision" },
);

const GrantBody = Type.Object(
  {
    id: Type.String(),
    source: Type.String(),
    tool: Type.String(),
    conversation_id: Nullable(
      Type.String({ description: "Where it may be used without a question; null: everywhere." }),
    ),
    created_at: Time,
  },
  { title: "Grant" },
);

const grantBody = (grant: ToolGrant): Static<typeof GrantBody> => ({
  id: grant.id,
  source: grant.source,
  tool: grant.tool,
  conversation_id: grant.conversationId,
  created_at: grant.createdAt.toISOString(),
});

export function questionRoutes(
  plain: FastifyInstance,
  { questions }: Pick<ChatV1Parts, "questions">,
): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.get(
    "/v1/chat/questions",
    {
      schema: {
        tags,
        summary: "List the calls of tools that wait for a decision, oldest first",
        querystring: PageQuery,
        response: answers(200, Type.Array(QuestionBody), { meta: Meta }),
      },
    },
    async ({ principal, query }, reply) => {
      const { page, limit } = query;
      const { items, total } = await questions.open(principal, "user", {
        limit,
        offset: (page - 1) * limit,
      });
      const meta = { total, page, limit, totalPages: Math.ceil(total / limit) };
      return reply.send({ success: true, data: items.map(questionBody), meta });
    },
  );

  app.get(
    "/v1/chat/calls",
    {
      schema: {
        tags,
        summary: "List the calls of clients' tools that wait for their results, oldest first",
        querystring: PageQuery,
        response: answers(200, Type.Array(ClientCallBody), { meta: Meta }),
      },
    },
    async ({ principal, query }, reply) => {
      const { page, limit } = query;
      const place = { limit, offset: (page - 1) * limit };
      const { items, total } = await questions.open(principal, "client", place);
      const meta = { total, page, limit, totalPages: Math.ceil(total / limit) };
      return reply.send({ success: true, data: items.map(clientCallBody), meta });
    },
  );

  app.post(
    "/v1/chat/messages/:messageId/calls/:callId/result",
    {
      schema: {
        tags,
        summary: "Give the result of a call that the client has made",
        description:
          "The first result counts. The same result again is answered alike, and another one is 409. The reply has gone on when this answers.",
        params: Type.Object({ messageId: Type.String(), callId: Type.String() }),
        querystring: UserQuery,
        body: ResultBody,
        response: answers(200, AnsweredBody),
      },
    },
    async ({ principal, params, body }, reply) => {
      const { messageId, callId } = params;
      const { outcome = "ok", text } = body;
      await questions.answer(principal, messageId, callId, { outcome, text });
      const data = { message_id: messageId, call_id: callId, outcome };
      return reply.send({ success: true, data });
    },
  );

  app.post(
    "/v1/chat/messages/:messageId/calls/:callId/decision",
    {
      schema: {
        tags,
        summary: "Allow or decline a call of a tool",
        description:
          "One decision counts: a later one is 409, which says what was decided. The reply has gone on when this answers.",
        params: Type.Object({ messageId: Type.String(), callId: Type.String() }),
        querystring: UserQuery,
        body: DecisionBody,
        response: answers(200, DecidedBody),
      },
    },
    async ({ principal, params, body }, reply) => {
      const { messageId, callId } = params;
      const { decision, remember, arguments_sha256: argumentsSha256 } = body;
      const given = { decision, remember, argumentsSha256 };
      await questions.decide(principal, messageId, callId, given);
      const data = { message_id: messageId, call_id: callId, decision };
      return reply.send({ success: true, data });
    },
  );

  app.get(
    "/v1/chat/grants",
    {
      schema: {
        tags,
        summary: "List the tools that may be used without a question, newest first",
        querystring: UserQuery,
        response: answers(200, Type.Array(GrantBody)),
      },
    },
    async ({ principal }, reply) =>
      reply.send({ success: true, data: (await questions.grants(principal)).map(grantBody) }),
  );

  app.delete(
    "/v1/chat/grants/:grantId",
    {
      schema: {
        tags,
        summary: "Revoke a permission: the tool asks again",
        params: Type.Object({ grantId: Type.String() }),
        querystring: UserQuery,
        response: answers(200, DeletedBody),
      },
    },
    async ({ principal, params }, reply) => {
      await questions.revoke(principal, params.grantId);
      return reply.send({ success: true, data: { id: params.grantId } });
    },
  );
}
