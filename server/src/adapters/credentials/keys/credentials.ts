import { hash } from "node:crypto";
import { KEY_PREFIX } from "../../../domain/access.ts";
import { forgetOldest } from "../../../domain/oldest-first.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Credentials, VerifiedCredential } from "../../../ports/credentials.ts";
import type { KeyStore } from "../../../ports/key-store.ts";

const FRESH_MS = 500;
const MAX_REMEMBERED = 10_000;
const NONE: ReadonlySet<string> = new Set();

/**
 * API keys from the store. Good ones are remembered for half a second, so that a revoked one is refused
 * within that time on every replica; only their hashes are, and of false keys nothing is kept.
 */
export function keyCredentials(store: KeyStore, clock: Clock): Credentials {
  /** By the hash of the key. */
  const remembered = new Map<
    string,
    { readonly until: number; readonly credential: VerifiedCredential }
  >();
  /** Requests with one key that arrive together ask the store once. */
  const underWay = new Map<string, Promise<VerifiedCredential | null>>();
  let revoked: { readonly count: number; readonly ids: ReadonlySet<string> } = {
    count: 0,
    ids: new Set(),
  };
  /** For whom there are keys. */
  let holders: { readonly until: number; readonly names: Promise<ReadonlySet<string>> } | null =
    null;
  let claimed: { until: number; isForEver: boolean; readonly answer: Promise<boolean> } | null =
    null;

  const look = async (keyHash: string): Promise<VerifiedCredential | null> => {
    const key = await store.findKeyByHash(keyHash);
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
      const keyHash = hashOfKey(token);
      const known = remembered.get(keyHash);
      if (known && known.until > now && known.until <= now + FRESH_MS)
        return Promise.resolve(known.credential);
      const asked = underWay.get(keyHash);
      if (asked) return asked;
      const asking = look(keyHash)
        .then((credential) => {
          remembered.delete(keyHash);
          if (!credential) return null;
          forgetOldest(remembered, MAX_REMEMBERED);
          remembered.set(keyHash, { until: now + FRESH_MS, credential });
          return credential;
        })
        .finally(() => underWay.delete(keyHash));
      underWay.set(keyHash, asking);
      return asking;
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
    async keyHolders() {
      const now = clock.now().getTime();
      if (!holders || holders.until <= now || holders.until > now + FRESH_MS) {
        const names = store
          .listKeys()
          .then((keys) => new Set(keys.map((key) => JSON.stringify([key.tenantId, key.userId]))));
        const asked = { until: now + FRESH_MS, names };
        holders = asked;
        names.catch(() => {
          if (holders === asked) holders = null;
        });
      }
      const names = await holders.names;
      return ({ tenantId, userId }) => names.has(JSON.stringify([tenantId, userId]));
    },
    endedSessions: async () => NONE,
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
