import type { Agent } from "../../../domain/agent.ts";
import { AppError } from "../../../domain/errors.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { ArchiveRecord } from "../../../ports/archive.ts";
import type { Idempotency } from "../../../ports/store.ts";
import type { AppendAuditEvent } from "./audit.ts";
import { createKeptReads, createKeptWrites, createPages, type Kind } from "./kept.ts";
import type { Once } from "./once.ts";
import { toAgent } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type OwnerParameters = { tenantId: string; userId: string };
type AgentRecord = Extract<ArchiveRecord, { type: "agent" }>;
type AgentParameters = OwnerParameters & {
  id: string;
  name: string;
  instructions: string;
  model: string | null;
  temperature: number | null;
  voice: string | null;
  tools: string | null;
  createdAt: number;
  updatedAt: number;
};

const parametersOf = (owner: Owner, agent: Agent): AgentParameters => ({
  tenantId: owner.tenantId,
  userId: owner.userId,
  id: agent.id,
  name: agent.name,
  instructions: agent.instructions,
  model: agent.model,
  temperature: agent.temperature,
  voice: agent.voice,
  tools: agent.tools && JSON.stringify(agent.tools),
  createdAt: agent.createdAt.getTime(),
  updatedAt: agent.updatedAt.getTime(),
});

const AGENTS: Kind = { table: "agents", name: "agent", deletion: "agent_deleted" };

export function createAgentReads(write: StatementWriter) {
  const kept = createKeptReads(write, "agents", toAgent);
  const agentRecords = createPages(
    write,
    "agents",
    (owner, row): AgentRecord => ({ type: "agent", owner, agent: toAgent(row) }),
  );
  return { listAgents: kept.list, getAgent: kept.find, agentRecords };
}

export function createAgentWrites(write: StatementWriter, append: AppendAuditEvent, once: Once) {
  const { getAgent } = createAgentReads(write);
  const kept = createKeptWrites(write, append, once, AGENTS, getAgent);
  const insert = write<AgentParameters>()((database, parameter) =>
    database
      .insertInto("agents")
      .values({
        id: parameter.id,
        tenant_id: parameter.tenantId,
        owner_id: parameter.userId,
        name: parameter.name,
        instructions: parameter.instructions,
        model: parameter.model,
        temperature: parameter.temperature,
        voice: parameter.voice,
        tools: parameter.tools,
        created_at: parameter.createdAt,
        updated_at: parameter.updatedAt,
      })
      .onConflict((conflict) => conflict.doNothing()),
  );
  const replace = write<AgentParameters>()((database, parameter) =>
    database
      .updateTable("agents")
      .set({
        name: parameter.name,
        instructions: parameter.instructions,
        model: parameter.model,
        temperature: parameter.temperature,
        voice: parameter.voice,
        tools: parameter.tools,
        created_at: parameter.createdAt,
        updated_at: parameter.updatedAt,
      })
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("id", "=", parameter.id),
  );

  function* insertAgent(owner: Owner, agent: Agent): Operation<boolean> {
    return (yield* insert.run(parametersOf(owner, agent))) > 0;
  }

  return {
    insertAgent,

    createAgent: (owner: Owner, agent: Agent, idempotency?: Idempotency | null): Operation<Agent> =>
      kept.create(owner, agent, idempotency, function* () {
        if (!(yield* insertAgent(owner, agent)))
          throw new AppError("conflict", "An agent of that id exists already");
      }),

    *replaceAgent(owner: Owner, agent: Agent): Operation<Agent | null> {
      return (yield* replace.run(parametersOf(owner, agent))) > 0 ? agent : null;
    },

    deleteAgent: kept.remove,
  };
}
