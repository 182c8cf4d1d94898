import type { ModelPatterns } from "./model-patterns.ts";
import type { Share } from "./share.ts";

/** The owner of data. Every query of every store names both fields. */
export type Owner = { readonly tenantId: string; readonly userId: string };

/** The only tenant until an operator creates another one. */
export const LOCAL_TENANT = "local";

/**
 * The user of requests in which neither the credential nor a field names one. It is a UUID because the
 * wires 002 and 004 promise UUIDs for user ids.
 */
export const DEFAULT_USER = "00000000-0000-4000-8000-000000000001";

/** The user of anonymous requests under AUTH_ANONYMOUS=open that name no user. No request may name this one. */
export const GUEST_USER = "00000000-0000-4000-8000-000000000002";

/** The proof of identity, and how long it stays valid. */
export type Proof =
  /** No credential: a program of this machine, as long as those are served without one. */
  | { readonly kind: "none" }
  /** No credential: anybody, under AUTH_ANONYMOUS=open. */
  | { readonly kind: "open" }
  /** No credential but the token of a link that the owner made. */
  | { readonly kind: "link"; readonly shareId: string }
  /** An API key, until it is revoked. */
  | { readonly kind: "key"; readonly keyId: string }
  /** A token that an issuer signed, until it expires. */
  | {
      readonly kind: "token";
      readonly expiresAt: Date;
      /** Identifies the token in logs; the token cannot be derived from it. */
      readonly fingerprint: string;
    }
  /** A session of a browser, until it expires or is ended. */
  | { readonly kind: "session"; readonly sessionId: string; readonly expiresAt: Date };

/** The id of a reply and of its conversation. */
export type OneReply = { readonly conversationId: string; readonly replyId: string };

/** An owner whose requests ask models for replies. */
export type Speaker = Owner & {
  /** The models that the key may use; null means every model of the server. */
  readonly models: ModelPatterns | null;
};

/** Who sent a request, as determined by the deciding function in core/access/access.ts. */
export type Principal = Speaker & {
  readonly proof: Proof;
  /** May manage keys and read the figures and the audit log of the whole installation. */
  readonly isOperator: boolean;
  /** If set, the principal may watch this reply and do nothing else. */
  readonly onlyReply?: OneReply;
  /** If set, the principal may read what this link shows and do nothing else. */
  readonly onlyShare?: Share;
};

export const speakerOf = ({ tenantId, userId, models }: Speaker): Speaker => ({
  tenantId,
  userId,
  models,
});

export const ownerOf = ({ tenantId, userId }: Owner): Owner => ({ tenantId, userId });
