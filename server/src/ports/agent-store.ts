import type { Agent } from "../domain/agent.ts";
import type { Stamp } from "../domain/audit.ts";
import type { Owner } from "../domain/principal.ts";
import type { Idempotency } from "./turn-requests.ts";

export interface AgentStore {
  /** Rejects with AppError `conflict` if the owner has one of that id. */
  createAgent(owner: Owner, agent: Agent, idempotency?: Idempotency | null): Promise<Agent>;
  listAgents(owner: Owner): Promise<Agent[]>;
  getAgent(owner: Owner, agentId: string): Promise<Agent | null>;
  /** Replaces the agent; null if there is none. */
  replaceAgent(owner: Owner, agent: Agent): Promise<Agent | null>;
  /** @param stamp noted with it in the audit log */
  deleteAgent(owner: Owner, agentId: string, stamp?: Stamp): Promise<boolean>;
}
