import type { Selectable } from "kysely";
import type { Owner } from "../../../domain/principal.ts";
import { MAX_PROMPTS, type SavedPrompt } from "../../../domain/saved-prompt.ts";
import type { ArchiveRecord } from "../../../ports/archive.ts";
import type { Idempotency } from "../../../ports/store.ts";
import type { AppendAuditEvent } from "./audit.ts";
import { createKeptReads, createKeptWrites, createPages, type Kind } from "./kept.ts";
import type { Once } from "./once.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import type { Tables } from "./tables.ts";

type OwnerParameters = { tenantId: string; userId: string };
type PromptRecord = Extract<ArchiveRecord, { type: "prompt" }>;

const PROMPTS: Kind = {
  table: "prompts",
  name: "prompt",
  deletion: "prompt_deleted",
  bound: {
    most: MAX_PROMPTS,
    says: `A user keeps at most ${MAX_PROMPTS} prompts. Delete one that is not needed any more`,
  },
};

const promptOf = (row: Selectable<Tables["prompts"]>): SavedPrompt => ({
  id: row.id,
  name: row.name,
  text: row.text,
  createdAt: new Date(Number(row.created_at)),
  updatedAt: new Date(Number(row.updated_at)),
});

export function createPromptReads(write: StatementWriter) {
  const kept = createKeptReads(write, "prompts", promptOf);
  const promptRecords = createPages(
    write,
    "prompts",
    (owner, row): PromptRecord => ({ type: "prompt", owner, prompt: promptOf(row) }),
  );
  return { listPrompts: kept.list, getPrompt: kept.find, promptRecords };
}

export function createPromptWrites(write: StatementWriter, append: AppendAuditEvent, once: Once) {
  type Texts = { id: string; name: string; text: string; updatedAt: number };
  const { getPrompt } = createPromptReads(write);
  const kept = createKeptWrites(write, append, once, PROMPTS, getPrompt);
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

  function* insertPrompt({ tenantId, userId }: Owner, prompt: SavedPrompt): Operation<boolean> {
    const { id, name, text, createdAt, updatedAt } = prompt;
    const times = { createdAt: createdAt.getTime(), updatedAt: updatedAt.getTime() };
    return (yield* insert.run({ tenantId, userId, id, name, text, ...times })) > 0;
  }

  return {
    /** @returns false if the owner has one of that id, which stays */
    insertPrompt,

    createPrompt: (
      owner: Owner,
      prompt: SavedPrompt,
      idempotency?: Idempotency | null,
    ): Operation<SavedPrompt> =>
      kept.create(owner, prompt, idempotency, () => insertPrompt(owner, prompt)),

    *replacePrompt(
      owner: Owner,
      prompt: Omit<SavedPrompt, "createdAt">,
    ): Operation<SavedPrompt | null> {
      const { tenantId, userId } = owner;
      const { id, name, text, updatedAt } = prompt;
      yield* replace.run({ tenantId, userId, id, name, text, updatedAt: updatedAt.getTime() });
      return yield* getPrompt(owner, id);
    },

    deletePrompt: kept.remove,
  };
}
