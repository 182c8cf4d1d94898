import { hash } from "node:crypto";
import { KEY_PREFIX } from "../../../domain/access.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Credentials, VerifiedCredential } from "../../../ports/credentials.ts";
import type { KeyStore } from "../../../ports/key-store.ts";

const FRESH_MS = 500;
const MOST_REMEMBERED = 10_000;

/** API keys from the store, remembered for half a second, so that a revoked one is refused within that time on every replica. */
export function keyCredentials(store: KeyStore, clock: Clock): Credentials {
  const remembered = new Map<
    string,
    { readonly until: number; readonly credential: Promise<VerifiedCredential | null> }
  >();
  let revoked: { readonly count: number; readonly ids: ReadonlySet<string> } = {
    count: 0,
    ids: new Set(),
  };
  let claimed: { until: number; isForEver: boolean; readonly answer: Promise<boolean> } | null =
    null;

  const look = async (token: string): Promise<VerifiedCredential | null> => {
    const key = await store.findKeyByHash(hashOfKey(token));
    if (key) claimed = { until: 0, isForEver: true, answer: Promise.resolve(true) };
    if (!key || key.revokedAt) return null;
    return {
      tenantId: key.tenantId,
      userId: key.userId,
      subject: null,
      proof: { kind: "key", keyId: key.id },
      actAs: key.actAs,
      isOperator: key.isOperator,
      models: key.models,
    };
  };

  return {
    verify(token) {
      if (!token.startsWith(KEY_PREFIX)) return Promise.resolve(null);
      const now = clock.now().getTime();
      const known = remembered.get(token);
      if (known && known.until > now && known.until <= now + FRESH_MS) return known.credential;
      if (remembered.size >= MOST_REMEMBERED) remembered.clear();
      const credential = look(token);
      remembered.set(token, { until: now + FRESH_MS, credential });
      credential.catch(() => remembered.delete(token));
      return credential;
    },
    isClaimed() {
      const now = clock.now().getTime();
      // The upper bound is for a clock that was set back meanwhile.
      const isFresh = (until: number) => until > now && until <= now + FRESH_MS;
      if (claimed && (claimed.isForEver || isFresh(claimed.until))) return claimed.answer;
      const asked = { until: now + FRESH_MS, isForEver: false, answer: store.isClaimed() };
      claimed = asked;
      asked.answer.then(
        (isClaimed) => {
          asked.isForEver = isClaimed;
        },
        () => {
          claimed = null;
        },
      );
      return asked.answer;
    },
    async revokedKeys() {
      const count = await store.countRevokedKeys();
      if (count !== revoked.count) {
        const keys = (await store.listKeys()).filter((key) => key.revokedAt);
        revoked = { count: keys.length, ids: new Set(keys.map((key) => key.id)) };
        remembered.clear();
      }
      return revoked.ids;
    },
  };
}

/** SHA-256 in lower-case hex; a key has 256 random bits, so that no slower hash is needed. */
export const hashOfKey = (key: string): string => hash("sha256", key);
