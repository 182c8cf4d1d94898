import type { BrowserSession } from "../../domain/browser-session.ts";
import { AppError } from "../../domain/errors.ts";
import type { Invitation } from "../../domain/invitation.ts";
import type {
  BrowserSessionStore,
  DeriveSession,
  MintSession,
} from "../../ports/browser-sessions.ts";
import type { Clock, NewId } from "../../ports/clock.ts";
import type { InvitationStore } from "../../ports/invitation-store.ts";
import type { InstallationSecret } from "./installation-secret.ts";

type Entry = { readonly secret: string; readonly expiresAt: Date };

/** How browsers get in by an invitation, and how they leave. */
export type BrowserEntry = {
  /** What the invitation of that secret offers; it stays open. @throws AppError not_found, unavailable */
  look(secret: string): Promise<Invitation>;
  /**
   * Makes the session that the invitation offers, once. The same attempt again gives the same session, for REPEAT_MS: an
   * answer that was lost on its way uses the invitation up only for others.
   * @param address of the client, for the audit log
   * @param attempt a text that only this browser has; null: it cannot ask again
   * @throws AppError not_found, unavailable
   */
  accept(secret: string, address: string, attempt: string | null): Promise<Entry>;
  /** Ends the session of that secret. @returns null: it is none. @throws AppError unavailable */
  end(secret: string): Promise<BrowserSession | null>;
};

/** How long an attempt can be repeated. */
const REPEAT_MS = 10 * 60_000;

/** One answer for all of these: nobody learns whether an invitation ever was one. */
const notOpen = () =>
  new AppError(
    "not_found",
    "This invitation does not work: it was accepted, has expired, was revoked, or never was one. Ask whoever sent it for another",
    { resource: "invitation" },
  );

export function createBrowserEntry(parts: {
  readonly store: Pick<
    BrowserSessionStore & InvitationStore,
    "findOpenInvitation" | "acceptInvitation" | "findBrowserSession" | "endBrowserSessions"
  >;
  readonly clock: Pick<Clock, "now">;
  readonly newId: NewId;
  readonly mint: MintSession;
  readonly derive: DeriveSession;
  /** So that no script of a page can compute the secret of a session. */
  readonly installationSecret: InstallationSecret;
  /** Of the secrets of sessions and of invitations. */
  readonly hashOf: (secret: string) => string;
}): BrowserEntry {
  const { store, clock, newId, mint, derive, installationSecret, hashOf } = parts;

  const look = async (secret: string): Promise<Invitation> => {
    const found = await store.findOpenInvitation(hashOf(secret), clock.now());
    if (!found) throw notOpen();
    return found;
  };

  /** What the attempt has made already. @throws AppError not_found, unavailable */
  const madeBefore = async (secret: string, hash: string): Promise<Entry> => {
    const session = await store.findBrowserSession(hash);
    const now = clock.now().getTime();
    if (!session || now - session.createdAt.getTime() > REPEAT_MS) throw notOpen();
    return { secret, expiresAt: session.expiresAt };
  };
  return {
    look,
    async accept(invitationSecret, address, attempt) {
      const { secret, hash } =
        attempt === null ? mint() : derive(await installationSecret(), [invitationSecret, attempt]);
      const invitation = await store.findOpenInvitation(hashOf(invitationSecret), clock.now());
      if (!invitation) return await madeBefore(secret, hash);
      const { tenantId, userId, isOperator, models, sessionMs } = invitation;
      const createdAt = clock.now();
      const session: BrowserSession = {
        id: newId(),
        hash,
        ...{ tenantId, userId, isOperator, models },
        issuer: null,
        subject: null,
        providerSession: null,
        invitationId: invitation.id,
        createdAt,
        expiresAt: new Date(createdAt.getTime() + sessionMs),
      };
      // Another request may have accepted it meanwhile: somebody else's, or the same attempt.
      if (!(await store.acceptInvitation(invitation.hash, session, address)))
        return await madeBefore(secret, hash);
      return { secret, expiresAt: session.expiresAt };
    },
    async end(secret) {
      const session = await store.findBrowserSession(hashOf(secret));
      if (session) await store.endBrowserSessions({ id: session.id }, clock.now());
      return session;
    },
  };
}
