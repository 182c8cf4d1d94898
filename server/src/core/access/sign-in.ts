import type { BrowserSession } from "../../domain/browser-session.ts";
import { type ClaimRules, standingOf } from "../../domain/claims.ts";
import { SignInError } from "../../domain/sign-in-error.ts";
import type { BrowserSessionStore, MintSession } from "../../ports/browser-sessions.ts";
import type { Clock, NewId } from "../../ports/clock.ts";
import type { IdentityProvider, SignInMemory } from "../../ports/identity-provider.ts";

/** Signing in by the operator's provider, and how the provider ends it. */
export type SignIn = {
  /** What people call the provider. */
  readonly name: string;
  begin: IdentityProvider["begin"];
  /** Makes a session for whoever has come back from the provider. @throws SignInError, AppError unavailable */
  finish(
    answer: URLSearchParams,
    memory: SignInMemory,
    redirectUri: string,
  ): Promise<{ readonly secret: string; readonly expiresAt: Date }>;
  /**
   * Where whoever had that session signs out of the provider, too; null: the session was not by this provider, or the
   * provider has no such place.
   * @param returnTo where it sends people afterwards
   */
  wayOut(session: Pick<BrowserSession, "issuer">, returnTo: string): Promise<string | null>;
  /** Ends what a logout token of the provider names; false: it is no valid one. @throws AppError unavailable */
  endByProvider(logoutToken: string): Promise<boolean>;
};

export type SignInOptions = {
  readonly provider: IdentityProvider;
  readonly rules: ClaimRules;
  /** How long a session lasts. */
  readonly sessionMs: number;
  readonly mint: MintSession;
  /** The user whom a subject of the provider stands for. */
  readonly userIdOf: (subject: string) => string;
  /** Told of what the operator may have to mend. */
  readonly onFailure: (error: SignInError) => void;
};

export function createSignIn(
  store: BrowserSessionStore,
  clock: Pick<Clock, "now">,
  newId: NewId,
  { provider, rules, sessionMs, mint, userIdOf, onFailure }: SignInOptions,
): SignIn {
  const told = (error: unknown): never => {
    if (error instanceof SignInError) onFailure(error);
    throw error;
  };
  return {
    name: provider.name,
    begin: (redirectUri) => provider.begin(redirectUri).catch(told),
    async finish(answer, memory, redirectUri) {
      const { subject, providerSession, claims } = await provider
        .finish(answer, memory, redirectUri)
        .catch(told);
      const standing = standingOf(claims, rules);
      if (!standing)
        return told(new SignInError("denied", { cause: new Error("No claim names the tenant") }));
      const { secret, hash } = mint();
      const createdAt = clock.now();
      const session: BrowserSession = {
        id: newId(),
        hash,
        ...standing,
        userId: userIdOf(subject),
        issuer: provider.issuer,
        subject,
        providerSession,
        invitationId: null,
        models: null,
        createdAt,
        expiresAt: new Date(createdAt.getTime() + sessionMs),
      };
      await store.createBrowserSession(session);
      return { secret, expiresAt: session.expiresAt };
    },
    wayOut: async ({ issuer }, returnTo) =>
      issuer === provider.issuer ? await provider.wayOut(returnTo) : null,
    async endByProvider(logoutToken) {
      const which = await provider.readLogout(logoutToken);
      if (which) await store.endBrowserSessions(which, clock.now());
      return which !== null;
    },
  };
}
