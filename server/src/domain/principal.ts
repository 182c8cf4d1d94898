import type { ModelPatterns } from "./model-patterns.ts";

/** Whose data it is. Every query of every store names both. */
export type Owner = { readonly tenantId: string; readonly userId: string };

/** The tenant that exists until an operator makes another. */
export const LOCAL_TENANT = "local";

/**
 * The user who speaks when neither the credential nor the request names one. A UUID, because the
 * wires 002 and 004 promise UUIDs for user ids.
 */
export const DEFAULT_USER = "00000000-0000-4000-8000-000000000001";

/** The user of those whom AUTH_ANONYMOUS=open lets in and who name nobody. No request may name it. */
export const GUEST_USER = "00000000-0000-4000-8000-000000000002";

/** What was shown, and when it stops being good. */
export type Proof =
  /** Nothing: a program of this machine, for as long as such are served. */
  | { readonly kind: "none" }
  /** Nothing: anybody, where AUTH_ANONYMOUS=open serves such. */
  | { readonly kind: "open" }
  /** An API key, until it is revoked. */
  | { readonly kind: "key"; readonly keyId: string }
  /** A token that an issuer signed, until it expires. */
  | {
      readonly kind: "token";
      readonly expiresAt: Date;
      /** Tells tokens apart; not enough to make one. */
      readonly fingerprint: string;
    };

/** A reply by its id, and where it is. */
export type OneReply = { readonly conversationId: string; readonly replyId: string };

/** An owner who asks models for replies. */
export type Speaker = Owner & {
  /** The models that its key may use; null: every model of the server. */
  readonly models: ModelPatterns | null;
};

/** Who is asking, as the deciding function in core/access.ts found out. */
export type Principal = Speaker & {
  readonly proof: Proof;
  /** May manage keys and read what concerns the whole installation. */
  readonly isOperator: boolean;
  /** May watch that reply, and do nothing else. */
  readonly onlyReply?: OneReply;
};

export const speakerOf = ({ tenantId, userId, models }: Speaker): Speaker => ({
  tenantId,
  userId,
  models,
});

export const ownerOf = ({ tenantId, userId }: Owner): Owner => ({ tenantId, userId });
