import type { Selectable } from "kysely";
import type { AuditAction, Stamp } from "../../../domain/audit.ts";
import { AppError, notFound } from "../../../domain/errors.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { Idempotency } from "../../../ports/store.ts";
import { type AppendAuditEvent, eventAbout } from "./audit.ts";
import type {
  AgentsTable,
  MemoriesTable,
  ProfilesTable,
  ProjectsTable,
  PromptsTable,
} from "./kept-tables.ts";
import type { Once } from "./once.ts";
import type { Operation, StatementWriter } from "./statement.ts";

/** The tables of what people keep beside their conversations. Each row has an owner, and an id that is the owner's alone. */
type KeptTable = "agents" | "memories" | "prompts" | "projects";
/** A row of any of them; what reads it takes the columns of one. */
type KeptRow = Selectable<AgentsTable & MemoriesTable & PromptsTable & ProjectsTable>;

type OwnerParameters = { tenantId: string; userId: string };

/** A page of records, and where the next one begins. */
export type Page<Item> = { readonly items: Item[]; readonly lastRowId: number };

/** One kind of what people keep. */
export type Kind = {
  readonly table: KeptTable;
  readonly name: Parameters<typeof notFound>[0];
  readonly deletion: AuditAction;
  /** How many an owner has at most, and what is said to an owner who wants more; absent: there is no such bound. */
  readonly bound?: { readonly most: number; readonly says: string };
};

/** @param keptOf what a row of the table says */
export function createKeptReads<Kept>(
  write: StatementWriter,
  table: KeptTable,
  keptOf: (row: KeptRow) => Kept,
) {
  const selectAll = write<OwnerParameters>()((database, parameter) =>
    database
      .selectFrom(table)
      .selectAll()
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .orderBy("created_at")
      .orderBy("row_id"),
  );
  const selectById = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .selectFrom(table)
      .selectAll()
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("id", "=", parameter.id),
  );

  return {
    /** In the order in which they were made. */
    *list({ tenantId, userId }: Owner): Operation<Kept[]> {
      return (yield* selectAll.all({ tenantId, userId })).map(keptOf);
    },

    *find({ tenantId, userId }: Owner, id: string): Operation<Kept | null> {
      const row = yield* selectById.first({ tenantId, userId, id });
      return row ? keptOf(row) : null;
    },
  };
}

/**
 * Reads a table across all owners: for the operator's archive alone.
 * @param recordOf the record of a row
 */
export function createPages<Item>(
  write: StatementWriter,
  table: KeptTable | "profiles",
  recordOf: (owner: Owner, row: KeptRow & Selectable<ProfilesTable>) => Item,
) {
  const select = write<{ after: number; limit: number }>()((database, parameter) =>
    database
      .selectFrom(table)
      .selectAll()
      .where("row_id", ">", parameter.after)
      .orderBy("row_id")
      .limit(parameter.limit),
  );
  return function* page(after: number, limit: number): Operation<Page<Item>> {
    const rows = yield* select.all({ after, limit });
    const items = rows.map((row) =>
      recordOf({ tenantId: row.tenant_id, userId: row.owner_id }, row),
    );
    return { items, lastRowId: rows.at(-1)?.row_id ?? after };
  };
}

/** @param find one of that kind, as `createKeptReads` has it */
export function createKeptWrites<Kept extends { readonly id: string; readonly createdAt: Date }>(
  write: StatementWriter,
  append: AppendAuditEvent,
  once: Once,
  { table, name, deletion, bound }: Kind,
  find: (owner: Owner, id: string) => Operation<Kept | null>,
) {
  const count = write<OwnerParameters>()((database, parameter) =>
    database
      .selectFrom(table)
      .select((expression) => expression.fn.countAll<number>().as("total"))
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const deleteOne = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .deleteFrom(table)
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("id", "=", parameter.id),
  );

  /** @throws AppError conflict where the owner has as many as the bound */
  function* insistOnRoom({ tenantId, userId }: Owner): Operation<void> {
    if (bound && Number((yield* count.first({ tenantId, userId }))?.total) >= bound.most)
      throw new AppError("conflict", bound.says);
  }

  return {
    /**
     * @param insert stores it
     * @throws AppError conflict where the owner has as many as the bound, what `insert` throws, and those of Idempotency
     */
    *create(
      owner: Owner,
      kept: Kept,
      idempotency: Idempotency | null | undefined,
      insert: () => Operation<unknown>,
    ): Operation<Kept> {
      return yield* once(owner, idempotency, {
        id: kept.id,
        at: kept.createdAt,
        *make() {
          yield* insistOnRoom(owner);
          yield* insert();
          return kept;
        },
        *find(madeId) {
          const made = yield* find(owner, madeId);
          if (!made) throw notFound(name);
          return made;
        },
      });
    },

    /** @returns false if the owner has none of that id */
    *remove(owner: Owner, id: string, stamp?: Stamp): Operation<boolean> {
      const { tenantId, userId } = owner;
      if ((yield* deleteOne.run({ tenantId, userId, id })) === 0) return false;
      if (stamp) yield* append(eventAbout(deletion, owner, id, stamp));
      return true;
    },
  };
}
