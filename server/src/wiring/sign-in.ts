import { newUuid, systemClock } from "../adapters/clocks/system/clock.ts";
import { mintSession, sessionCredentials } from "../adapters/credentials/sessions/credentials.ts";
import type { SignInConfig } from "../config/sign-in.ts";
import { createSignIn, type SignIn } from "../core/access/sign-in.ts";
import type { SignInError } from "../domain/sign-in-error.ts";
import type { BrowserSessionStore } from "../ports/browser-sessions.ts";
import type { Credentials } from "../ports/credentials.ts";
import type { InvitationStore } from "../ports/invitation-store.ts";
import type { KeyStore } from "../ports/key-store.ts";

type ChosenSignIn = {
  /** The tokens of the issuer, where they are let in, and the sessions of browsers. */
  readonly credentials: readonly Credentials[];
  /** Null: the web app has no button for it. */
  readonly signIn: SignIn | null;
};

/**
 * How people without a key are let in, by the settings. What is needed for an issuer is loaded here, because most servers
 * have none.
 * @param config null: invitations alone
 */
export async function chooseSignIn(
  config: SignInConfig | null,
  store: BrowserSessionStore & InvitationStore & Pick<KeyStore, "isClaimed" | "noteClaimed">,
  onFailure: (error: SignInError) => void,
): Promise<ChosenSignIn> {
  const sessionsOf = (provider: string | null) => sessionCredentials(store, systemClock, provider);
  if (!config) return { credentials: [sessionsOf(null)], signIn: null };
  const { audiences, button, rules, issuer } = config;
  // Whom the provider lets in stays protected from whoever has no credential, also when it is not set any more.
  if (!(await store.isClaimed())) await store.noteClaimed(systemClock.now());
  const tokens = await import("../adapters/credentials/jwt/credentials.ts");
  const ofTokens = audiences.length > 0 ? [tokens.jwtCredentials(config, systemClock)] : [];
  if (!button) return { credentials: [...ofTokens, sessionsOf(null)], signIn: null };
  const { oidcProvider } = await import("../adapters/identity-providers/oidc/provider.ts");
  const signIn = createSignIn(store, systemClock, newUuid, {
    provider: oidcProvider({ issuer, ...button }, systemClock),
    rules,
    sessionMs: button.sessionMs,
    mint: mintSession,
    userIdOf: (subject) => tokens.userIdOf(issuer, subject),
    onFailure,
  });
  // The operator has chosen another provider since: whoever it lets in signs in there.
  await store.endBrowserSessions({ notOfIssuer: issuer }, systemClock.now());
  return { credentials: [...ofTokens, sessionsOf(issuer)], signIn };
}
