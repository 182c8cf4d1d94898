import type { Stamp } from "../domain/audit.ts";
import type { BrowserSession } from "../domain/browser-session.ts";
import type { Invitation } from "../domain/invitation.ts";
import type { Owner } from "../domain/principal.ts";
import type { OwnedIdempotency } from "./turn-requests.ts";

/** Invitations belong to an installation, not to an owner. What is done with them is in the audit log. */
export interface InvitationStore {
  /**
   * Stores the invitation, and deletes those that nobody has accepted in time.
   * @throws AppError conflict where there are MAX_INVITATIONS, or the key has made one already; and those of Idempotency
   */
  createInvitation(
    invitation: Invitation,
    actor: string,
    idempotency?: OwnedIdempotency | null,
  ): Promise<void>;
  /** Newest first: those that can be accepted, and those whose session has not expired. */
  listInvitations(now: Date): Promise<Invitation[]>;
  /** Also one that is over. */
  findInvitationByHash(hash: string): Promise<Invitation | null>;
  /** Null if there is none, or it was accepted, or has expired at that time. */
  findOpenInvitation(hash: string, now: Date): Promise<Invitation | null>;
  /**
   * Stores the session of whoever accepts the invitation, in the transaction that uses it up.
   * @param address of the client
   * @returns false, with nothing stored, where the invitation is not open at the beginning of the session
   */
  acceptInvitation(hash: string, session: BrowserSession, address: string): Promise<boolean>;
  /** Ends it, and its session on every replica. False if it is over, or there is none. */
  revokeInvitation(id: string, stamp: Stamp): Promise<boolean>;
  /** Whom open invitations are for, and all who ever accepted one. */
  invitedUsers(): Promise<Owner[]>;
}

/** Makes the secret of an invitation: INVITATION_PREFIX and 256 random bits. */
export type MintInvitation = () => { readonly secret: string; readonly hash: string };
