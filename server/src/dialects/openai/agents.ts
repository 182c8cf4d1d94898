import type { Agent } from "../../domain/agent.ts";

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
