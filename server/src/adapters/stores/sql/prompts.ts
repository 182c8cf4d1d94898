import type { Selectable } from "kysely";
import type { Stamp } from "../../../domain/audit.ts";
import { AppError, notFound } from "../../../domain/errors.ts";
import type { Owner } from "../../../domain/principal.ts";
import { MAX_PROMPTS, type SavedPrompt } from "../../../domain/saved-prompt.ts";
import type { ArchiveRecord } from "../../../ports/archive.ts";
import type { Idempotency } from "../../../ports/store.ts";
import { type AppendAuditEvent, eventAbout } from "./audit.ts";
import type { Once } from "./once.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import type { Tables } from "./tables.ts";

type OwnerParameters = { tenantId: string; userId: string };
type PromptRecord = Extract<ArchiveRecord, { type: "prompt" }>;

const promptOf = (row: Selectable<Tables["prompts"]>): SavedPrompt => ({
  id: row.id,
  name: row.name,
  text: row.text,
  createdAt: new Date(Number(row.created_at)),
  updatedAt: new Date(Number(row.updated_at)),
});

export function createPromptReads(write: StatementWriter) {
  const selectAll = write<OwnerParameters>()((database, parameter) =>
    database
      .selectFrom("prompts")
      .selectAll()
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .orderBy("created_at")
      .orderBy("row_id"),
  );
  const selectById = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .selectFrom("prompts")
      .selectAll()
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("id", "=", parameter.id),
  );
  /** Across all owners: for the operator's archive alone. */
  const selectPage = write<{ after: number; limit: number }>()((database, parameter) =>
    database
      .selectFrom("prompts")
      .selectAll()
      .where("row_id", ">", parameter.after)
      .orderBy("row_id")
      .limit(parameter.limit),
  );

  return {
    *listPrompts({ tenantId, userId }: Owner): Operation<SavedPrompt[]> {
      return (yield* selectAll.all({ tenantId, userId })).map(promptOf);
    },

    *getPrompt({ tenantId, userId }: Owner, id: string): Operation<SavedPrompt | null> {
      const row = yield* selectById.first({ tenantId, userId, id });
      return row ? promptOf(row) : null;
    },

    *promptRecords(
      after: number,
      limit: number,
    ): Operation<{ readonly items: PromptRecord[]; readonly lastRowId: number }> {
      const rows = yield* selectPage.all({ after, limit });
      const items = rows.map((row): PromptRecord => {
        const owner = { tenantId: row.tenant_id, userId: row.owner_id };
        return { type: "prompt", owner, prompt: promptOf(row) };
      });
      return { items, lastRowId: rows.at(-1)?.row_id ?? after };
    },
  };
}

export function createPromptWrites(write: StatementWriter, append: AppendAuditEvent, once: Once) {
  type Texts = { id: string; name: string; text: string; updatedAt: number };
  const { getPrompt } = createPromptReads(write);
  const insert = write<OwnerParameters & Texts & { createdAt: number }>()((database, parameter) =>
    database
      .insertInto("prompts")
      .values({
        tenant_id: parameter.tenantId,
        owner_id: parameter.userId,
        id: parameter.id,
        name: parameter.name,
        text: parameter.text,
        created_at: parameter.createdAt,
        updated_at: parameter.updatedAt,
      })
      .onConflict((conflict) => conflict.doNothing()),
  );
  const replace = write<OwnerParameters & Texts>()((database, parameter) =>
    database
      .updateTable("prompts")
      .set({
        name: parameter.name,
        text: parameter.text,
        updated_at: parameter.updatedAt,
      })
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("id", "=", parameter.id),
  );
  const count = write<OwnerParameters>()((database, parameter) =>
    database
      .selectFrom("prompts")
      .select((expression) => expression.fn.countAll<number>().as("total"))
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const deleteOne = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .deleteFrom("prompts")
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("id", "=", parameter.id),
  );

  function* insertPrompt({ tenantId, userId }: Owner, prompt: SavedPrompt): Operation<boolean> {
    const { id, name, text, createdAt, updatedAt } = prompt;
    const times = { createdAt: createdAt.getTime(), updatedAt: updatedAt.getTime() };
    return (yield* insert.run({ tenantId, userId, id, name, text, ...times })) > 0;
  }

  return {
    /** @returns false if the owner has one of that id, which stays */
    insertPrompt,

    *createPrompt(
      owner: Owner,
      prompt: SavedPrompt,
      idempotency?: Idempotency | null,
    ): Operation<SavedPrompt> {
      const { tenantId, userId } = owner;
      return yield* once(owner, idempotency, {
        id: prompt.id,
        at: prompt.createdAt,
        *make() {
          if (Number((yield* count.first({ tenantId, userId }))?.total ?? 0) >= MAX_PROMPTS)
            throw new AppError(
              "conflict",
              `A user keeps at most ${MAX_PROMPTS} prompts. Delete one that is not needed any more`,
            );
          yield* insertPrompt(owner, prompt);
          return prompt;
        },
        *find(madeId) {
          const made = yield* getPrompt(owner, madeId);
          if (!made) throw notFound("prompt");
          return made;
        },
      });
    },

    *replacePrompt(
      owner: Owner,
      prompt: Omit<SavedPrompt, "createdAt">,
    ): Operation<SavedPrompt | null> {
      const { tenantId, userId } = owner;
      const { id, name, text, updatedAt } = prompt;
      yield* replace.run({ tenantId, userId, id, name, text, updatedAt: updatedAt.getTime() });
      return yield* getPrompt(owner, id);
    },

    *deletePrompt(owner: Owner, id: string, stamp?: Stamp): Operation<boolean> {
      const { tenantId, userId } = owner;
      if ((yield* deleteOne.run({ tenantId, userId, id })) === 0) return false;
      if (stamp) yield* append(eventAbout("prompt_deleted", owner, id, stamp));
      return true;
    },
  };
}
