import type { Proof } from "../domain/principal.ts";

/** What a credential turned out to be worth. */
export type VerifiedCredential = {
  readonly tenantId: string;
  readonly userId: string;
  /** Another name for that user, which it may claim as well: the subject of a token. Null: none. */
  readonly subject: string | null;
  readonly proof: Proof;
  /** May claim any user of its tenant. */
  readonly actAs: boolean;
  readonly isOperator: boolean;
};

/** Knows which credentials are good. Answers may be half a second old. */
export interface Credentials {
  /**
   * Null if the token is unknown, revoked, forged, damaged, or not ours.
   * @throws AppError unauthenticated if it was good and has expired, unavailable
   */
  verify(token: string): Promise<VerifiedCredential | null>;
  /** True once anyone from elsewhere could have a credential: for ever. @throws AppError unavailable */
  isClaimed(): Promise<boolean>;
  /** The ids of all keys that are revoked. Asked for often: costs little while there is nothing new. @throws AppError unavailable */
  revokedKeys(): Promise<ReadonlySet<string>>;
}
