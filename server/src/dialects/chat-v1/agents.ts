import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { idempotencyOf, RepeatHeaders } from "../../http/idempotency.ts";
import { Type } from "../../http/schema.ts";
import { agentBody, modelBody } from "./map.ts";
import type { ChatV1Parts } from "./parts.ts";
import { AgentBody, answers, DeletedBody, ModelBody, NewAgent, UserQuery } from "./schemas.ts";

const tags = ["chat-v1"];
const Params = Type.Object({ agentId: Type.String() });
const MODELS_TIMEOUT_MS = 6000;

export function agentRoutes(
  plain: FastifyInstance,
  { agents, models }: Pick<ChatV1Parts, "agents" | "models">,
): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.post(
    "/v1/chat/agents",
    {
      schema: {
        tags,
        summary: "Create an agent",
        headers: RepeatHeaders,
        querystring: UserQuery,
        body: NewAgent,
        response: answers(201, AgentBody),
      },
    },
    async (request, reply) => {
      const { principal, body } = request;
      const created = await agents.create(principal, body, idempotencyOf(request));
      return reply
        .code(201)
        .send({ success: true, data: agentBody(created), message: "Agent created successfully" });
    },
  );

  app.get(
    "/v1/chat/agents",
    {
      schema: {
        tags,
        summary: "List agents",
        querystring: UserQuery,
        response: answers(200, Type.Array(AgentBody)),
      },
    },
    async (request, reply) =>
      reply.send({ success: true, data: (await agents.list(request.principal)).map(agentBody) }),
  );

  app.get(
    "/v1/chat/agents/:agentId",
    {
      schema: {
        tags,
        summary: "Get an agent",
        params: Params,
        querystring: UserQuery,
        response: answers(200, AgentBody),
      },
    },
    async (request, reply) =>
      reply.send({
        success: true,
        data: agentBody(await agents.get(request.principal, request.params.agentId)),
      }),
  );

  app.put(
    "/v1/chat/agents/:agentId",
    {
      schema: {
        tags,
        summary: "Replace an agent",
        params: Params,
        querystring: UserQuery,
        body: Type.Omit(NewAgent, ["id"]),
        response: answers(200, AgentBody),
      },
    },
    async (request, reply) => {
      const replaced = await agents.replace(
        request.principal,
        request.params.agentId,
        request.body,
      );
      return reply.send({
        success: true,
        data: agentBody(replaced),
        message: "Agent updated successfully",
      });
    },
  );

  app.delete(
    "/v1/chat/agents/:agentId",
    {
      schema: {
        tags,
        summary: "Delete an agent",
        params: Params,
        querystring: UserQuery,
        response: answers(200, DeletedBody),
      },
    },
    async (request, reply) => {
      const { agentId } = request.params;
      await agents.delete(request.principal, agentId);
      return reply.send({
        success: true,
        data: { id: agentId },
        message: "Agent deleted successfully",
      });
    },
  );

  app.get(
    "/v1/chat/models",
    {
      schema: {
        tags,
        summary: "List the models that this credential can name",
        querystring: UserQuery,
        response: answers(200, Type.Array(ModelBody)),
      },
    },
    async ({ principal }, reply) => {
      const patience = AbortSignal.timeout(MODELS_TIMEOUT_MS);
      const offered = await models.offered(patience, principal.models);
      return reply.send({ success: true, data: offered.map(modelBody) });
    },
  );
}
