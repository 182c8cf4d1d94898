/** Whose data it is. Every query of every store names both. */
export type Owner = { readonly tenantId: string; readonly userId: string };

/** The tenant that exists until an operator makes another. */
export const LOCAL_TENANT = "local";

/**
 * The user who speaks when neither the credential nor the request names one. A UUID, because the
 * wires 002 and 004 promise UUIDs for user ids.
 */
export const DEFAULT_USER = "00000000-0000-4000-8000-000000000001";

/** Who is asking, as the deciding function in core/access.ts found out. */
export type Principal = Owner & {
  /** The key that was shown, or null for a program of this machine on an unclaimed server. */
  readonly keyId: string | null;
  /** May manage keys and read what concerns the whole installation. */
  readonly isOperator: boolean;
};

export const ownerOf = ({ tenantId, userId }: Owner): Owner => ({ tenantId, userId });
