import type { AuditAction, Stamp } from "../../../domain/audit.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { AskedCall } from "../../../ports/question-store.ts";
import type { BegunSignIn, StoredTokens } from "../../../ports/tool-sign-in-store.ts";
import type { AppendAuditEvent } from "./audit.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type SourceParameters = { tenantId: string; userId: string; source: string };

export function createToolSignInReads(write: StatementWriter) {
  const select = write<SourceParameters>()((database, parameter) =>
    database
      .selectFrom("tool_sign_ins")
      .select(["tokens", "version", "signed_in_at"])
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("source", "=", parameter.source),
  );
  const selectAll = write<{ tenantId: string; userId: string }>()((database, parameter) =>
    database
      .selectFrom("tool_sign_ins")
      .select(["source", "signed_in_at"])
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("tokens", "is not", null)
      .orderBy("source"),
  );
  const selectMeanwhile = write<{ limit: number }>()((database, parameter, sql) =>
    database
      .selectFrom("tool_questions")
      .innerJoin("tool_sign_ins", (join) =>
        join
          .onRef("tool_sign_ins.tenant_id", "=", "tool_questions.tenant_id")
          .onRef("tool_sign_ins.owner_id", "=", "tool_questions.owner_id")
          .onRef("tool_sign_ins.source", "=", "tool_questions.source")
          .onRef("tool_sign_ins.signed_in_at", ">", "tool_questions.asked_at"),
      )
      .select([
        "tool_questions.tenant_id",
        "tool_questions.owner_id",
        "tool_questions.reply_id",
        "tool_questions.call_id",
      ])
      .where("tool_questions.decision", "is", null)
      .where("tool_questions.kind", "=", sql.lit("sign_in"))
      .where("tool_sign_ins.tokens", "is not", null)
      .orderBy("tool_questions.asked_at")
      .limit(parameter.limit),
  );
  const selectBegun = write<SourceParameters & { now: number }>()((database, parameter) =>
    database
      .selectFrom("tool_sign_ins")
      .select(["state_hash", "begun", "begun_until"])
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("source", "=", parameter.source)
      .where("begun_until", ">", parameter.now),
  );
  const selectByState = write<{ stateHash: string; now: number }>()((database, parameter) =>
    database
      .selectFrom("tool_sign_ins")
      .select(["tenant_id", "owner_id", "source", "state_hash", "begun", "begun_until"])
      .where("state_hash", "=", parameter.stateHash)
      .where("begun_until", ">", parameter.now),
  );
  return {
    *getTokens({ tenantId, userId }: Owner, source: string): Operation<StoredTokens | null> {
      const row = yield* select.first({ tenantId, userId, source });
      if (!row?.tokens) return null;
      const signedInAt = new Date(Number(row.signed_in_at));
      return { tokens: row.tokens, version: Number(row.version), signedInAt };
    },

    *listSignIns({ tenantId, userId }: Owner): Operation<{ source: string; signedInAt: Date }[]> {
      const rows = yield* selectAll.all({ tenantId, userId });
      return rows.map((row) => ({
        source: row.source,
        signedInAt: new Date(Number(row.signed_in_at)),
      }));
    },

    *signedInMeanwhile(limit: number): Operation<AskedCall[]> {
      const rows = yield* selectMeanwhile.all({ limit });
      return rows.map((row) => ({
        owner: { tenantId: row.tenant_id, userId: row.owner_id },
        replyId: row.reply_id,
        callId: row.call_id,
      }));
    },

    *begunSignIn(
      { tenantId, userId }: Owner,
      source: string,
      now: Date,
    ): Operation<BegunSignIn | null> {
      const row = yield* selectBegun.first({ tenantId, userId, source, now: now.getTime() });
      return row ? begunOf(row) : null;
    },

    *findBegunSignIn(
      stateHash: string,
      now: Date,
    ): Operation<(BegunSignIn & { owner: Owner; source: string }) | null> {
      const row = yield* selectByState.first({ stateHash, now: now.getTime() });
      const begun = row && begunOf(row);
      if (!begun) return null;
      const owner = { tenantId: row.tenant_id, userId: row.owner_id };
      return { ...begun, owner, source: row.source };
    },
  };
}

function begunOf(row: {
  state_hash: string | null;
  begun: string | null;
  begun_until: number | null;
}): BegunSignIn | null {
  const { state_hash: stateHash, begun } = row;
  if (stateHash === null || begun === null) return null;
  return { stateHash, begun, until: new Date(Number(row.begun_until)) };
}

export function createToolSignInWrites(write: StatementWriter, append: AppendAuditEvent) {
  const begin = write<SourceParameters & { stateHash: string; begun: string; until: number }>()(
    (database, parameter, sql) =>
      database
        .insertInto("tool_sign_ins")
        .values({
          tenant_id: parameter.tenantId,
          owner_id: parameter.userId,
          source: parameter.source,
          version: sql.lit(0),
          state_hash: parameter.stateHash,
          begun: parameter.begun,
          begun_until: parameter.until,
        })
        .onConflict((conflict) =>
          conflict.columns(["tenant_id", "owner_id", "source"]).doUpdateSet((expression) => ({
            state_hash: expression.ref("excluded.state_hash"),
            begun: expression.ref("excluded.begun"),
            begun_until: expression.ref("excluded.begun_until"),
          })),
        ),
  );
  const take = write<SourceParameters & { stateHash: string }>()((database, parameter) =>
    database
      .updateTable("tool_sign_ins")
      .set({ state_hash: null, begun: null, begun_until: null })
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("source", "=", parameter.source)
      .where("state_hash", "=", parameter.stateHash),
  );
  const put = write<SourceParameters & { tokens: string; at: number }>()(
    (database, parameter, sql) =>
      database
        .insertInto("tool_sign_ins")
        .values({
          tenant_id: parameter.tenantId,
          owner_id: parameter.userId,
          source: parameter.source,
          version: sql.lit(1),
          tokens: parameter.tokens,
          signed_in_at: parameter.at,
        })
        .onConflict((conflict) =>
          conflict.columns(["tenant_id", "owner_id", "source"]).doUpdateSet((expression) => ({
            version: expression("tool_sign_ins.version", "+", expression.lit(1)),
            tokens: expression.ref("excluded.tokens"),
            signed_in_at: expression.ref("excluded.signed_in_at"),
            renewing_until: null,
          })),
        ),
  );
  const claim = write<SourceParameters & { version: number; now: number; until: number }>()(
    (database, parameter) =>
      database
        .updateTable("tool_sign_ins")
        .set({ renewing_until: parameter.until })
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("source", "=", parameter.source)
        .where("version", "=", parameter.version)
        .where("tokens", "is not", null)
        .where((expression) =>
          expression.or([
            expression("renewing_until", "is", null),
            expression("renewing_until", "<=", parameter.now),
          ]),
        ),
  );
  const replace = write<SourceParameters & { version: number; tokens: string }>()(
    (database, parameter) =>
      database
        .updateTable("tool_sign_ins")
        .set((expression) => ({
          version: expression("version", "+", expression.lit(1)),
          tokens: parameter.tokens,
          renewing_until: null,
        }))
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("source", "=", parameter.source)
        .where("version", "=", parameter.version)
        .where("tokens", "is not", null),
  );
  const end = write<SourceParameters & { version: number }>()((database, parameter) =>
    database
      .updateTable("tool_sign_ins")
      .set({ renewing_until: null })
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("source", "=", parameter.source)
      .where("version", "=", parameter.version),
  );
  const forget = write<SourceParameters & { version: number }>()((database, parameter) =>
    database
      .updateTable("tool_sign_ins")
      .set((expression) => ({
        version: expression("version", "+", expression.lit(1)),
        tokens: null,
        signed_in_at: null,
        renewing_until: null,
      }))
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("source", "=", parameter.source)
      .where("version", "=", parameter.version)
      .where("tokens", "is not", null),
  );
  const note = (action: AuditAction, { tenantId, userId }: Owner, about: string, stamp: Stamp) =>
    append({
      ...{ ...stamp, action, tenantId, userId, about },
      ...{ address: null, reason: null, count: 1 },
    });

  return {
    *beginSignIn(
      { tenantId, userId }: Owner,
      source: string,
      { stateHash, begun, until }: BegunSignIn,
    ): Operation<void> {
      yield* begin.run({ tenantId, userId, source, stateHash, begun, until: until.getTime() });
    },

    *takeBegunSignIn(
      { tenantId, userId }: Owner,
      source: string,
      stateHash: string,
    ): Operation<boolean> {
      return (yield* take.run({ tenantId, userId, source, stateHash })) > 0;
    },

    *putTokens(owner: Owner, source: string, tokens: string, stamp: Stamp): Operation<void> {
      const { tenantId, userId } = owner;
      yield* put.run({ tenantId, userId, source, tokens, at: stamp.at.getTime() });
      yield* note("tool_signed_in", owner, source, stamp);
    },

    *claimRenewal(
      { tenantId, userId }: Owner,
      source: string,
      renewal: { readonly version: number; readonly now: Date; readonly until: Date },
    ): Operation<boolean> {
      const { version, now, until } = renewal;
      const times = { now: now.getTime(), until: until.getTime() };
      return (yield* claim.run({ tenantId, userId, source, version, ...times })) > 0;
    },

    *replaceTokens(
      { tenantId, userId }: Owner,
      source: string,
      version: number,
      tokens: string,
    ): Operation<boolean> {
      return (yield* replace.run({ tenantId, userId, source, version, tokens })) > 0;
    },

    *endRenewal({ tenantId, userId }: Owner, source: string, version: number): Operation<void> {
      yield* end.run({ tenantId, userId, source, version });
    },

    *deleteTokens(owner: Owner, source: string, version: number, stamp: Stamp): Operation<boolean> {
      const { tenantId, userId } = owner;
      if ((yield* forget.run({ tenantId, userId, source, version })) === 0) return false;
      yield* note("tool_signed_out", owner, source, stamp);
      return true;
    },
  };
}
