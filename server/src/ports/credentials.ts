/** What a credential turned out to be worth. */
export type VerifiedCredential = {
  readonly tenantId: string;
  readonly userId: string;
  readonly keyId: string | null;
  /** May claim any user of its tenant. */
  readonly actAs: boolean;
  readonly isOperator: boolean;
};

/** Knows which credentials are good. Answers may be up to a second old. */
export interface Credentials {
  /** Null if the token is unknown, revoked, expired or not ours. @throws AppError unavailable */
  verify(token: string): Promise<VerifiedCredential | null>;
  /** True once a key has ever been made. @throws AppError unavailable */
  isClaimed(): Promise<boolean>;
}
