import type { Stamp } from "../../../domain/audit.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { ToolGrant } from "../../../domain/tool-question.ts";
import { type AppendAuditEvent, eventAbout } from "./audit.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type OwnerParameters = { tenantId: string; userId: string };

export function createGrantReads(write: StatementWriter) {
  const selectAll = write<OwnerParameters>()((database, parameter) =>
    database
      .selectFrom("tool_grants")
      .selectAll()
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .orderBy("created_at", "desc")
      .orderBy("id"),
  );
  const selectFor = write<
    OwnerParameters & { source: string; tool: string; conversationId: string }
  >()((database, parameter) =>
    database
      .selectFrom("tool_grants")
      .select("id")
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("source", "=", parameter.source)
      .where("tool", "=", parameter.tool)
      .where(({ or, eb }) =>
        or([
          eb("conversation_id", "is", null),
          eb("conversation_id", "=", parameter.conversationId),
        ]),
      )
      .limit(1),
  );

  return {
    *listGrants({ tenantId, userId }: Owner): Operation<ToolGrant[]> {
      const rows = yield* selectAll.all({ tenantId, userId });
      return rows.map((row) => ({
        id: row.id,
        source: row.source,
        tool: row.tool,
        conversationId: row.conversation_id,
        createdAt: new Date(Number(row.created_at)),
      }));
    },

    *isGranted(
      { tenantId, userId }: Owner,
      conversationId: string,
      { source, name }: { readonly source: string; readonly name: string },
    ): Operation<boolean> {
      const given = { tenantId, userId, source, tool: name, conversationId };
      return (yield* selectFor.first(given)) !== undefined;
    },
  };
}

export function createGrantWrites(write: StatementWriter, append: AppendAuditEvent) {
  const insert = write<
    OwnerParameters & {
      id: string;
      source: string;
      tool: string;
      conversationId: string | null;
      createdAt: number;
    }
  >()((database, parameter) =>
    database
      .insertInto("tool_grants")
      .values({
        tenant_id: parameter.tenantId,
        owner_id: parameter.userId,
        id: parameter.id,
        source: parameter.source,
        tool: parameter.tool,
        conversation_id: parameter.conversationId,
        created_at: parameter.createdAt,
      })
      .onConflict((conflict) => conflict.doNothing()),
  );
  const count = write<OwnerParameters>()((database, parameter) =>
    database
      .selectFrom("tool_grants")
      .select((expression) => expression.fn.countAll<number>().as("total"))
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId),
  );
  const deleteOne = write<OwnerParameters & { id: string }>()((database, parameter) =>
    database
      .deleteFrom("tool_grants")
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("id", "=", parameter.id),
  );

  return {
    *countGrants({ tenantId, userId }: Owner): Operation<number> {
      return Number((yield* count.first({ tenantId, userId }))?.total ?? 0);
    },

    /** One of that tool and reach may be there already. */
    *insertGrant(owner: Owner, grant: ToolGrant, stamp: Stamp): Operation<void> {
      const { tenantId, userId } = owner;
      const createdAt = grant.createdAt.getTime();
      if ((yield* insert.run({ tenantId, userId, ...grant, createdAt })) > 0)
        yield* append(eventAbout("grant_created", owner, grant.id, stamp));
    },

    *deleteGrant(owner: Owner, grantId: string, stamp: Stamp): Operation<boolean> {
      const { tenantId, userId } = owner;
      if ((yield* deleteOne.run({ tenantId, userId, id: grantId })) === 0) return false;
      yield* append(eventAbout("grant_revoked", owner, grantId, stamp));
      return true;
    },
  };
}
