import { AppError } from "../../../domain/errors.ts";
import type { ApiKey } from "../../../domain/key.ts";
import type { OwnedIdempotency } from "../../../ports/turn-requests.ts";
import { type AppendAuditEvent, eventAbout } from "./audit.ts";
import { type Once, shownOnce } from "./once.ts";
import { fromPatterns, toApiKey } from "./rows.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type NoParameters = Record<never, never>;

const CLAIMED = "claimed";

/** Until then, neither an invitation nor a provider claimed an installation for ever. */
export const CLAIMS_MIGRATION = `
  INSERT INTO meta (name, value)
    SELECT '${CLAIMED}', CAST(CURRENT_TIMESTAMP AS text)
    WHERE EXISTS (SELECT 1 FROM invitations) OR EXISTS (SELECT 1 FROM browser_sessions)
    ON CONFLICT DO NOTHING;
`;

export function createKeyReads(write: StatementWriter) {
  const selectAll = write<NoParameters>()((database) =>
    database.selectFrom("api_keys").selectAll().orderBy("created_at").orderBy("row_id"),
  );
  const selectByHash = write<{ hash: string }>()((database, parameter) =>
    database.selectFrom("api_keys").selectAll().where("hash", "=", parameter.hash),
  );
  const countRevoked = write<NoParameters>()((database) =>
    database
      .selectFrom("api_keys")
      .select((expression) => expression.fn.countAll<number>().as("count"))
      .where("revoked_at", "is not", null),
  );
  const selectClaimed = write<NoParameters>()((database) =>
    database.selectFrom("meta").select("value").where("name", "=", CLAIMED),
  );

  return {
    *listKeys(): Operation<ApiKey[]> {
      return (yield* selectAll.all({})).map(toApiKey);
    },

    *findKeyByHash(hash: string): Operation<ApiKey | null> {
      const row = yield* selectByHash.first({ hash });
      return row ? toApiKey(row) : null;
    },

    *countRevokedKeys(): Operation<number> {
      return Number((yield* countRevoked.first({}))?.count ?? 0);
    },

    *isClaimed(): Operation<boolean> {
      return (yield* selectClaimed.first({})) !== undefined;
    },
  };
}

const COMMAND_LINE = "command line";

export function createKeyWrites(write: StatementWriter, append: AppendAuditEvent, once: Once) {
  const insert = write<{
    id: string;
    prefix: string;
    hash: string;
    name: string;
    tenantId: string;
    userId: string;
    actAs: number;
    isOperator: number;
    createdAt: number;
    revokedAt: number | null;
    models: string | null;
  }>()((database, parameter) =>
    database
      .insertInto("api_keys")
      .values({
        id: parameter.id,
        prefix: parameter.prefix,
        hash: parameter.hash,
        name: parameter.name,
        tenant_id: parameter.tenantId,
        user_id: parameter.userId,
        act_as: parameter.actAs,
        is_operator: parameter.isOperator,
        created_at: parameter.createdAt,
        revoked_at: parameter.revokedAt,
        models: parameter.models,
      })
      .onConflict((conflict) => conflict.doNothing()),
  );
  const claim = write<{ at: string }>()((database, parameter) =>
    database
      .insertInto("meta")
      .values({ name: CLAIMED, value: parameter.at })
      .onConflict((conflict) => conflict.doNothing()),
  );
  const selectById = write<{ id: string }>()((database, parameter) =>
    database.selectFrom("api_keys").selectAll().where("id", "=", parameter.id),
  );
  const revoke = write<{ id: string; at: number }>()((database, parameter) =>
    database
      .updateTable("api_keys")
      .set((expression) => ({
        revoked_at: expression.fn.coalesce("revoked_at", expression.val(parameter.at)),
      }))
      .where("id", "=", parameter.id),
  );

  function* noteClaimed(at: Date): Operation<void> {
    yield* claim.run({ at: at.toISOString() });
  }

  /** False if its id or its hash is there already. */
  function* insertKey(key: ApiKey): Operation<boolean> {
    const inserted = yield* insert.run({
      id: key.id,
      prefix: key.prefix,
      hash: key.hash,
      name: key.name,
      tenantId: key.tenantId,
      userId: key.userId,
      actAs: key.actAs ? 1 : 0,
      isOperator: key.isOperator ? 1 : 0,
      createdAt: key.createdAt.getTime(),
      revokedAt: key.revokedAt === null ? null : key.revokedAt.getTime(),
      models: fromPatterns(key.models),
    });
    if (inserted > 0) yield* noteClaimed(key.createdAt);
    return inserted > 0;
  }

  return {
    insertKey,
    noteClaimed,

    *createKey(
      key: ApiKey,
      actor = COMMAND_LINE,
      idempotency?: OwnedIdempotency | null,
    ): Operation<void> {
      yield* once(idempotency?.owner ?? key, idempotency, {
        id: key.id,
        at: key.createdAt,
        *make() {
          if (!(yield* insertKey(key)))
            throw new AppError("conflict", "A key of that id exists already");
          yield* append(eventAbout("key_created", key, key.id, { at: key.createdAt, actor }));
        },
        find() {
          throw shownOnce(
            "This Idempotency-Key has made a key already, and a key is shown only once. Revoke that one, and make another with a new Idempotency-Key",
          );
        },
      });
    },

    *revokeKey(id: string, at: Date, actor = COMMAND_LINE): Operation<boolean> {
      const key = yield* selectById.first({ id });
      if (!key) return false;
      if (key.revoked_at !== null) return true;
      yield* revoke.run({ id, at: at.getTime() });
      const owner = { tenantId: key.tenant_id, userId: key.user_id };
      yield* append(eventAbout("key_revoked", owner, id, { at, actor }));
      return true;
    },
  };
}
