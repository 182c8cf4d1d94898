import { hash, randomBytes } from "node:crypto";
import type { BrowserSession } from "../../../domain/browser-session.ts";
import { SESSION_PREFIX } from "../../../domain/browser-session.ts";
import { AppError } from "../../../domain/errors.ts";
import { forgetOldest } from "../../../domain/oldest-first.ts";
import type { BrowserSessionStore, MintSession } from "../../../ports/browser-sessions.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Credentials } from "../../../ports/credentials.ts";

const SECRET_BYTES = 32;
const FRESH_MS = 500;
const MAX_REMEMBERED = 10_000;
const NONE: ReadonlySet<string> = new Set();

/** SHA-256 in lower-case hex; a secret has 256 random bits, so that no slower hash is needed. */
export const hashOfSession = (secret: string): string => hash("sha256", secret);

export const mintSession: MintSession = () => {
  const secret = `${SESSION_PREFIX}${randomBytes(SECRET_BYTES).toString("base64url")}`;
  return { secret, hash: hashOfSession(secret) };
};

/**
 * Sessions of browsers, from the store. Good ones are remembered for half a second, and of false ones nothing is kept.
 * @param issuer whose sessions are good
 */
export function sessionCredentials(
  store: BrowserSessionStore,
  clock: Clock,
  issuer: string,
): Credentials {
  const remembered = new Map<
    string,
    { readonly until: number; readonly session: BrowserSession }
  >();
  let ended: ReadonlySet<string> = NONE;

  const find = async (sessionHash: string): Promise<BrowserSession | null> => {
    const now = clock.now().getTime();
    const known = remembered.get(sessionHash);
    if (known && known.until > now && known.until <= now + FRESH_MS) return known.session;
    remembered.delete(sessionHash);
    const session = await store.findBrowserSession(sessionHash);
    if (session?.issuer !== issuer) return null;
    forgetOldest(remembered, MAX_REMEMBERED);
    remembered.set(sessionHash, { until: now + FRESH_MS, session });
    return session;
  };

  return {
    async verify(token) {
      if (!token.startsWith(SESSION_PREFIX)) return null;
      const session = await find(hashOfSession(token));
      if (!session || session.expiresAt <= clock.now())
        throw new AppError("unauthenticated", "This session has ended. Sign in again");
      const { id, tenantId, userId, subject, isOperator, expiresAt } = session;
      return {
        tenantId,
        userId,
        subject,
        proof: { kind: "session", sessionId: id, expiresAt },
        actAs: false,
        isOperator,
        models: null,
      };
    },
    isClaimed: async () => true,
    keyHolders: async () => () => false,
    revokedKeys: async () => NONE,
    async endedSessions() {
      const ids = await store.endedBrowserSessions();
      const hasMore = ids.some((id) => !ended.has(id));
      ended = new Set(ids);
      if (hasMore)
        for (const [sessionHash, { session }] of remembered)
          if (ended.has(session.id)) remembered.delete(sessionHash);
      return ended;
    },
  };
}
