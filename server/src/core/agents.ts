import { type Agent, MAX_AGENT_TOOLS } from "../domain/agent.ts";
import { actorOf } from "../domain/audit.ts";
import { AppError, notFound } from "../domain/errors.ts";
import { type Owner, ownerOf, type Principal, type Speaker } from "../domain/principal.ts";
import { checkMessageText, checkName } from "../domain/text.ts";
import type { AgentStore } from "../ports/agent-store.ts";
import type { Clock, NewId } from "../ports/clock.ts";
import type { Idempotency } from "../ports/turn-requests.ts";
import type { Models } from "./models.ts";

export type AgentDraft = {
  readonly id?: string | undefined;
  readonly name: string;
  readonly instructions: string;
  readonly model?: string | null | undefined;
  readonly temperature?: number | null | undefined;
  readonly voice?: string | null | undefined;
  readonly tools?: readonly string[] | null | undefined;
};

export type Agents = {
  /** @throws AppError invalid_request, model_refused, conflict; also those of Idempotency */
  create(speaker: Speaker, draft: AgentDraft, idempotency?: Idempotency | null): Promise<Agent>;
  list(owner: Owner): Promise<Agent[]>;
  /** @throws AppError not_found */
  get(owner: Owner, agentId: string): Promise<Agent>;
  /** Replaces the agent; an absent field gets its default. @throws AppError not_found, invalid_request, model_refused */
  replace(speaker: Speaker, agentId: string, draft: AgentDraft): Promise<Agent>;
  /** The agent's conversations stay, without an agent. @throws AppError not_found */
  delete(principal: Principal, agentId: string): Promise<void>;
};

export function createAgents(
  store: AgentStore,
  clock: Clock,
  newId: NewId,
  models: Pick<Models, "refusal">,
): Agents {
  const make = (speaker: Speaker, draft: AgentDraft, id: string, createdAt: Date): Agent => {
    const { name, instructions, model, temperature, voice, tools } = draft;
    checkName(id, "id");
    checkName(name, "name");
    if (instructions) checkMessageText(instructions, "instructions");
    if (model) checkName(model, "model");
    const refusal = model ? models.refusal(model, speaker.models) : null;
    if (refusal) throw refusal;
    if (voice) checkName(voice, "voice");
    if (tools) checkTools(tools);
    if (typeof temperature === "number" && !(temperature >= 0 && temperature <= 2))
      throw new AppError("invalid_request", "temperature must be a number from 0 to 2", {
        field: "temperature",
      });
    return {
      id,
      name,
      instructions,
      model: model ?? null,
      temperature: temperature ?? null,
      voice: voice ?? null,
      tools: tools ? [...new Set(tools)] : null,
      createdAt,
      updatedAt: clock.now(),
    };
  };
  const get = async (owner: Owner, agentId: string): Promise<Agent> => {
    const agent = await store.getAgent(owner, agentId);
    if (!agent) throw notFound("agent");
    return agent;
  };
  return {
    create: async (owner, draft, idempotency) =>
      store.createAgent(owner, make(owner, draft, draft.id ?? newId(), clock.now()), idempotency),
    list: (owner) => store.listAgents(owner),
    get,
    async replace(owner, agentId, draft) {
      const { createdAt } = await get(owner, agentId);
      const replaced = await store.replaceAgent(owner, make(owner, draft, agentId, createdAt));
      if (!replaced) throw notFound("agent");
      return replaced;
    },
    async delete(principal, agentId) {
      const stamp = { at: clock.now(), actor: actorOf(principal) };
      if (!(await store.deleteAgent(ownerOf(principal), agentId, stamp))) throw notFound("agent");
    },
  };
}

/** @throws AppError invalid_request */
function checkTools(tools: readonly string[]): void {
  if (tools.length > MAX_AGENT_TOOLS)
    throw new AppError("invalid_request", `An agent names at most ${MAX_AGENT_TOOLS} tools`, {
      field: "tools",
    });
  for (const label of tools) checkName(label, "tools");
}
