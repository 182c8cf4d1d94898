import type { ModelPatterns } from "./model-patterns.ts";

/** A browser in which somebody has signed in, by the provider or by an invitation; its cookie holds the secret. */
export type BrowserSession = {
  /** A UUID, by which logs name it. */
  readonly id: string;
  /** SHA-256 of the secret, lower-case hex. */
  readonly hash: string;
  readonly tenantId: string;
  readonly userId: string;
  /** The provider's issuer; null: an invitation was accepted, or it was not noted yet. */
  readonly issuer: string | null;
  /** As the provider names the person; null: an invitation was accepted. */
  readonly subject: string | null;
  /** The provider's session (`sid`), which it may end; null: it named none. */
  readonly providerSession: string | null;
  /** The invitation that was accepted; null: the provider has made sure of the person. */
  readonly invitationId: string | null;
  readonly isOperator: boolean;
  /** The models that it may use; null means every model of the server. */
  readonly models: ModelPatterns | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
};

/** The prefix of the secret of every session, which is followed by 256 random bits. */
export const SESSION_PREFIX = "cs_";
