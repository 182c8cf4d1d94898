import type { Selectable } from "kysely";
import type { Stamp } from "../../../domain/audit.ts";
import type { BrowserSession } from "../../../domain/browser-session.ts";
import { AppError } from "../../../domain/errors.ts";
import { type Invitation, MAX_INVITATIONS } from "../../../domain/invitation.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { OwnedIdempotency } from "../../../ports/turn-requests.ts";
import { type AppendAuditEvent, eventAbout } from "./audit.ts";
import type { BrowserSessionWrites } from "./browser-sessions.ts";
import type { createKeyWrites } from "./keys.ts";
import { type Once, shownOnce } from "./once.ts";
import { fromPatterns, toPatterns } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";
import type { Tables } from "./tables.ts";

export function createInvitationReads(write: StatementWriter) {
  const selectAll = write<{ now: number }>()((database, parameter) =>
    database
      .selectFrom("invitations")
      .selectAll()
      .where("over_at", ">", parameter.now)
      .orderBy("created_at", "desc")
      .orderBy("id"),
  );
  const selectOpen = write<{ hash: string; now: number }>()((database, parameter) =>
    database
      .selectFrom("invitations")
      .selectAll()
      .where("hash", "=", parameter.hash)
      .where("accepted_at", "is", null)
      .where("expires_at", ">", parameter.now),
  );
  const selectUsers = write<Record<never, never>>()((database) =>
    database.selectFrom("invitations").select(["tenant_id", "user_id"]).distinct(),
  );
  const selectByHash = write<{ hash: string }>()((database, parameter) =>
    database.selectFrom("invitations").selectAll().where("hash", "=", parameter.hash),
  );
  const selectAfter = write<{ after: string; limit: number }>()((database, parameter) =>
    database
      .selectFrom("invitations")
      .selectAll()
      .where("id", ">", parameter.after)
      .orderBy("id")
      .limit(parameter.limit),
  );
  return {
    *invitedUsers(): Operation<Owner[]> {
      const rows = yield* selectUsers.all({});
      return rows.map((row) => ({ tenantId: row.tenant_id, userId: row.user_id }));
    },

    *listInvitations(now: Date): Operation<Invitation[]> {
      return (yield* selectAll.all({ now: now.getTime() })).map(invitationOf);
    },

    *findInvitationByHash(hash: string): Operation<Invitation | null> {
      const row = yield* selectByHash.first({ hash });
      return row ? invitationOf(row) : null;
    },

    /** By id, all that are stored, also those that are over. */
    *invitationsAfter(after: string, limit: number): Operation<Invitation[]> {
      return (yield* selectAfter.all({ after, limit })).map(invitationOf);
    },

    *findOpenInvitation(hash: string, now: Date): Operation<Invitation | null> {
      const row = yield* selectOpen.first({ hash, now: now.getTime() });
      return row ? invitationOf(row) : null;
    },
  };
}

export function createInvitationWrites(
  write: StatementWriter,
  append: AppendAuditEvent,
  once: Once,
  parts: {
    readonly sessions: BrowserSessionWrites;
    readonly keys: Pick<ReturnType<typeof createKeyWrites>, "noteClaimed">;
  },
) {
  const { sessions, keys } = parts;
  const insert = write<{
    id: string;
    hash: string;
    name: string;
    invitedBy: string;
    tenantId: string;
    userId: string;
    isOperator: number;
    models: string | null;
    sessionMs: number;
    createdAt: number;
    expiresAt: number;
    acceptedAt: number | null;
    overAt: number;
  }>()((database, parameter) =>
    database
      .insertInto("invitations")
      .values({
        id: parameter.id,
        hash: parameter.hash,
        name: parameter.name,
        invited_by: parameter.invitedBy,
        tenant_id: parameter.tenantId,
        user_id: parameter.userId,
        is_operator: parameter.isOperator,
        models: parameter.models,
        session_ms: parameter.sessionMs,
        created_at: parameter.createdAt,
        expires_at: parameter.expiresAt,
        accepted_at: parameter.acceptedAt,
        over_at: parameter.overAt,
      })
      .onConflict((conflict) => conflict.doNothing()),
  );
  const count = write<{ now: number }>()((database, parameter) =>
    database
      .selectFrom("invitations")
      .select((expression) => expression.fn.countAll<number>().as("total"))
      .where("over_at", ">", parameter.now),
  );
  const forget = write<{ now: number }>()((database, parameter) =>
    database
      .deleteFrom("invitations")
      .where("over_at", "<=", parameter.now)
      .where("accepted_at", "is", null),
  );
  const accept = write<{ hash: string; at: number; overAt: number }>()((database, parameter) =>
    database
      .updateTable("invitations")
      .set({ accepted_at: parameter.at, over_at: parameter.overAt })
      .where("hash", "=", parameter.hash)
      .where("accepted_at", "is", null)
      .where("expires_at", ">", parameter.at),
  );
  const selectById = write<{ id: string; now: number }>()((database, parameter) =>
    database
      .selectFrom("invitations")
      .selectAll()
      .where("id", "=", parameter.id)
      .where("over_at", ">", parameter.now),
  );
  const deleteOpen = write<{ id: string }>()((database, parameter) =>
    database
      .deleteFrom("invitations")
      .where("id", "=", parameter.id)
      .where("accepted_at", "is", null),
  );
  // The row stays, so that nobody speaks for the person without a credential (AUTH_ANONYMOUS=open).
  const end = write<{ id: string; at: number }>()((database, parameter) =>
    database
      .updateTable("invitations")
      .set({ over_at: parameter.at })
      .where("id", "=", parameter.id),
  );

  /** One that was accepted is over. False if its id or its hash is there already. */
  function* insertInvitation(invitation: Invitation): Operation<boolean> {
    const { createdAt, expiresAt, acceptedAt, isOperator, models } = invitation;
    const inserted = yield* insert.run({
      ...invitation,
      isOperator: isOperator ? 1 : 0,
      models: fromPatterns(models),
      createdAt: createdAt.getTime(),
      expiresAt: expiresAt.getTime(),
      acceptedAt: acceptedAt === null ? null : acceptedAt.getTime(),
      overAt: (acceptedAt ?? expiresAt).getTime(),
    });
    if (inserted > 0) yield* keys.noteClaimed(createdAt);
    return inserted > 0;
  }

  return {
    insertInvitation,

    /** What was accepted elsewhere is over here, too. */
    *importInvitation(invitation: Invitation): Operation<boolean> {
      if (yield* insertInvitation(invitation)) return true;
      const { hash, acceptedAt } = invitation;
      if (acceptedAt === null) return false;
      const at = acceptedAt.getTime();
      return (yield* accept.run({ hash, at, overAt: at })) > 0;
    },

    *createInvitation(
      invitation: Invitation,
      actor: string,
      idempotency?: OwnedIdempotency | null,
    ): Operation<void> {
      const { id, createdAt } = invitation;
      yield* once(idempotency?.owner ?? invitation, idempotency, {
        id,
        at: createdAt,
        *make() {
          const now = createdAt.getTime();
          yield* forget.run({ now });
          if (Number((yield* count.first({ now }))?.total ?? 0) >= MAX_INVITATIONS)
            throw new AppError(
              "conflict",
              `There are at most ${MAX_INVITATIONS} invitations. Revoke those that are not needed any more`,
            );
          if (!(yield* insertInvitation(invitation)))
            throw new AppError("conflict", "An invitation of that id exists already");
          yield* append(eventAbout("invitation_created", invitation, id, { at: createdAt, actor }));
        },
        find() {
          throw shownOnce(
            "This Idempotency-Key has made an invitation already, and its link is shown only once. Revoke that one, and make another with a new Idempotency-Key",
          );
        },
      });
    },

    *acceptInvitation(hash: string, session: BrowserSession, address: string): Operation<boolean> {
      const { createdAt, expiresAt, invitationId } = session;
      const at = createdAt.getTime();
      const accepted = yield* accept.run({ hash, at, overAt: expiresAt.getTime() });
      if (accepted === 0 || invitationId === null) return false;
      yield* sessions.createBrowserSession(session);
      const stamp = { at: createdAt, actor: `session ${session.id}` };
      const event = eventAbout("invitation_accepted", session, invitationId, stamp);
      yield* append({ ...event, address });
      return true;
    },

    *revokeInvitation(id: string, stamp: Stamp): Operation<boolean> {
      const at = stamp.at.getTime();
      const row = yield* selectById.first({ id, now: at });
      if (!row) return false;
      if ((yield* deleteOpen.run({ id })) === 0) yield* end.run({ id, at });
      yield* sessions.endBrowserSessions({ invitationId: id }, stamp.at);
      yield* append(eventAbout("invitation_revoked", invitationOf(row), id, stamp));
      return true;
    },
  };
}

const invitationOf = (row: Selectable<Tables["invitations"]>): Invitation => ({
  id: row.id,
  hash: row.hash,
  name: row.name,
  invitedBy: row.invited_by,
  tenantId: row.tenant_id,
  userId: row.user_id,
  isOperator: Number(row.is_operator) !== 0,
  models: toPatterns(row.models),
  sessionMs: Number(row.session_ms),
  createdAt: new Date(Number(row.created_at)),
  expiresAt: new Date(Number(row.expires_at)),
  acceptedAt: row.accepted_at === null ? null : new Date(Number(row.accepted_at)),
});
