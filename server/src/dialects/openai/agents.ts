import type { Agents } from "../../core/agents.ts";
import type { Agent } from "../../domain/agent.ts";
import type { Owner } from "../../domain/principal.ts";
import { noSuchModel } from "./errors.ts";

/** How the name of a model begins that is an agent. */
export const AGENT_PREFIX = "agent/";

/** Each agent with what it is called after that: its name, or its id where another one has that name or id. */
export function agentNames(
  agents: readonly Agent[],
): readonly (readonly [name: string, agent: Agent])[] {
  const counts = new Map<string, number>();
  for (const { id, name } of agents)
    for (const key of new Set([id, name])) counts.set(key, (counts.get(key) ?? 0) + 1);
  return agents.map((agent) => [counts.get(agent.name) === 1 ? agent.name : agent.id, agent]);
}

/**
 * The agent that a `model` of a request names by its name or id; null where it names none.
 * @throws OpenAiError model_not_found
 */
export async function agentNamed(
  agents: Pick<Agents, "list">,
  owner: Owner,
  model: string | null,
): Promise<Agent | null> {
  if (!model?.startsWith(AGENT_PREFIX)) return null;
  const name = model.slice(AGENT_PREFIX.length);
  const all = await agents.list(owner);
  const called = agentNames(all).find(([it]) => it === name)?.[1];
  const found = called ?? all.find(({ id }) => id === name);
  if (!found) throw noSuchModel(model);
  return found;
}
