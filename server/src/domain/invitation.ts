import type { ModelPatterns } from "./model-patterns.ts";
import type { Owner } from "./principal.ts";

/** A link with which one person signs in, once, without a key and without a provider. */
export type Invitation = Owner & {
  /** A UUID, by which operators name it; the link does not contain it. */
  readonly id: string;
  /** SHA-256 of the secret that the link ends with, lower-case hex. */
  readonly hash: string;
  /** Whom it is for, as the list of operators calls them; "" for nothing. */
  readonly name: string;
  /** Who invites, as the invited person reads it; "" for nothing. */
  readonly invitedBy: string;
  readonly isOperator: boolean;
  /** The models that whoever accepts it may use; null means every model of the server. */
  readonly models: ModelPatterns | null;
  /** How long the session lasts that it gives. */
  readonly sessionMs: number;
  readonly createdAt: Date;
  /** Until when it can be accepted. */
  readonly expiresAt: Date;
  /** Null: nobody has accepted it. */
  readonly acceptedAt: Date | null;
};

/** The prefix of the secret of every invitation, which is followed by 256 random bits. */
export const INVITATION_PREFIX = "ci_";

export const MAX_INVITATION_DAYS = 90;
export const DEFAULT_INVITATION_DAYS = 7;
export const MAX_INVITED_SESSION_DAYS = 365;
export const DEFAULT_INVITED_SESSION_DAYS = 90;
/** The number of invitations of an installation that are open, or whose sessions may last. */
export const MAX_INVITATIONS = 10_000;
