import type { VerifiedCredential } from "../domain/access.ts";
import type { Owner } from "../domain/principal.ts";

export type { VerifiedCredential } from "../domain/access.ts";

/** Knows which credentials are valid. Answers may be half a second old. */
export interface Credentials {
  /**
   * Null if the token is unknown, revoked, forged, damaged, or not ours.
   * @throws AppError unauthenticated if it was valid and has expired, unavailable
   */
  verify(token: string): Promise<VerifiedCredential | null>;
  /** True once anyone from elsewhere could have a credential: for ever. @throws AppError unavailable */
  isClaimed(): Promise<boolean>;
  /** Tells for which users a key was ever made, or who was invited. @throws AppError unavailable */
  keyHolders(): Promise<(owner: Owner) => boolean>;
  /**
   * The ids of all keys that are revoked. Asked for often: costs little while there is nothing new.
   * @throws AppError unavailable
   */
  revokedKeys(): Promise<ReadonlySet<string>>;
  /** The ids of all sessions that were ended before they expired. @throws AppError unavailable */
  endedSessions(): Promise<ReadonlySet<string>>;
}
