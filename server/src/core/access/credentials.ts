import type { Credentials } from "../../ports/credentials.ts";

/** Several kinds of credentials as one. The first kind that knows a token decides what it is worth. */
export const allCredentials = (kinds: readonly Credentials[]): Credentials => ({
  async verify(token) {
    for (const kind of kinds) {
      const verified = await kind.verify(token);
      if (verified) return verified;
    }
    return null;
  },
  async isClaimed() {
    for (const kind of kinds) if (await kind.isClaimed()) return true;
    return false;
  },
  async keyHolders() {
    const all = await Promise.all(kinds.map((kind) => kind.keyHolders()));
    return (owner) => all.some((hasKey) => hasKey(owner));
  },
  async endedSessions() {
    const all = await Promise.all(kinds.map((kind) => kind.endedSessions()));
    return new Set(all.flatMap((ids) => [...ids]));
  },
  async revokedKeys() {
    const all = await Promise.all(kinds.map((kind) => kind.revokedKeys()));
    return new Set(all.flatMap((ids) => [...ids]));
  },
});
