import { KEY_PREFIX } from "../../domain/access.ts";
import { actorOf } from "../../domain/audit.ts";
import { AppError, notFound } from "../../domain/errors.ts";
import type { ApiKey } from "../../domain/key.ts";
import { checkPatterns, type ModelPatterns } from "../../domain/model-patterns.ts";
import { DEFAULT_USER, LOCAL_TENANT, type Principal } from "../../domain/principal.ts";
import { checkName } from "../../domain/text.ts";
import type { Clock, NewId } from "../../ports/clock.ts";
import type { MintKey } from "../../ports/key-mint.ts";
import type { KeyStore } from "../../ports/key-store.ts";
import type { OwnedIdempotency } from "../../ports/turn-requests.ts";
import type { Claim } from "./claim.ts";
import { checkOperator, notAnOperator } from "./operators.ts";

/** What is absent, null or empty gets its default. */
export type KeyDraft = {
  readonly name?: string | null | undefined;
  /** Default: the user who speaks when nobody is named. */
  readonly userId?: string | null | undefined;
  readonly tenantId?: string | null | undefined;
  readonly actAs?: boolean | undefined;
  /** The first key ever is an operator's, whatever this says. */
  readonly isOperator?: boolean | undefined;
  /** Default: every model of the server. An empty list is refused. */
  readonly models?: ModelPatterns | null | undefined;
  /** The code that the server showed on its terminal. With it a visitor may make the first key. */
  readonly claimCode?: string | null | undefined;
};

export type CreatedKey = {
  readonly key: ApiKey;
  /** The key itself. It is stored nowhere. */
  readonly secret: string;
  /** Whether it is the first key ever, which claims the server, unless it was claimed already. */
  readonly isFirst: boolean;
};

/** Everything that is done to API keys. Anybody but an operator gets AppError forbidden. */
export type Keys = {
  /** @throws AppError invalid_request, conflict where the idempotency key was used already */
  create(by: Operator, draft: KeyDraft, idempotency?: OwnedIdempotency | null): Promise<CreatedKey>;
  /** Oldest first, revoked ones included. */
  list(by: Operator): Promise<ApiKey[]>;
  /** A key that is revoked already stays as it is. @throws AppError not_found */
  revoke(by: Operator, keyId: string): Promise<ApiKey>;
};

/** Null proof: a user with access to the machine. */
type Operator = Pick<Principal, "isOperator"> & Partial<Pick<Principal, "proof">>;

const actorOfOperator = ({ proof }: Operator): string =>
  proof ? actorOf({ proof }) : "command line";

const FOR_OPERATORS = "Keys are";
const SHOWN_CHARACTERS = KEY_PREFIX.length + 8;

export function createKeys(parts: {
  readonly store: Pick<KeyStore, "createKey" | "listKeys" | "revokeKey" | "isClaimed">;
  readonly clock: Pick<Clock, "now">;
  readonly newId: NewId;
  readonly mint: MintKey;
  readonly claim?: Claim;
}): Keys {
  const { store, clock, newId, mint, claim } = parts;
  const check = (by: Operator) => checkOperator(by, FOR_OPERATORS);

  const make = async (
    by: Operator,
    { name, userId, tenantId, models, actAs = false, isOperator = false }: KeyDraft,
    isFirst: boolean,
    idempotency: OwnedIdempotency | null | undefined,
  ): Promise<CreatedKey> => {
    const { secret, hash } = mint();
    const key: ApiKey = {
      id: newId(),
      prefix: secret.slice(0, SHOWN_CHARACTERS),
      hash,
      name: name ?? "",
      tenantId: tenantId || LOCAL_TENANT,
      userId: userId || DEFAULT_USER,
      actAs,
      isOperator: isOperator || isFirst,
      models: models ?? null,
      createdAt: clock.now(),
      revokedAt: null,
    };
    await store.createKey(key, actorOfOperator(by), idempotency);
    return { key, secret, isFirst };
  };

  /** For programs of this machine, which are no operators. */
  const makeFirst = async (
    by: Operator,
    draft: KeyDraft,
    claimCode: string,
    idempotency: OwnedIdempotency | null | undefined,
  ) => {
    if (!claim || by.proof?.kind !== "none") throw notAnOperator(by, FOR_OPERATORS);
    return await claim.by(claimCode, async () => {
      if (await store.isClaimed())
        throw new AppError(
          "forbidden",
          "The first key has been made in the meantime, so the code is no longer valid. Sign in with that key",
        );
      return await make(by, draft, true, idempotency);
    });
  };

  return {
    async create(by, draft, idempotency) {
      const { claimCode, name, userId, tenantId, models } = draft;
      if (!claimCode) check(by);
      if (name) checkName(name, "name");
      if (userId) checkName(userId, "user_id");
      if (tenantId) checkName(tenantId, "tenant_id");
      if (models) checkPatterns(models, "models");
      if (!by.isOperator && claimCode) return await makeFirst(by, draft, claimCode, idempotency);
      check(by);
      const isFirst = (await store.listKeys()).length === 0;
      return await make(by, draft, isFirst, idempotency);
    },

    async list(by) {
      check(by);
      return await store.listKeys();
    },

    async revoke(by, keyId) {
      check(by);
      await store.revokeKey(keyId, clock.now(), actorOfOperator(by));
      const key = (await store.listKeys()).find(({ id }) => id === keyId);
      if (!key) throw notFound("key");
      return key;
    },
  };
}
