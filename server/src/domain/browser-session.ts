/** A browser in which somebody has signed in by the provider; its cookie holds the secret. */
export type BrowserSession = {
  /** A UUID, by which logs name it. */
  readonly id: string;
  /** SHA-256 of the secret, lower-case hex. */
  readonly hash: string;
  readonly tenantId: string;
  readonly userId: string;
  /** The provider's issuer; null: a session from before that was noted. */
  readonly issuer: string | null;
  /** As the provider names the person. */
  readonly subject: string;
  /** The provider's session (`sid`), which it may end; null: it named none. */
  readonly providerSession: string | null;
  readonly isOperator: boolean;
  readonly createdAt: Date;
  readonly expiresAt: Date;
};

/** The prefix of the secret of every session, which is followed by 256 random bits. */
export const SESSION_PREFIX = "cs_";
