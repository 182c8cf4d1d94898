import { notFound } from "../../../domain/errors.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { Operation, StatementWriter } from "./statement.ts";

/** Whether the project that a conversation is put into is there, in the transaction that puts it there. */
export function createProjectCheck(write: StatementWriter) {
  const select = write<{ tenantId: string; userId: string; id: string }>()((database, parameter) =>
    database
      .selectFrom("projects")
      .select("id")
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("id", "=", parameter.id),
  );
  function* isThere({ tenantId, userId }: Owner, id: string): Operation<boolean> {
    return (yield* select.first({ tenantId, userId, id })) !== undefined;
  }
  return {
    isThere,
    /** @throws AppError not_found */
    *insist(owner: Owner, id: string): Operation<void> {
      if (!(yield* isThere(owner, id))) throw notFound("project");
    },
  };
}
