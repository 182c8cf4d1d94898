import type { Stamp } from "../domain/audit.ts";
import type { Owner } from "../domain/principal.ts";
import type { ListedShare, OneShare, Share } from "../domain/share.ts";
import type { Idempotency } from "./turn-requests.ts";

export interface ShareStore {
  /**
   * Stores the link, and deletes those of the owner that have expired. A repeated key gives the link that was stored.
   * @param stamp noted with it in the audit log
   * @throws AppError not_found where the conversation is not the owner's, conflict where the owner has MAX_SHARES,
   *   and those of Idempotency
   */
  createShare(
    owner: Owner,
    share: Share,
    stamp: Stamp,
    idempotency?: Idempotency | null,
  ): Promise<Share>;
  /** Those that have not expired at that time, newest first. */
  listShares(owner: Owner, now: Date): Promise<ListedShare[]>;
  /** Whoever's link it is; null if it has expired at that time, was revoked, or its conversation was deleted. */
  findShare(token: string, now: Date): Promise<OneShare | null>;
  /** False if there is none. @param stamp noted with it in the audit log */
  deleteShare(owner: Owner, shareId: string, stamp: Stamp): Promise<boolean>;
}

/** Makes a token of 256 random bits. */
export type MintShareToken = () => string;
