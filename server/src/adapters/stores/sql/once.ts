import { AppError, keyOfAnother } from "../../../domain/errors.ts";
import type { Owner } from "../../../domain/principal.ts";
import type { Idempotency } from "../../../ports/store.ts";
import type { Operation, StatementWriter } from "./statement.ts";

type KeyParameters = { tenantId: string; userId: string; key: string };

/** Which requests came with which Idempotency-Key, and what they made. */
export function createKeyStatements(write: StatementWriter) {
  const select = write<KeyParameters>()((database, parameter) =>
    database
      .selectFrom("idempotency_keys")
      .select(["fingerprint", "reply_id"])
      .where("tenant_id", "=", parameter.tenantId)
      .where("owner_id", "=", parameter.userId)
      .where("key", "=", parameter.key),
  );
  const selectLast = write<Omit<KeyParameters, "key"> & { prefix: string; beyond: string }>()(
    (database, parameter) =>
      database
        .selectFrom("idempotency_keys")
        .select(["key", "created_at"])
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("key", ">=", parameter.prefix)
        .where("key", "<", parameter.beyond)
        .orderBy("key", "desc")
        .limit(1),
  );
  const insert = write<KeyParameters & { fingerprint: string; madeId: string; at: number }>()(
    (database, parameter) =>
      database.insertInto("idempotency_keys").values({
        tenant_id: parameter.tenantId,
        owner_id: parameter.userId,
        key: parameter.key,
        fingerprint: parameter.fingerprint,
        reply_id: parameter.madeId,
        created_at: parameter.at,
      }),
  );
  const forget = write<{ tenantId: string; userId: string; madeId: string }>()(
    (database, parameter) =>
      database
        .deleteFrom("idempotency_keys")
        .where("tenant_id", "=", parameter.tenantId)
        .where("owner_id", "=", parameter.userId)
        .where("reply_id", "=", parameter.madeId),
  );
  return { select, selectLast, insert, forget };
}

/** What a request makes at most once for its Idempotency-Key. */
export type Deed<Made> = {
  /** Of what it makes. */
  readonly id: string;
  readonly at: Date;
  /** Makes it; null: there is no place for it, and nothing was stored. */
  readonly make: () => Operation<Made>;
  /** What the first request with the key made, as it is now; throws what to say where that cannot be given. */
  readonly find: (id: string) => Operation<Made>;
};

export type Once = ReturnType<typeof createOnce>;

/** Does a deed in the transaction that stores its key, or gives what the key's first request made. */
export function createOnce(write: StatementWriter) {
  const keys = createKeyStatements(write);

  /** @throws AppError conflict where the key came with another request, and what `find` throws */
  return function* once<Made>(
    { tenantId, userId }: Owner,
    idempotency: Idempotency | null | undefined,
    deed: Deed<Made>,
  ): Operation<Made> {
    if (!idempotency) return yield* deed.make();
    const { key, fingerprint } = idempotency;
    const used = yield* keys.select.first({ tenantId, userId, key });
    if (used) {
      if (used.fingerprint !== fingerprint) throw keyOfAnother();
      return yield* deed.find(used.reply_id);
    }
    const made = yield* deed.make();
    if (made === null) return made;
    const at = deed.at.getTime();
    yield* keys.insert.run({ tenantId, userId, key, fingerprint, madeId: deed.id, at });
    return made;
  };
}

/** For what is shown to the first request only. */
export const shownOnce = (says: string): AppError =>
  new AppError("conflict", says, { field: "Idempotency-Key" });
