import type { Selectable } from "kysely";
import type { Stamp } from "../../../domain/audit.ts";
import { MAX_MEMORIES, type Memory } from "../../../domain/memory.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { ArchiveRecord } from "../../../ports/archive.ts";
import type { Idempotency } from "../../../ports/store.ts";
import { type AppendAuditEvent, eventAbout } from "./audit.ts";
import { createKeptReads, createKeptWrites, createPages, type Kind } from "./kept.ts";
import type { Once } from "./once.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import type { Tables } from "./tables.ts";

type OwnerParameters = { tenantId: string; userId: string };
type MemoryRecord = Extract<ArchiveRecord, { type: "memory" }>;

const MEMORIES: Kind = {
  table: "memories",
  name: "memory",
  deletion: "memory_deleted",
  bound: {
    most: MAX_MEMORIES,
    says: `At most ${MAX_MEMORIES} memories are kept of a user. Delete one that is not needed any more`,
  },
};

const memoryOf = (row: Selectable<Tables["memories"]>): Memory => ({
  id: row.id,
  text: row.text,
  createdAt: new Date(Number(row.created_at)),
  updatedAt: new Date(Number(row.updated_at)),
});

export function createMemoryReads(write: StatementWriter) {
  const kept = createKeptReads(write, "memories", memoryOf);
  const memoryRecords = createPages(
    write,
    "memories",
    (owner, row): MemoryRecord => ({ type: "memory", owner, memory: memoryOf(row) }),
  );
  return { listMemories: kept.list, getMemory: kept.find, memoryRecords };
}

export function createMemoryWrites(write: StatementWriter, append: AppendAuditEvent, once: Once) {
  type Texts = { id: string; text: string; updatedAt: number };
  const { getMemory } = createMemoryReads(write);
  const kept = createKeptWrites(write, append, once, MEMORIES, getMemory);
  const insert = write<OwnerParameters & Texts & { createdAt: number }>()((database, parameter) =>
    database
      .insertInto("memories")
      .values({
        tenant_id: parameter.tenantId,
        owner_id: parameter.userId,
        id: parameter.id,
        text: parameter.text,
        created_at: parameter.createdAt,
        updated_at: parameter.updatedAt,
      })
      .onConflict((conflict) => conflict.doNothing()),
  );
  const change = write<OwnerParameters & Texts>()((database, parameter) =>
    database
      .updateTable("memories")
      .set({ text: parameter.text, updated_at: parameter.updatedAt })
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("id", "=", parameter.id),
  );
  const deleteAll = write<OwnerParameters>()((database, parameter) =>
    database
      .deleteFrom("memories")
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );

  function* insertMemory({ tenantId, userId }: Owner, memory: Memory): Operation<boolean> {
    const { id, text, createdAt, updatedAt } = memory;
    const times = { createdAt: createdAt.getTime(), updatedAt: updatedAt.getTime() };
    return (yield* insert.run({ tenantId, userId, id, text, ...times })) > 0;
  }

  return {
    /** @returns false if the owner has one of that id, which stays */
    insertMemory,

    *createMemory(
      owner: Owner,
      memory: Memory,
      idempotency?: Idempotency | null,
    ): Operation<Memory> {
      const known = idempotency ? null : yield* getMemory(owner, memory.id);
      return (
        known ?? (yield* kept.create(owner, memory, idempotency, () => insertMemory(owner, memory)))
      );
    },

    *changeMemory(owner: Owner, memory: Omit<Memory, "createdAt">): Operation<Memory | null> {
      const { tenantId, userId } = owner;
      const { id, text, updatedAt } = memory;
      yield* change.run({ tenantId, userId, id, text, updatedAt: updatedAt.getTime() });
      return yield* getMemory(owner, id);
    },

    deleteMemory: kept.remove,

    *deleteMemories(owner: Owner, stamp?: Stamp): Operation<number> {
      const { tenantId, userId } = owner;
      const deleted = yield* deleteAll.run({ tenantId, userId });
      if (stamp && deleted > 0)
        yield* append(eventAbout("memory_deleted", owner, null, stamp, deleted));
      return deleted;
    },
  };
}
