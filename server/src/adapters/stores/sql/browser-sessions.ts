import type { BrowserSession } from "../../../domain/browser-session.ts";
import type { SessionsToEnd } from "../../../ports/browser-sessions.ts";
import { fromPatterns, toPatterns } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";

/** The issuer of the provider by which somebody has signed in; null: a session from before that was noted. */
export const SESSION_ISSUER_MIGRATION = "ALTER TABLE browser_sessions ADD COLUMN issuer text;";

/** How long the end of a session is told to servers, which ask several times a second. No ticket lasts as long. */
const TOLD_MS = 24 * 3_600_000;
/** The subject of a session that an invitation gave. No provider gives an empty one. */
const NO_SUBJECT = "";

export function createBrowserSessionReads(write: StatementWriter) {
  const selectByHash = write<{ hash: string }>()((database, parameter) =>
    database
      .selectFrom("browser_sessions")
      .selectAll()
      .where("hash", "=", parameter.hash)
      .where("ended_at", "is", null),
  );
  const selectEnded = write<Record<never, never>>()((database) =>
    database.selectFrom("browser_sessions").select("id").where("ended_at", "is not", null),
  );
  return {
    *findBrowserSession(hash: string): Operation<BrowserSession | null> {
      const row = yield* selectByHash.first({ hash });
      return row
        ? {
            id: row.id,
            hash: row.hash,
            tenantId: row.tenant_id,
            userId: row.user_id,
            issuer: row.issuer,
            subject: row.subject === NO_SUBJECT ? null : row.subject,
            providerSession: row.provider_session,
            invitationId: row.invitation_id,
            models: toPatterns(row.models),
            isOperator: Number(row.is_operator) !== 0,
            createdAt: new Date(Number(row.created_at)),
            expiresAt: new Date(Number(row.expires_at)),
          }
        : null;
    },

    *endedBrowserSessions(): Operation<readonly string[]> {
      return (yield* selectEnded.all({})).map(({ id }) => id);
    },
  };
}

export type BrowserSessionWrites = ReturnType<typeof createBrowserSessionWrites>;

export function createBrowserSessionWrites(write: StatementWriter) {
  const insert = write<{
    hash: string;
    id: string;
    tenantId: string;
    userId: string;
    issuer: string | null;
    subject: string;
    providerSession: string | null;
    invitationId: string | null;
    isOperator: number;
    models: string | null;
    createdAt: number;
    expiresAt: number;
  }>()((database, parameter) =>
    database.insertInto("browser_sessions").values({
      hash: parameter.hash,
      id: parameter.id,
      tenant_id: parameter.tenantId,
      user_id: parameter.userId,
      issuer: parameter.issuer,
      subject: parameter.subject,
      provider_session: parameter.providerSession,
      invitation_id: parameter.invitationId,
      models: parameter.models,
      is_operator: parameter.isOperator,
      created_at: parameter.createdAt,
      expires_at: parameter.expiresAt,
    }),
  );
  const forget = write<{ now: number }>()((database, parameter) =>
    database.deleteFrom("browser_sessions").where("expires_at", "<=", parameter.now),
  );
  const forgetEnded = write<{ before: number }>()((database, parameter) =>
    database
      .deleteFrom("browser_sessions")
      .where("ended_at", "is not", null)
      .where("ended_at", "<=", parameter.before),
  );
  const ending = (column: "id" | "provider_session" | "subject" | "invitation_id") =>
    write<{ value: string; at: number }>()((database, parameter) =>
      database
        .updateTable("browser_sessions")
        .set({ ended_at: parameter.at })
        .where(column, "=", parameter.value)
        .where("ended_at", "is", null),
    );
  const endById = ending("id");
  const endByProviderSession = ending("provider_session");
  const endBySubject = ending("subject");
  const endOfOthers = write<{ issuer: string; at: number }>()((database, parameter) =>
    database
      .updateTable("browser_sessions")
      .set({ ended_at: parameter.at })
      .where("ended_at", "is", null)
      .where("invitation_id", "is", null)
      .where((expression) =>
        expression.or([
          expression("issuer", "is", null),
          expression("issuer", "!=", parameter.issuer),
        ]),
      ),
  );
  const endByInvitation = ending("invitation_id");

  return {
    *createBrowserSession(session: BrowserSession): Operation<void> {
      const now = session.createdAt.getTime();
      yield* forget.run({ now });
      yield* forgetEnded.run({ before: now - TOLD_MS });
      yield* insert.run({
        ...session,
        subject: session.subject ?? NO_SUBJECT,
        models: fromPatterns(session.models),
        isOperator: session.isOperator ? 1 : 0,
        createdAt: session.createdAt.getTime(),
        expiresAt: session.expiresAt.getTime(),
      });
    },

    *endBrowserSessions(which: SessionsToEnd, at: Date): Operation<number> {
      const ended = at.getTime();
      if ("id" in which) return yield* endById.run({ value: which.id, at: ended });
      if ("invitationId" in which)
        return yield* endByInvitation.run({ value: which.invitationId, at: ended });
      if ("subject" in which && which.subject === NO_SUBJECT) return 0;
      if ("subject" in which) return yield* endBySubject.run({ value: which.subject, at: ended });
      if ("notOfIssuer" in which)
        return yield* endOfOthers.run({ issuer: which.notOfIssuer, at: ended });
      return yield* endByProviderSession.run({ value: which.providerSession, at: ended });
    },
  };
}
