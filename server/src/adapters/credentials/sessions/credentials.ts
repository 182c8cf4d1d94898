import { createHmac, hash, randomBytes } from "node:crypto";
import type { BrowserSession } from "../../../domain/browser-session.ts";
import { SESSION_PREFIX } from "../../../domain/browser-session.ts";
import { AppError } from "../../../domain/errors.ts";
import { INVITATION_PREFIX } from "../../../domain/invitation.ts";
import { forgetOldest } from "../../../domain/oldest-first.ts";
import type { Owner } from "../../../domain/principal.ts";
import type {
  BrowserSessionStore,
  DeriveSession,
  MintSession,
} from "../../../ports/browser-sessions.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Credentials } from "../../../ports/credentials.ts";
import type { InvitationStore, MintInvitation } from "../../../ports/invitation-store.ts";

const SECRET_BYTES = 32;
const FRESH_MS = 500;
const MAX_REMEMBERED = 10_000;
const NONE: ReadonlySet<string> = new Set();

/** SHA-256 in lower-case hex; a secret has 256 random bits, so that no slower hash is needed. */
export const hashOfSession = (secret: string): string => hash("sha256", secret);

const withHash = (secret: string) => ({ secret, hash: hashOfSession(secret) });
const mint = (prefix: string) =>
  withHash(`${prefix}${randomBytes(SECRET_BYTES).toString("base64url")}`);

export const mintSession: MintSession = () => mint(SESSION_PREFIX);

export const deriveSession: DeriveSession = (key, texts) => {
  const bytes = createHmac("sha256", key).update(JSON.stringify(texts)).digest("base64url");
  return withHash(`${SESSION_PREFIX}${bytes}`);
};

/** Invitations are as hard to guess as sessions, and stored as these are. */
export const mintInvitation: MintInvitation = () => mint(INVITATION_PREFIX);

const nameOf = ({ tenantId, userId }: Owner): string => JSON.stringify([tenantId, userId]);

/** All that gives a browser a session. */
export const sessionMints = { mintSession, deriveSession, mintInvitation, hashOf: hashOfSession };

/**
 * Sessions of browsers, from the store. Good ones are remembered for half a second, and of false ones nothing is kept.
 * @param issuer the provider whose sessions are good besides those of invitations; null: nobody signs in by a provider
 */
export function sessionCredentials(
  store: BrowserSessionStore & Pick<InvitationStore, "invitedUsers">,
  clock: Clock,
  issuer: string | null,
): Credentials {
  const remembered = new Map<
    string,
    { readonly until: number; readonly session: BrowserSession }
  >();
  let ended: ReadonlySet<string> = NONE;

  let invited: { readonly until: number; readonly names: Promise<ReadonlySet<string>> } | null =
    null;

  const find = async (sessionHash: string): Promise<BrowserSession | null> => {
    const now = clock.now().getTime();
    const known = remembered.get(sessionHash);
    if (known && known.until > now && known.until <= now + FRESH_MS) return known.session;
    remembered.delete(sessionHash);
    const session = await store.findBrowserSession(sessionHash);
    const isOfProvider = issuer !== null && session?.issuer === issuer;
    if (!session || (session.invitationId === null && !isOfProvider)) return null;
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
      const { id, tenantId, userId, subject, isOperator, models, expiresAt } = session;
      return {
        tenantId,
        userId,
        subject,
        proof: { kind: "session", sessionId: id, expiresAt },
        actAs: false,
        isOperator,
        models,
      };
    },
    isClaimed: async () => issuer !== null,
    async keyHolders() {
      const now = clock.now().getTime();
      if (!invited || invited.until <= now || invited.until > now + FRESH_MS) {
        const names = store.invitedUsers().then((users) => new Set(users.map(nameOf)));
        const asked = { until: now + FRESH_MS, names };
        invited = asked;
        names.catch(() => {
          if (invited === asked) invited = null;
        });
      }
      const names = await invited.names;
      return (owner) => names.has(nameOf(owner));
    },
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
