import type { Agent } from "../../../domain/agent.ts";
import type { Stamp } from "../../../domain/audit.ts";
import { AppError, notFound } from "../../../domain/errors.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { Idempotency } from "../../../ports/store.ts";
import { type AppendAuditEvent, eventAbout } from "./audit.ts";
import type { Once } from "./once.ts";
import { toAgent } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type OwnerParameters = { tenantId: string; userId: string };
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

export function createAgentReads(write: StatementWriter) {
  const selectAll = write<OwnerParameters>()((database, parameter) =>
    database
      .selectFrom("agents")
      .selectAll()
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .orderBy("created_at")
      .orderBy("row_id"),
  );
  const selectById = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .selectFrom("agents")
      .selectAll()
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("id", "=", parameter.id),
  );

  return {
    *listAgents(owner: Owner): Operation<Agent[]> {
      const { tenantId, userId } = owner;
      return (yield* selectAll.all({ tenantId, userId })).map(toAgent);
    },

    *getAgent(owner: Owner, id: string): Operation<Agent | null> {
      const { tenantId, userId } = owner;
      const row = yield* selectById.first({ tenantId, userId, id });
      return row ? toAgent(row) : null;
    },
  };
}

export function createAgentWrites(write: StatementWriter, append: AppendAuditEvent, once: Once) {
  const { getAgent } = createAgentReads(write);
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
  const deleteOne = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .deleteFrom("agents")
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("id", "=", parameter.id),
  );

  function* insertAgent(owner: Owner, agent: Agent): Operation<boolean> {
    return (yield* insert.run(parametersOf(owner, agent))) > 0;
  }

  return {
    insertAgent,

    *createAgent(owner: Owner, agent: Agent, idempotency?: Idempotency | null): Operation<Agent> {
      return yield* once(owner, idempotency, {
        id: agent.id,
        at: agent.createdAt,
        *make() {
          if (yield* insertAgent(owner, agent)) return agent;
          throw new AppError("conflict", "An agent of that id exists already");
        },
        *find(madeId) {
          const made = yield* getAgent(owner, madeId);
          if (!made) throw notFound("agent");
          return made;
        },
      });
    },

    *replaceAgent(owner: Owner, agent: Agent): Operation<Agent | null> {
      return (yield* replace.run(parametersOf(owner, agent))) > 0 ? agent : null;
    },

    *deleteAgent(owner: Owner, id: string, stamp?: Stamp): Operation<boolean> {
      const { tenantId, userId } = owner;
      if ((yield* deleteOne.run({ tenantId, userId, id })) === 0) return false;
      if (stamp) yield* append(eventAbout("agent_deleted", owner, id, stamp));
      return true;
    },
  };
}
