// Several conversations in one request: deleted, archived, brought back and exported.
import type { Readable } from "node:stream";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import type { Static } from "typebox";
import {
  type ConversationAction,
  createActOnConversations,
  MAX_CONVERSATIONS_AT_ONCE,
} from "../../core/many-conversations.ts";
import { AppError } from "../../domain/errors.ts";
import type { Principal } from "../../domain/principal.ts";
import { mapInPieces } from "../../domain/turns-of-the-loop.ts";
import { streamList } from "../../http/json-list.ts";
import { jsonInPieces } from "../../http/large-answers.ts";
import { Type } from "../../http/schema.ts";
import { ERRORS } from "./errors.ts";
import { conversationBody, messageBody } from "./map.ts";
import type { ChatV1Parts } from "./parts.ts";
import {
  answers,
  ConversationBody,
  Failure,
  MessageBody,
  Nullable,
  User,
  UserQuery,
} from "./schemas.ts";

const tags = ["chat-v1"];
const Ids = Type.Array(Type.String(), {
  minItems: 1,
  maxItems: MAX_CONVERSATIONS_AT_ONCE,
  uniqueItems: true,
});
const ACTIONS = ["delete", "archive", "unarchive", "move"] as const;

const ActionsBody = Type.Object({
  action: Type.Enum([...ACTIONS]),
  ids: Ids,
  project_id: Type.Optional(
    Nullable(
      Type.String({ minLength: 1, description: "Where `move` puts them; null: into no project." }),
    ),
  ),
  ...User,
});

const ResultBody = Type.Object({
  id: Type.String(),
  done: Type.Boolean(),
  error: Type.Optional(
    Type.Object(
      { code: Type.String(), message: Type.String() },
      { description: "Why it was not done." },
    ),
  ),
});

const ExportedBody = Type.Object({
  ...ConversationBody.properties,
  messages: Type.Array(MessageBody),
});

/** Sent as it is read: all of it may be more than fits in memory. */
const exportAnswers = {
  200: Type.Unsafe<Readable>(
    Type.Object({
      success: Type.Literal(true),
      data: Type.Array(ExportedBody),
      meta: Type.Object({
        missing: Type.Array(Type.String(), { description: "The ids of those that are not there." }),
      }),
    }),
  ),
  "4xx": Failure,
  "5xx": Failure,
};

/** @throws AppError invalid_request */
function actionOf({
  action,
  project_id: projectId,
}: Static<typeof ActionsBody>): ConversationAction {
  if (action === "delete") return { type: "delete" };
  if (action !== "move") return { type: "archive", isArchived: action === "archive" };
  if (projectId === undefined)
    throw new AppError("invalid_request", "move needs project_id: a project, or null for none", {
      field: "project_id",
    });
  return { type: "move", projectId };
}

export function manyConversationsRoutes(
  plain: FastifyInstance,
  { conversations }: Pick<ChatV1Parts, "conversations">,
): void {
  const actOnConversations = createActOnConversations(conversations);
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.post(
    "/v1/chat/conversations/actions",
    {
      schema: {
        tags,
        summary: "Delete, archive, bring back or move several conversations, each by itself",
        querystring: UserQuery,
        body: ActionsBody,
        response: answers(200, Type.Object({ results: Type.Array(ResultBody) })),
      },
    },
    async ({ principal, body }, reply) => {
      const results = await actOnConversations(principal, body.ids, actionOf(body));
      return reply.send({
        success: true,
        data: {
          results: results.map(({ id, problem }) =>
            problem
              ? {
                  id,
                  done: false,
                  error: { code: ERRORS[problem.code][1], message: problem.message },
                }
              : { id, done: true },
          ),
        },
      });
    },
  );

  /** The conversation as an export has it; null: it is not there. */
  async function exported(principal: Principal, id: string): Promise<Buffer | null> {
    try {
      const conversation = await conversations.get(principal, id);
      const messages = await conversations.messages(principal, id);
      return await jsonInPieces({
        ...conversationBody(conversation),
        messages: await mapInPieces(messages, (message) => messageBody(message)),
      });
    } catch (error) {
      if (error instanceof AppError && error.code === "not_found") return null;
      throw error;
    }
  }

  app.post(
    "/v1/chat/conversations/export",
    {
      schema: {
        tags,
        summary: "Several conversations with the messages of their active branches",
        querystring: UserQuery,
        body: Type.Object({ ids: Ids, ...User }),
        response: exportAnswers,
      },
    },
    async ({ principal, body: { ids } }, reply) => {
      const missing: string[] = [];
      async function* found() {
        for (const id of ids) {
          const written = await exported(principal, id);
          if (written) yield written;
          else missing.push(id);
        }
      }
      const answer = streamList(
        found(),
        async (written) => written,
        '{"success":true,"data":[',
        () => `],"meta":${JSON.stringify({ missing })}}`,
      );
      return reply.type("application/json; charset=utf-8").send(answer);
    },
  );
}
