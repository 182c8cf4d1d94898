import type { Attachment } from "../../../domain/file.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import { LINK_OF_PROJECT } from "./tables.ts";

type LinkParameters = { tenantId: string; userId: string; projectId: string; fileId: string };

/** Keeps which files a project has among the links, so that a file stays as long as a message or a project has it. */
export function createProjectFileLinks(write: StatementWriter) {
  const insert = write<LinkParameters>()((database, parameter, sql) =>
    database
      .insertInto("file_links")
      .values({
        tenant_id: parameter.tenantId,
        owner_id: parameter.userId,
        message_id: parameter.projectId,
        is_replaced: sql.lit(LINK_OF_PROJECT),
        file_id: parameter.fileId,
      })
      .onConflict((conflict) => conflict.doNothing()),
  );
  const remove = write<LinkParameters>()((database, parameter, sql) =>
    database
      .deleteFrom("file_links")
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("message_id", "=", parameter.projectId)
      .where("is_replaced", "=", sql.lit(LINK_OF_PROJECT))
      .where("file_id", "=", parameter.fileId),
  );

  return {
    /** Replaces the links to `before` by those to `after`. A file that nothing has any more goes (files-migration.ts). */
    *set(
      { tenantId, userId }: Owner,
      projectId: string,
      before: readonly Attachment[],
      after: readonly Attachment[],
    ): Operation<void> {
      const kept = new Set(after.map(({ id }) => id));
      for (const { id: fileId } of after)
        yield* insert.run({ tenantId, userId, projectId, fileId });
      for (const { id: fileId } of before)
        if (!kept.has(fileId)) yield* remove.run({ tenantId, userId, projectId, fileId });
    },
  };
}
