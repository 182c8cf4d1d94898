/** What a browser keeps while its user is at the provider, so that nobody else's answer is taken for that user's. */
export type SignInMemory = {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
};

/** Whom the provider has made sure of. */
export type Identity = {
  readonly subject: string;
  /** Null: it named none. */
  readonly providerSession: string | null;
  readonly claims: Readonly<Record<string, unknown>>;
};

/** The operator's provider of identities, to which people are sent in order to sign in. */
export interface IdentityProvider {
  /** As in its tokens' `iss`. */
  readonly issuer: string;
  /** What people call it. */
  readonly name: string;
  /** @param redirectUri where the provider sends people back. @throws SignInError */
  begin(redirectUri: string): Promise<{ readonly address: string; readonly memory: SignInMemory }>;
  /** @param answer the query with which a browser came back. @throws SignInError */
  finish(answer: URLSearchParams, memory: SignInMemory, redirectUri: string): Promise<Identity>;
  /**
   * Where people sign out of the provider itself (OpenID Connect RP-Initiated Logout 1.0); null: it has no such place, or does
   * not answer.
   * @param returnTo where it sends them afterwards, if it knows that address
   */
  wayOut(returnTo: string): Promise<string | null>;
  /**
   * What a logout token (OpenID Connect Back-Channel Logout 1.0) ends; null: it is no valid one.
   * @throws AppError unavailable
   */
  readLogout(
    token: string,
  ): Promise<{ readonly providerSession: string } | { readonly subject: string } | null>;
}
