import type { AuditAction, AuditEvent, Stamp } from "../../../domain/audit.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { StoredAuditEvent } from "../../../ports/audit-store.ts";
import type { Operation, StatementWriter } from "./statement.ts";

export function createAuditReads(write: StatementWriter) {
  const selectPage = write<{ before: number; limit: number }>()((database, parameter) =>
    database
      .selectFrom("audit_events")
      .selectAll()
      .where("row_id", "<", parameter.before)
      .orderBy("row_id", "desc")
      .limit(parameter.limit),
  );
  return {
    *listAuditEvents(page: {
      readonly before?: number;
      readonly limit: number;
    }): Operation<StoredAuditEvent[]> {
      const { before = Number.MAX_SAFE_INTEGER, limit } = page;
      return (yield* selectPage.all({ before, limit })).map((row) => ({
        number: Number(row.row_id),
        at: new Date(Number(row.at)),
        action: row.action as AuditAction,
        tenantId: row.tenant_id,
        userId: row.user_id,
        actor: row.actor,
        address: row.address,
        about: row.about,
        reason: row.reason,
        count: Number(row.count),
      }));
    },
  };
}

export type AppendAuditEvent = ReturnType<typeof createAuditWrites>["append"];

export const eventAbout = (
  action: AuditAction,
  { tenantId, userId }: Owner,
  about: string | null,
  stamp: Stamp,
  count = 1,
): AuditEvent => ({
  ...stamp,
  action,
  tenantId,
  userId,
  address: null,
  about,
  reason: null,
  count,
});

export function createAuditWrites(write: StatementWriter) {
  const insert = write<{
    at: number;
    action: string;
    tenantId: string | null;
    userId: string | null;
    actor: string | null;
    address: string | null;
    about: string | null;
    reason: string | null;
    count: number;
  }>()((database, parameter) =>
    database.insertInto("audit_events").values({
      at: parameter.at,
      action: parameter.action,
      tenant_id: parameter.tenantId,
      user_id: parameter.userId,
      actor: parameter.actor,
      address: parameter.address,
      about: parameter.about,
      reason: parameter.reason,
      count: parameter.count,
    }),
  );
  const selectSame = write<{ about: string; action: string }>()((database, parameter) =>
    database
      .selectFrom("audit_events")
      .select("row_id")
      .where("about", "=", parameter.about)
      .where("action", "=", parameter.action)
      .limit(1),
  );

  function* append(event: AuditEvent): Operation<void> {
    yield* insert.run({ ...event, at: event.at.getTime() });
  }
  return {
    append,
    *appendAuditEvents(events: readonly AuditEvent[]): Operation<void> {
      for (const event of events) {
        const { action, about } = event;
        const isKnown =
          action === "signed_in" &&
          about !== null &&
          (yield* selectSame.first({ about, action })) !== undefined;
        if (!isKnown) yield* append(event);
      }
    },
  };
}
