import type { FastifyInstance, FastifyRequest } from "fastify";
import type { OfferedModel } from "../../core/models.ts";
import type { Agent } from "../../domain/agent.ts";
import { AGENT_PREFIX, agentNames } from "../openai/agents.ts";
import { noSuchModel } from "../openai/errors.ts";
import { isOfMessages, messagesModel, messagesModelList } from "./messages-models.ts";
import type { ModelBody } from "./model-body.ts";
import type { CompletionsParts } from "./parts.ts";

const LIST_PATIENCE_MS = 5000;
const tags = ["completions"];

type ModelsParts = Pick<CompletionsParts, "agents" | "models" | "now">;

export function modelRoutes(app: FastifyInstance, parts: ModelsParts): void {
  const startedAt = parts.now();
  const all = async ({ principal }: FastifyRequest): Promise<ModelBody[]> => {
    const signal = AbortSignal.timeout(LIST_PATIENCE_MS);
    const [offered, agents] = await Promise.all([
      parts.models.offered(signal, principal.models),
      parts.agents.list(principal),
    ]);
    const usable = agents.filter(({ model }) => !parts.models.refusal(model, principal.models));
    return [
      ...offered.map((model) => modelBody(model, startedAt)),
      ...agentNames(usable).map(([name, agent]) => agentBody(name, agent)),
    ];
  };
  // Clients are also given base URLs without /v1, and those that other wires use.
  for (const prefix of ["/v1", "", "/api/v1"]) {
    const hide = prefix !== "/v1";
    app.get(
      `${prefix}/models`,
      { schema: { tags, summary: "List the models that this credential can name", hide } },
      async (request) => {
        const models = await all(request);
        if (isOfMessages(request)) return messagesModelList(models, request);
        return { object: "list", data: models };
      },
    );
    app.get<{ Params: { "*": string } }>(
      `${prefix}/models/*`,
      { schema: { tags, summary: "Get one of them by its id, which may have slashes", hide } },
      async (request) => {
        const id = request.params["*"];
        const found = (await all(request)).find((model) => model.id === id);
        if (!found) throw noSuchModel(id);
        return isOfMessages(request) ? messagesModel(found) : found;
      },
    );
  }
}

const secondsOf = (time: Date): number => Math.floor(time.getTime() / 1000);

const modelBody = (
  { id, name, provider, contextTokens }: OfferedModel,
  startedAt: Date,
): ModelBody => ({
  id,
  object: "model",
  created: secondsOf(startedAt),
  owned_by: provider,
  ...(name !== id && { name }),
  ...(contextTokens !== null && { context_length: contextTokens }),
});

const agentBody = (name: string, agent: Agent): ModelBody => ({
  id: `${AGENT_PREFIX}${name}`,
  object: "model",
  created: secondsOf(agent.createdAt),
  owned_by: "you",
  name: agent.name,
});
