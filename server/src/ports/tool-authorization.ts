/** What a server of authorizations has given for one person. It is secret. */
export type ToolTokens = {
  readonly accessToken: string;
  /** Null: they cannot be renewed. */
  readonly refreshToken: string | null;
  /** When the access token expires, in milliseconds since 1970; null: the server has not said it. */
  readonly expiresAtMs: number | null;
  /** What the adapter needs to renew and to revoke them. */
  readonly grant: string;
};

/** A sign-in on its way. It is secret. */
export type AuthorizationMemory = {
  readonly redirectUri: string;
  /** What the adapter needs to end it. */
  readonly request: string;
};

/** What the person's browser came back with. */
export type AuthorizationAnswer = {
  readonly code: string;
  /** The server that it says it comes from; undefined: it does not say. */
  readonly issuer: string | undefined;
};

/** Signing in to one source of tools (OAuth 2.1). Every request has a bounded time. */
export interface ToolAuthorization {
  /**
   * Finds out where people sign in, and prepares it.
   * @param earlier of the same person's sign-in that was not ended; its registration is used again
   * @returns the address for the person's browser
   * @throws AppError unprocessable (it cannot be signed in to so), unavailable
   */
  begin(
    request: { readonly redirectUri: string; readonly state: string },
    earlier: AuthorizationMemory | null,
  ): Promise<{ readonly address: string; readonly memory: AuthorizationMemory }>;
  /** @throws AppError unprocessable (it is refused), unavailable */
  finish(answer: AuthorizationAnswer, memory: AuthorizationMemory): Promise<ToolTokens>;
  /** Null: they are renewed no more, and the person has to sign in again. @throws AppError unavailable */
  renew(tokens: ToolTokens): Promise<ToolTokens | null>;
  /** Tells the server that the tokens are not used any more, where it listens. Never rejects. */
  revoke(tokens: ToolTokens): Promise<void>;
}

/** A request that follows no redirect, has a bounded time and answer, and leads inside only where the operator says so. */
export type GuardedFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;
