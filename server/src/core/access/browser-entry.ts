import type { BrowserSession } from "../../domain/browser-session.ts";
import { AppError } from "../../domain/errors.ts";
import type { Invitation } from "../../domain/invitation.ts";
import type { BrowserSessionStore, MintSession } from "../../ports/browser-sessions.ts";
import type { Clock, NewId } from "../../ports/clock.ts";
import type { InvitationStore } from "../../ports/invitation-store.ts";

/** How browsers get in by an invitation, and how they leave. */
export type BrowserEntry = {
  /** What the invitation of that secret offers; it stays open. @throws AppError not_found, unavailable */
  look(secret: string): Promise<Invitation>;
  /**
   * Makes the session that the invitation offers, once.
   * @param address of the client, for the audit log
   * @throws AppError not_found, unavailable
   */
  accept(
    secret: string,
    address: string,
  ): Promise<{ readonly secret: string; readonly expiresAt: Date }>;
  /** Ends the session of that secret, if it is one. @throws AppError unavailable */
  end(secret: string): Promise<void>;
};

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
  /** Of the secrets of sessions and of invitations. */
  readonly hashOf: (secret: string) => string;
}): BrowserEntry {
  const { store, clock, newId, mint, hashOf } = parts;

  const look = async (secret: string): Promise<Invitation> => {
    const found = await store.findOpenInvitation(hashOf(secret), clock.now());
    if (!found) throw notOpen();
    return found;
  };
  return {
    look,
    async accept(invitationSecret, address) {
      const invitation = await look(invitationSecret);
      const { tenantId, userId, isOperator, models, sessionMs } = invitation;
      const { secret, hash } = mint();
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
      // Somebody else may have accepted it meanwhile.
      if (!(await store.acceptInvitation(invitation.hash, session, address))) throw notOpen();
      return { secret, expiresAt: session.expiresAt };
    },
    async end(secret) {
      const session = await store.findBrowserSession(hashOf(secret));
      if (session) await store.endBrowserSessions({ id: session.id }, clock.now());
    },
  };
}
