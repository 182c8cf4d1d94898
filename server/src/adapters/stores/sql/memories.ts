import type { Selectable } from "kysely";
import type { Stamp } from "../../../domain/audit.ts";
import { AppError, notFound } from "../../../domain/errors.ts";
import { MAX_MEMORIES, type Memory } from "../../../domain/memory.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { ArchiveRecord } from "../../../ports/archive.ts";
import type { Idempotency } from "../../../ports/store.ts";
import { type AppendAuditEvent, eventAbout } from "./audit.ts";
import type { Once } from "./once.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import type { Tables } from "./tables.ts";

type OwnerParameters = { tenantId: string; userId: string };
type MemoryRecord = Extract<ArchiveRecord, { type: "memory" }>;

const memoryOf = (row: Selectable<Tables["memories"]>): Memory => ({
  id: row.id,
  text: row.text,
  createdAt: new Date(Number(row.created_at)),
  updatedAt: new Date(Number(row.updated_at)),
});

export function createMemoryReads(write: StatementWriter) {
  const selectAll = write<OwnerParameters>()((database, parameter) =>
    database
      .selectFrom("memories")
      .selectAll()
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .orderBy("created_at")
      .orderBy("row_id"),
  );
  const selectById = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .selectFrom("memories")
      .selectAll()
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("id", "=", parameter.id),
  );
  /** Across all owners: for the operator's archive alone. */
  const selectPage = write<{ after: number; limit: number }>()((database, parameter) =>
    database
      .selectFrom("memories")
      .selectAll()
      .where("row_id", ">", parameter.after)
      .orderBy("row_id")
      .limit(parameter.limit),
  );

  return {
    *listMemories({ tenantId, userId }: Owner): Operation<Memory[]> {
      return (yield* selectAll.all({ tenantId, userId })).map(memoryOf);
    },

    *getMemory({ tenantId, userId }: Owner, id: string): Operation<Memory | null> {
      const row = yield* selectById.first({ tenantId, userId, id });
      return row ? memoryOf(row) : null;
    },

    *memoryRecords(
      after: number,
      limit: number,
    ): Operation<{ readonly items: MemoryRecord[]; readonly lastRowId: number }> {
      const rows = yield* selectPage.all({ after, limit });
      const items = rows.map((row): MemoryRecord => {
        const owner = { tenantId: row.tenant_id, userId: row.owner_id };
        return { type: "memory", owner, memory: memoryOf(row) };
      });
      return { items, lastRowId: rows.at(-1)?.row_id ?? after };
    },
  };
}

export function createMemoryWrites(write: StatementWriter, append: AppendAuditEvent, once: Once) {
  type Texts = { id: string; text: string; updatedAt: number };
  const { getMemory } = createMemoryReads(write);
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
  const count = write<OwnerParameters>()((database, parameter) =>
    database
      .selectFrom("memories")
      .select((expression) => expression.fn.countAll<number>().as("total"))
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const deleteOne = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .deleteFrom("memories")
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
      const { tenantId, userId } = owner;
      return yield* once(owner, idempotency, {
        id: memory.id,
        at: memory.createdAt,
        *make() {
          const known = yield* getMemory(owner, memory.id);
          if (known) return known;
          if (Number((yield* count.first({ tenantId, userId }))?.total ?? 0) >= MAX_MEMORIES)
            throw new AppError(
              "conflict",
              `At most ${MAX_MEMORIES} memories are kept of a user. Delete one that is not needed any more`,
            );
          yield* insertMemory(owner, memory);
          return memory;
        },
        *find(madeId) {
          const made = yield* getMemory(owner, madeId);
          if (!made) throw notFound("memory");
          return made;
        },
      });
    },

    *changeMemory(owner: Owner, memory: Omit<Memory, "createdAt">): Operation<Memory | null> {
      const { tenantId, userId } = owner;
      const { id, text, updatedAt } = memory;
      yield* change.run({ tenantId, userId, id, text, updatedAt: updatedAt.getTime() });
      return yield* getMemory(owner, id);
    },

    *deleteMemory(owner: Owner, id: string, stamp?: Stamp): Operation<boolean> {
      const { tenantId, userId } = owner;
      if ((yield* deleteOne.run({ tenantId, userId, id })) === 0) return false;
      if (stamp) yield* append(eventAbout("memory_deleted", owner, id, stamp));
      return true;
    },

    *deleteMemories(owner: Owner, stamp?: Stamp): Operation<number> {
      const { tenantId, userId } = owner;
      const deleted = yield* deleteAll.run({ tenantId, userId });
      if (stamp && deleted > 0)
        yield* append(eventAbout("memory_deleted", owner, null, stamp, deleted));
      return deleted;
    },
  };
}
